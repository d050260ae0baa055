"""One fine-tuning: what it learns, what it leaves behind, and what the guard makes of it."""

import dataclasses

import jax
import numpy as np
import pytest

from elmjax import diffs
from elmjax.config import Guard, OperatorTuning, Optimiser
from elmjax.corpus import EditedProgram
from elmjax.diffs import numbered
from elmjax.lm.store import load
from elmjax.mutators import tree_mutator
from elmjax.programs import SEEDS
from elmjax.stages import collapse, learn, tuning
from elmjax.stages.accepted import AcceptedDiff
from elmjax.stages.run import Run
from elmjax.stages.tuning import Tuning, saved, tune

SQUARE = SEEDS["square"]
OPTIMISER = Optimiser(steps=3, learning_rate=1e-2, warmup=1, rows=2, row_length=1024)
EASY = Guard(parents=2, children=2, unique=0.0, divergence=1e9)
STRICT = Guard(parents=2, children=2, unique=0.0, divergence=1e-12, retreats=1)


def accepted(count: int) -> list[AcceptedDiff]:
    made = []
    for child in tree_mutator([SQUARE], count, 0):
        text = numbered.render(diffs.between(SQUARE, child.program))
        made.append(AcceptedDiff(parent=SQUARE, message=child.message, edit=text, gain=1.0))
    return made


@pytest.fixture
def open_run(tmp_path, small_config, able_mutator, monkeypatch):
    monkeypatch.setattr(collapse, "language_mutator", able_mutator)

    def make(name: str, guard: Guard = EASY, **changes) -> Run:
        operator = OperatorTuning(optimiser=OPTIMISER, guard=guard, checkpoint_every=1, **changes)
        return Run.open(tmp_path / name, dataclasses.replace(small_config, operator=operator))

    return make


@pytest.fixture(scope="module")
def base(model_folder):
    return load(model_folder)


@pytest.fixture
def asked(base):
    return Tuning(
        stage="operator/round-1",
        base=base,
        start=base,
        accepted=accepted(4),
        replay=[],
        optimiser=OPTIMISER,
    )


def test_it_learns_and_is_not_done_twice(open_run, asked, fingerprint, monkeypatch, capsys) -> None:
    with open_run("run") as run:
        tuned, summary = tune(run, asked)
        monkeypatch.setattr(tuning, "learn", None)
        again, read = tune(run, asked)
    assert summary == read
    assert (summary["accepted"], summary["share"]) == (4, 1.0)
    assert summary["train_loss"]["after"] < summary["train_loss"]["before"]
    assert fingerprint(tuned) == fingerprint(again) != fingerprint(asked.base)
    assert "1 of the update: " in (said := capsys.readouterr().out)
    assert said.strip().endswith("used")
    assert not (run.folder / asked.stage / "checkpoints").exists()


def test_a_refused_update_leaves_the_weights_as_they_were(open_run, asked, capsys) -> None:
    with open_run("run", STRICT) as run:
        used, summary = tune(run, asked)
        assert used is asked.start
        assert saved(run, asked.stage, asked.base) is None
    assert summary["share"] == 0.0
    assert [drift["share"] for drift in summary["drift"]] == [1.0, 0.5]
    assert not (run.folder / asked.stage / "model").exists()
    said = capsys.readouterr().out
    assert "the guard refused the update; the weights before it stay in use" in said


def test_without_an_accepted_diff_nothing_is_learned(open_run, asked) -> None:
    with open_run("run") as run:
        used, summary = tune(run, dataclasses.replace(asked, accepted=[]))
        assert used is asked.start
        assert saved(run, asked.stage, asked.base) is None
    assert summary == {"accepted": 0, "share": 0.0, "drift": []}


def test_stopped_within_training_it_ends_with_the_same_bits(
    open_run, asked, fingerprint, stopping
) -> None:
    with open_run("whole") as run:
        whole, _ = tune(run, asked)
    with open_run("stopped") as run:
        with stopping(learn, "_choose", 2):
            tune(run, asked)
        with pytest.raises(FileNotFoundError, match="holds no finished tuning"):
            saved(run, asked.stage, asked.base)
    with open_run("stopped") as run:
        resumed, _ = tune(run, asked)
    assert fingerprint(resumed) == fingerprint(whole)


@pytest.mark.parametrize(("replay", "programs"), [(0.0, 1), (0.25, 1), (0.75, 4), (0.8, 5)])
def test_replayed_parents_have_their_share(open_run, asked, replay, programs) -> None:
    """Of one accepted parent: none, a third of one, three and four more."""
    edits = tuple((diff.message, diff.edit) for diff in asked.accepted[:1])
    corpus = [EditedProgram(program=f"{SQUARE}a = {i}\n", edits=edits) for i in range(2)]
    with open_run("run", replay=replay, program_weight=0.0) as run:
        learned = tuning._documents(run, dataclasses.replace(asked, replay=corpus))
    assert len(learned) == programs
    # With two to choose from, each comes once before one comes twice.
    prompts = [tuple(document.prompt) for document in learned]
    assert len(set(prompts)) == min(programs, 3)


def test_gains_weigh_the_edits_and_replay_weighs_one_each(open_run, asked) -> None:
    gains = [1.0, 3.0, 0.0, 4.0]  # 2 m on average
    unlike = [
        dataclasses.replace(diff, gain=gain)
        for diff, gain in zip(asked.accepted, gains, strict=True)
    ]
    corpus = [EditedProgram(program="a = 1\n", edits=((unlike[0].message, unlike[0].edit),))]
    changed = dataclasses.replace(asked, accepted=unlike, replay=corpus)
    for weighting, wanted in (("gain", [0.5, 1.5, 0.0, 2.0]), ("equal", [1.0] * 4)):
        with open_run(weighting, weighting=weighting, replay=0.5, program_weight=0.0) as run:
            own, replayed = tuning._documents(run, changed)
        np.testing.assert_allclose(own.continuation_weight, wanted)
        assert list(replayed.continuation_weight) == [1.0]


def test_the_tokenizer_and_shape_stay_those_of_the_base(open_run, asked) -> None:
    with open_run("run") as run:
        tuned, _ = tune(run, asked)
    assert tuned.tokenizer is asked.base.tokenizer
    shapes = [jax.tree.map(lambda leaf: leaf.shape, m.params) for m in (tuned, asked.base)]
    assert shapes[0] == shapes[1]
