"""Updates within a search: when they are made, from when on they are used, and that they resume."""

import dataclasses

import numpy as np
import pytest

from elmjax.config import Guard, OperatorTuning, Optimiser
from elmjax.lm.store import load
from elmjax.stages import collapse, continual, evolve, tuning
from elmjax.stages.continual import ContinualTuning
from elmjax.stages.run import Run

EVERY, ITERATIONS = 2, 7  # updates after iterations 1 and 3, of 0 to 6
OPTIMISER = Optimiser(steps=2, learning_rate=1e-2, warmup=1, rows=2, row_length=768)


@pytest.fixture(scope="module")
def make_config(small_config):
    def make(divergence: float = 1e9, ahead: int = 1):
        guard = Guard(parents=2, children=2, unique=0.0, divergence=divergence, retreats=0)
        operator = OperatorTuning(every=EVERY, update=OPTIMISER, guard=guard, replay=0.0)
        search = dataclasses.replace(
            small_config.evolve, iterations=ITERATIONS, checkpoint_every=3, ahead=ahead
        )
        return dataclasses.replace(small_config, evolve=search, operator=operator)

    return make


@pytest.fixture(scope="module")
def base(model_folder):
    return load(model_folder)


@pytest.fixture(scope="module")
def make(base):
    def tuned(run: Run) -> ContinualTuning:
        return ContinualTuning(run=run, base=base, start=base, replay=[])

    return tuned


@pytest.fixture(autouse=True, scope="module")
def able(able_mutator):
    with pytest.MonkeyPatch.context() as patch:
        for module in (collapse, continual):
            patch.setattr(module, "language_mutator", able_mutator)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory, make_config, make):
    """A finished search with updates: what it found, and the summaries of the updates."""
    with Run.open(tmp_path_factory.mktemp("runs") / "whole", make_config()) as run:
        source = make(run)
        evolve.evolve(run, "diff", source)
        yield evolve.open_found(run, "diff"), source.summaries()


@pytest.fixture
def models(monkeypatch, fingerprint):
    """Fingerprints of the models that mutators were made of."""
    seen = []
    monkeypatch.setattr(
        continual, "language_mutator", lambda _, __, model: seen.append(fingerprint(model))
    )
    return seen


def follow(source: ContinualTuning, found) -> None:
    """What a search asks of it, the history being there already."""
    for iteration in range(ITERATIONS):
        source.mutator_for(iteration)
        source.after(iteration, found)


@pytest.mark.parametrize(
    ("ahead", "updates", "wanted"), [(0, 3, "aabbccd"), (1, 2, "aaabbcc"), (9, 0, "aaaaaaa")]
)
def test_an_update_is_used_once_children_that_are_asked_for_are_made(
    tmp_path, make_config, make, whole, models, ahead, updates, wanted
) -> None:
    with Run.open(tmp_path / "run", make_config(ahead=ahead)) as run:
        source = make(run)
        follow(source, whole[0])
        assert len(source.summaries()) == updates  # none that no iteration would use
    names = {weights: "abcd"[i] for i, weights in enumerate(dict.fromkeys(models))}
    assert "".join(names[weights] for weights in models) == wanted


def test_it_learns_what_was_accepted_so_far(whole) -> None:
    found, summaries = whole
    rows = found.history.admitted(["parent", "step"])
    children = rows[rows["parent"] >= 0]
    learned = [summary["accepted"] for summary in summaries]
    assert learned == [int((children["step"] <= step).sum()) for step in (1, 3)]
    assert 0 < learned[0] < learned[1]


def test_refused_updates_change_nothing(
    tmp_path, make_config, make, whole, models, base, fingerprint
) -> None:
    with Run.open(tmp_path / "run", make_config(divergence=1e-12)) as run:
        source = make(run)
        follow(source, whole[0])
        assert [summary["share"] for summary in source.summaries()] == [0.0] * 2
    assert set(models) == {fingerprint(base)}


@pytest.mark.parametrize(
    ("module", "name", "calls"),
    [
        (evolve, "_iterate", 5),  # after the checkpoint at 3 and the update after 3
        (tuning, "learn", 1),  # before the second update
        (collapse, "_divergence", 1),  # in the second, which is trained and not yet judged
    ],
)
def test_a_search_resumed_is_the_search_unbroken(
    tmp_path, make_config, make, whole, stopping, module, name, calls
) -> None:
    with Run.open(tmp_path / "run", make_config()) as run, stopping(module, name, calls):
        evolve.evolve(run, "diff", make(run))
    with Run.open(tmp_path / "run", make_config()) as run:
        evolve.evolve(run, "diff", make(run))
        state = evolve.open_found(run, "diff").archive.state()
    for key, value in whole[0].archive.state().items():
        np.testing.assert_array_equal(state[key], value)


def test_a_missing_update_is_never_passed_over(tmp_path, make_config, make) -> None:
    with (
        Run.open(tmp_path / "run", make_config()) as run,
        pytest.raises(FileNotFoundError, match="update-00001"),
    ):
        make(run).mutator_for(3)
