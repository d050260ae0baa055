"""What the training loop refuses; what it learns is tested with the stages that use it."""

import pytest

from elmjax import config as configuration
from elmjax.config import ConfigError, Optimiser
from elmjax.lm.packing import Document
from elmjax.lm.store import load
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
