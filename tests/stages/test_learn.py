"""What the training loop refuses; what it learns is tested with the stages that use it."""

import dataclasses

import pytest

from elmjax import config as configuration
from elmjax.config import ConfigError, Optimiser
from elmjax.lm.packing import Document
from elmjax.lm.store import load
from elmjax.stages import learn as learn_module
from elmjax.stages import stopping
from elmjax.stages.learn import Lesson, learn
from elmjax.stages.run import Run, model_folder

DOCUMENT = Document(prompt=[1, 2], continuations=[[3, 4]])


@pytest.mark.parametrize(
    ("rows", "row_length", "said"),
    [
        (3, 8, "lesson.optimiser.accumulation: got 2, wanted a divisor of the 3 rows"),
        (2, 2, "lesson.optimiser.row_length: none of the 1 documents fits"),
    ],
)
def test_rows_that_cannot_be_read_are_refused(rows, row_length, said, tmp_path):
    optimiser = Optimiser(
        steps=1, learning_rate=1e-3, rows=rows, row_length=row_length, accumulation=2
    )
    lesson = Lesson(
        stage="lesson",
        model=load(model_folder("walker")),
        train=[DOCUMENT],
        test=(),
        optimiser=optimiser,
        checkpoint_every=1,
    )
    with (
        Run.open(tmp_path / "run", configuration.load()) as run,
        pytest.raises(ConfigError, match=said),
    ):
        learn(run, lesson)
    assert not (tmp_path / "run" / "lesson").exists()


def lesson_of(steps: int, **changes) -> Lesson:
    optimiser = Optimiser(steps=steps, learning_rate=1e-3, rows=2, row_length=8, warmup=0)
    given = {
        "stage": "lesson",
        "model": load(model_folder("walker")),
        "train": [DOCUMENT, Document(prompt=[1, 2], continuations=[[5, 6, 7]])],
        "test": (),
        "optimiser": optimiser,
        "checkpoint_every": 100,
        "quiet": True,
    }
    return Lesson(**given | changes)


def test_a_training_whose_gradients_stay_infinite_is_ended_by_name(tmp_path, monkeypatch) -> None:
    nothing = dataclasses.replace(DOCUMENT, continuation_weight=float("nan"))
    said = r"lesson: the gradients of 10 .* lower lesson\.optimiser\.learning_rate"
    with (
        Run.open(tmp_path / "run", configuration.load()) as run,
        pytest.raises(ConfigError, match=said),
    ):
        learn(run, lesson_of(20, train=[nothing]))
    log = run.metrics.read("lesson")
    assert log["skipped"].tolist() == [float(n) for n in range(1, 10)]


def test_what_was_asked_to_stop_has_saved_its_step(tmp_path, monkeypatch, fingerprint) -> None:
    """Asked in its second step, far from a checkpoint that is due."""
    with Run.open(tmp_path / "whole", configuration.load()) as run:
        whole, _ = learn(run, lesson_of(5))
    asked = iter([False, True])
    with Run.open(tmp_path / "run", configuration.load()) as run:
        with monkeypatch.context() as patch:
            patch.setattr(stopping, "is_asked", lambda: next(asked))
            with pytest.raises(stopping.StoppedError):
                learn(run, lesson_of(5))
        assert run.metrics.read("lesson")["step"].tolist() == [0, 1]
        steps, choose = [], learn_module._choose
        monkeypatch.setattr(
            learn_module, "_choose", lambda *given: steps.append(given[-1]) or choose(*given)
        )
        resumed, _ = learn(run, lesson_of(5))
    assert steps == [2, 3, 4]
    assert fingerprint(resumed) == fingerprint(whole)
