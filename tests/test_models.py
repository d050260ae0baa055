"""What ships with the package is there, loads, and is what the configurations name."""

import json
import random

import pytest

from elmjax import config as configuration
from elmjax.config import Evolve
from elmjax.lm.hub import is_hub_name
from elmjax.programs import SEEDS, Limits, canonical, functions, open_engine
from elmjax.stages.operators import make_mutator
from elmjax.stages.run import language_model, local_folder, model_folder


@pytest.mark.parametrize("name", sorted(configuration.named_configs()))
def test_every_shipped_config_names_models_that_ship_or_are_on_the_hub(name) -> None:
    config = configuration.load(name)
    for model in (config.evolve.model, config.finetune.init):
        assert model == "random" or local_folder(model) is not None or is_hub_name(model)


def test_the_shipped_model_writes_walkers_that_run() -> None:
    import jax

    model = language_model("walker")
    assert sum(leaf.size for leaf in jax.tree.leaves(model.params)) < 3_000_000
    square = canonical(SEEDS["square"])
    children = make_mutator(Evolve(model="walker"), "diff")([square], 32, seed=0)
    programs = [child.program for child in children if child.program is not None]
    # Its card says that nine in ten edits of elites apply and four in five run: less is generous.
    assert len(programs) >= 24
    with open_engine("auto", workers=1, limits=Limits()) as pool:
        executions = pool.run(programs)
    assert sum(execution.body is not None for execution in executions) >= 16
    assert square not in programs


def test_the_general_model_edits_ordinary_functions() -> None:
    # Not a program of its training: its recipe draws from other seeds than these.
    parents = [functions.generate(random.Random(f"unseen {index}")) for index in range(4)]
    children = make_mutator(Evolve(model="general"), "diff")(parents, 32, seed=0)
    programs = [child.program for child in children if child.program is not None]
    # Its card says that more than nine in ten edits of programs it never saw the like of apply.
    assert len(programs) >= 96
    with open_engine("auto", workers=1, limits=Limits()) as pool:
        executions = pool.run([functions.show(program) for program in programs])
    # A model that writes at random breaks nearly all.
    assert sum(execution.body is not None for execution in executions) >= 24


def test_the_general_model_never_saw_a_walker() -> None:
    vocabulary = json.loads((model_folder("general") / "tokenizer.json").read_text())
    entries = {entry.strip("Ġ") for entry in vocabulary["model"]["vocab"]}
    assert not any(word in entry for entry in entries for word in ("walker", "joint", "muscle"))
