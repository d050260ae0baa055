"""What ships with the package is there, loads, and is what the configurations name."""

import pytest

from elmjax import config as configuration
from elmjax.diffs import Edit, numbered, prompts
from elmjax.lm.sampler import Sampler
from elmjax.programs import SEEDS
from elmjax.stages.run import language_model, model_folder


@pytest.mark.parametrize("name", sorted(configuration.named_configs()))
def test_every_shipped_config_names_models_that_ship(name) -> None:
    config = configuration.load(name)
    assert model_folder(config.evolve.model).is_dir()
    assert config.finetune.init == "random" or model_folder(config.finetune.init).is_dir()


def test_the_shipped_model_writes_edits_of_the_square_seed() -> None:
    import jax

    model = language_model("walker")
    prompt = model.tokenizer.encode(
        str(prompts.numbered_program(SEEDS["square"]))
        + prompts.request("Changed parameters in make_walker function.")
    )
    sampler = Sampler(
        config=model.config, children=32, max_new_tokens=96, end_token=model.tokenizer.end
    )
    drawn = sampler(model.params, [prompt], jax.random.key(0))
    written = [
        numbered.parse(model.tokenizer.decode(tokens[:length].tolist()))
        for tokens, length in zip(drawn.tokens[0], drawn.length[0], strict=True)
    ]
    # Its card says that nine in ten parse on held-out parents; half is a generous floor.
    assert sum(isinstance(edit, Edit) for edit in written) >= 16
    assert sum(p.size for p in jax.tree.leaves(model.params)) < 3_000_000
