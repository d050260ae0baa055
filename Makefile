# make demo   the whole of ELM on a laptop: about ten minutes after installation
# make test   lint, types, import law, tests
# make ahead  the stages of the TPU presets compiled for v5e and v6e, without a TPU: docs/tpu.md
# make faults kills, damage, full disks: what a run survives, as a table in build/faults.md
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
MINOR  := $(shell $(PYTHON) -c 'import sys; print(sys.version_info[1])')
READY  := $(VENV)/ready-3.$(MINOR)
LOCK   := requirements/python3.$(if $(filter 11,$(MINOR)),11,12).txt
RUN    ?= runs/demo
SLOW   ?= not slow and not gpu and not tpu

.PHONY: demo test ahead faults lint types imports unit lock clean

demo: $(READY)
	$(BIN)/elmjax run --config quickstart --run $(RUN)

test: lint types imports unit

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

# The locks are made with uv (https://docs.astral.sh/uv), which nothing else here needs.
lock:
	for minor in 11 12; do \
	  uv pip compile --quiet --upgrade pyproject.toml --extra dev --python-version 3.$$minor --universal \
	    --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" --output-file requirements/python3.$$minor.txt || exit 1; \
	done

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
