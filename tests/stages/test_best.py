import dataclasses

import jax
import pytest

from elmjax.lm import store
from elmjax.stages import best


@pytest.fixture
def models(model_folder):
    model = store.load(model_folder)
    scaled = (jax.tree.map(lambda leaf, s=s: leaf * s, model.params) for s in (1.0, 2.0, 3.0))
    return [dataclasses.replace(model, params=params) for params in scaled]


def test_the_model_of_each_lowest_loss_is_kept(models, tmp_path, fingerprint) -> None:
    losses = [(3.0, 1.0), (2.0, 1.0), (2.5, 2.0)]  # of what is learned, of what is held out
    for step, (model, (train, test)) in enumerate(zip(models, losses, strict=True), start=1):
        best.keep(tmp_path, model, step, {"train_loss": train, "test_loss": test})
    assert best.told(tmp_path, "train_loss") == {"step": 2, "loss": 2.0}
    assert best.told(tmp_path, "test_loss") == {"step": 1, "loss": 1.0}  # the first of equal ones
    assert fingerprint(best.load(tmp_path, "train_loss")) == fingerprint(models[1])
    assert fingerprint(best.load(tmp_path, "test_loss")) == fingerprint(models[0])


def test_nothing_is_kept_under_a_name_that_was_not_measured(models, tmp_path) -> None:
    best.keep(tmp_path, models[0], 1, {"train_loss": 1.0})
    assert best.told(tmp_path, "test_loss") is None
    with pytest.raises(FileNotFoundError):
        best.load(tmp_path, "test_loss")
