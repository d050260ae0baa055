# make demo   the whole of ELM on a laptop: about ten minutes after installation
# make test   lint, types, import law, tests
# make ahead  the stages of the TPU presets compiled for v5e and v6e, without a TPU: docs/tpu.md
# make docs   the documentation as a site in build/site; warnings are errors
# make links  the links that leave the site, asked one by one
# make tables the tables of docs/benchmarks.md from its records
# make faults kills, damage, full disks: what a run survives, as a table in build/faults.md
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
MINOR  := $(shell $(PYTHON) -c 'import sys; print(sys.version_info[1])')
READY  := $(VENV)/ready-3.$(MINOR)
DOCS   := build/docs-venv
PURELIB := import sysconfig; print(sysconfig.get_path("purelib"))
EXTRA  := import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["docs"], sep="\n")
LOCK   := requirements/python3.$(if $(filter 11,$(MINOR)),11,12).txt
RUN    ?= runs/demo
SLOW   ?= not slow and not gpu and not tpu

.PHONY: demo install test ahead docs links tables faults lint types imports unit shown lock clean

install: $(READY)

demo: $(READY)
	$(BIN)/elmjax run --config quickstart --run $(RUN)

test: lint types imports unit shown

docs: $(DOCS)/ready
	$(DOCS)/bin/python -m sphinx --quiet --fail-on-warning --keep-going --builder html --conf-dir docs/site . build/site
	@echo build/site/index.html

# Links that leave the site, by asking every one of them.
links: $(DOCS)/ready
	$(DOCS)/bin/python -m sphinx --quiet --builder linkcheck --conf-dir docs/site . build/links

# An environment of its own, behind which stands that of elmjax: docstrings are read by importing.
$(DOCS)/ready: $(READY) requirements/docs.txt
	$(PYTHON) -m venv --clear $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --require-hashes --requirement requirements/docs.txt
	$(BIN)/python -c '$(PURELIB)' > $$($(DOCS)/bin/python -c '$(PURELIB)')/elmjax-environment.pth
	touch $@

tables: $(READY)
	$(BIN)/python -m elmjax.bench.tables docs/benchmarks.md

faults: $(READY)
	mkdir -p build
	ELMJAX_FAULTS_TABLE=build/faults.md $(BIN)/python -m pytest -m slow tests/faults

ahead: $(READY)
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[tpu]'
	$(BIN)/python -m elmjax.bench.ahead

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

unit: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "$(SLOW)" --durations 10

$(READY): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "elmjax needs Python >= 3.11, got %d.%d; run make PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes --requirement $(LOCK)
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# The notebooks, and the code that documents show.
shown: $(READY)
	$(BIN)/python -m pytest -m slow tests/test_notebooks.py tests/test_extending.py --durations 4

# The locks are made with uv (https://docs.astral.sh/uv), which nothing else here needs.
lock:
	for minor in 11 12; do \
	  uv pip compile --quiet --upgrade pyproject.toml --extra dev --python-version 3.$$minor --universal \
	    --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" --output-file requirements/python3.$$minor.txt || exit 1; \
	done
	$(PYTHON) -c '$(EXTRA)' | uv pip compile --quiet --upgrade - --python-version 3.11 --universal \
	  --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock" --output-file requirements/docs.txt

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
