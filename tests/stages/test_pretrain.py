"""Pre-training from the corpus to the refined model, as small as it can be."""

import math

import pytest

from elmjax import config as configuration
from elmjax import corpus
from elmjax.lm import store
from elmjax.mutators import tree_mutator
from elmjax.stages import edits
from elmjax.stages.evolve import open_found
from elmjax.stages.pretrain import pretrain
from elmjax.stages.run import Run

OPTIMISER = "{steps = 2, learning_rate = 1e-3, rows = 2, row_length = 1024}"
SMALL = {
    "seconds": "0.1",
    "evolve.parents": "2",
    "evolve.children": "2",
    "evolve.max_new_tokens": "8",
    "pretrain.parents": "6",
    "pretrain.edits": "2",
    "pretrain.held_out": "2",
    "pretrain.model": "{layers = 1, width = 16, heads = 2, hidden = 16}",
    "pretrain.optimiser": OPTIMISER,
    "pretrain.rejection.rounds": "1",
    "pretrain.rejection.iterations": "1",
    "pretrain.rejection.generated": "4",
    "pretrain.rejection.proposals": "3",
    "pretrain.rejection.optimiser": OPTIMISER,
    "pretrain.rates": "{programs = 4, evaluations = 4, elites = 3, children = 4}",
}


def evolved_config(folder):
    return configuration.load_dumped(folder / "elites" / "square" / "config.toml")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run whose model writes what syntax-tree mutation would: a good diff model."""
    folder = tmp_path_factory.mktemp("runs") / "walker"
    patch = pytest.MonkeyPatch()
    patch.setattr(edits, "language_mutator", lambda *_: tree_mutator)
    patch.setattr(edits, "SEEDS", ("square",))
    with Run.open(folder, configuration.load(None, list(SMALL.items()))) as run:
        summary = pretrain(run)
    patch.undo()
    return folder, summary


def test_what_the_model_wrote_well_is_learned(finished):
    folder, _ = finished
    own = corpus.load(folder / "rejection-1.parquet")
    assert own
    assert all(1 <= len(parent.edits) <= 2 for parent in own)
    steps = [line for line in (folder / "metrics.jsonl").open() if '"rejection-1"' in line]
    assert len(steps) == 2
    assert store.load(folder / "pretrain" / "model").config.layers == 1
    with Run.open(folder / "elites" / "square", evolved_config(folder)) as run:
        history = open_found(run, edits.OPERATOR).history
    elites = {history.program(id) for id in range(len(history))}
    from_elites = [parent.program in elites for parent in own]
    assert any(from_elites)
    assert not all(from_elites)


def test_edits_of_generated_programs_and_of_elites_are_rated(finished):
    _, summary = finished
    assert set(summary["rates"]) == {"generated", "elites"}
    for rates in summary["rates"].values():
        every = rates["all"]
        assert 0.0 < every["change"] <= every["run"] <= every["apply"] <= 1.0
        assert 0.0 < every["unique"] <= every["apply"]
        assert every["apply"] <= every["differ"] <= 1.0
        # Syntax-tree mutation says only what is true.
        numbers_only = rates["Changed parameters in make_walker function."]["numbers"]
        assert numbers_only is None or math.isclose(numbers_only, 1.0)


def test_a_finished_run_is_not_run_again(finished):
    folder, summary = finished
    with Run.open(folder, configuration.load(None, list(SMALL.items()))) as run:
        assert pretrain(run) == summary
