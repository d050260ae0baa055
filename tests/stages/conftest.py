"""A run small enough for a test: a tiny untrained model, short walks, a handful of programs."""

import dataclasses
import zlib
from contextlib import contextmanager
from pathlib import Path

import jax
import numpy as np
import pytest

from elmjax import config as configuration
from elmjax.config import Config
from elmjax.lm.store import LanguageModel
from elmjax.mutators import tree_mutator

SMALL = {
    "seconds": "0.5",
    "evolve.iterations": "4",
    "evolve.parents": "4",
    "evolve.children": "4",
    "evolve.max_new_tokens": "16",
    "evolve.checkpoint_every": "2",
    "finetune.test_share": "0.2",
    "finetune.threshold": "0.0",
    "finetune.samples": "4",
    "finetune.max_new_tokens": "24",
    "finetune.checkpoint_every": "2",
    "finetune.optimiser": "{steps = 4, learning_rate = 1e-3, rows = 2, row_length = 1024}",
    "terrain.rough1": '{like = "poet", flat_start = 1.0}',
    "evolve.terrain": "rough1",
    "conditional.iterations": "2",
    "conditional.batch": "12",
    "conditional.max_new_tokens": "24",
    "conditional.evaluation_samples": "4",
    "conditional.checkpoint_every": "1",
    "conditional.ppo.minibatches": "2",
}


class StoppedError(Exception):
    """Stands for the end of a process between two steps."""


@pytest.fixture
def stopping():
    """A block in which a function runs some times and then ends what is going on."""

    @contextmanager
    def stop(module, name: str, calls: int):
        step, made = getattr(module, name), []

        def limited(*arguments, **keywords):
            if len(made) == calls:
                raise StoppedError
            made.append(None)
            return step(*arguments, **keywords)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, name, limited)
            with pytest.raises(StoppedError):
                yield

    return stop


@pytest.fixture(scope="session")
def terrain_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("terrains") / "deep_pit.json"
    path.write_text('{"floor": [[-50, 0], [5, 0], [5, -3], [8, -3], [8, 0], [50, 0]]}')
    return path


@pytest.fixture(scope="session")
def small_config(model_folder, terrain_file) -> Config:
    own = {
        "evolve.model": str(model_folder),
        "finetune.init": str(model_folder),
        # One of each kind: named, like a named one, from a file.
        "conditional.terrains": f'["left_wall", "rough1", "{terrain_file}"]',
    }
    return configuration.load(None, list((SMALL | own).items()))


@pytest.fixture(scope="session")
def fingerprint():
    """A number that stands for the exact weights of a model."""

    def take(model: LanguageModel) -> int:
        leaves = jax.tree.leaves(model.params)
        return zlib.crc32(b"".join(np.asarray(leaf).tobytes() for leaf in leaves))

    return take


@pytest.fixture(scope="session")
def able_mutator(fingerprint):
    """Stands for `language_mutator`: writes good edits that every bit of the weights decides."""

    def make(config, operator, model, message=None):
        weights = fingerprint(model)

        def mutate(parents, children, seed):
            made = tree_mutator(parents, children, seed ^ weights)
            return [dataclasses.replace(child, operator=operator) for child in made]

        return mutate

    return make
