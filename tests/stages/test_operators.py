from dataclasses import replace

import pytest

from elmjax import diffs
from elmjax.config import ConfigError, Evolve
from elmjax.mutators import CrossoverMutator, LanguageMutator, tree_mutator
from elmjax.programs import SEEDS, Verdict
from elmjax.stages import operators
from elmjax.stages.evolve import evolve, open_found
from elmjax.stages.operators import make_mutator
from elmjax.stages.run import Run


@pytest.fixture
def config(small_config) -> Evolve:
    return replace(small_config.evolve, max_program_tokens=32)


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("numbered", diffs.NUMBERED),
        ("carper", diffs.CARPER),
        ("search_replace", diffs.SEARCH_REPLACE),
    ],
)
def test_diff_writes_in_the_configured_format(config, name, format) -> None:
    mutator = make_mutator(replace(config, format=name), "diff")
    assert isinstance(mutator, LanguageMutator)
    assert (mutator.operator, mutator.format, mutator.max_new_tokens) == ("diff", format, 16)


def test_rewrite_asks_our_models_for_a_program_and_others_for_text(config, monkeypatch) -> None:
    own = make_mutator(config, "rewrite")
    assert isinstance(own, LanguageMutator)
    assert (own.operator, own.format, own.max_new_tokens) == ("rewrite", diffs.NATIVE_PROGRAM, 32)
    monkeypatch.setattr(operators, "knows_programs", lambda _: False)
    other = make_mutator(config, "rewrite", "Changed.")
    assert isinstance(other, LanguageMutator)
    assert (other.format, other.message) == (diffs.REWRITE, "Changed.")


def test_numbered_lines_are_asked_of_our_models_only(config, monkeypatch) -> None:
    monkeypatch.setattr(operators, "knows_programs", lambda _: False)
    with pytest.raises(ConfigError, match="wanted 'carper' or 'search_replace'"):
        make_mutator(config, "diff")
    assert isinstance(make_mutator(replace(config, format="carper"), "diff"), LanguageMutator)


def test_our_models_are_known_by_their_tokens(config) -> None:
    class Characters:
        def encode(self, text: str) -> list[int]:
            return list(map(ord, text))

    model = operators.language_model(config.model)
    assert operators.knows_programs(model.tokenizer)
    assert not operators.knows_programs(Characters())


def test_tree_and_crossover(config) -> None:
    assert make_mutator(config, "tree") is tree_mutator
    crossover = make_mutator(config, "crossover")
    assert isinstance(crossover, CrossoverMutator)
    assert crossover.writer.format is diffs.CROSSOVER


@pytest.mark.parametrize("operator", ["tree", "crossover", "rewrite"])
def test_a_message_is_refused_where_nothing_reads_it(config, operator) -> None:
    with pytest.raises(ConfigError, match="--message: got 'x', wanted none: operator"):
        make_mutator(config, operator, "x")


def test_evolution_counts_what_every_operator_made(small_config, config, tmp_path, monkeypatch):
    names = ("rewrite", "crossover")
    evolve_config = replace(
        config, operators=names, iterations=1, parents=2, children=2, format="carper"
    )
    # A model that writes one good program and then nothing that ends.
    answers = [diffs.Completion(SEEDS["radial"], True), diffs.Completion("x", False)]
    monkeypatch.setattr(
        LanguageMutator, "_complete", lambda _self, prompts, *_: [answers for _ in prompts]
    )
    with Run.open(tmp_path / "run", replace(small_config, evolve=evolve_config)) as run:
        for name in names:
            summary = evolve(run, name)
            assert summary["applied"] == summary["valid"] == 0.5
            assert summary["outcomes"] == {str(Verdict.OK): 3, "unfinished": 2}  # and the seed
            rows = open_found(run, name).history.frame()
            assert set(rows["operator"]) == {"seed", name}
