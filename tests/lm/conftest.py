"""A decoder with large random weights: with small ones mistakes hide below the tolerances."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.lm import decoder, generate
from elmjax.lm.config import DecoderConfig

CHILDREN, NEW_TOKENS = 4, 10


def draw_loud(config: DecoderConfig) -> decoder.Params:
    """Matrices ~ N(0, 0.3), norms ~ 1 + N(0, 0.3)."""
    generator = np.random.default_rng(0)

    def loud(path, leaf):
        centre = 1.0 if path[-1].key == "scale" else 0.0
        return jnp.asarray(centre + 0.3 * generator.normal(size=leaf.shape), jnp.float32)

    return jax.tree_util.tree_map_with_path(loud, decoder.abstract_params(config))


@pytest.fixture(scope="session")
def loud_params():
    return draw_loud


@pytest.fixture(scope="session")
def config():
    return DecoderConfig(vocab_size=50, layers=2, width=32, heads=4, hidden=48)


@pytest.fixture(scope="session")
def params(config):
    return draw_loud(config)


@pytest.fixture(scope="session")
def prefix(config):
    normal = np.random.default_rng(5).normal(size=(3, 2, config.width))
    return jnp.asarray(2.0 * normal, jnp.float32)


@pytest.fixture(scope="session")
def sample(config):
    """Draws 4 children of 10 tokens; by default the end token is one that is never drawn."""
    # The end token is data here, which saves compilations.
    compiled = jax.jit(
        partial(generate.sample, config=config, children=CHILDREN, max_new_tokens=NEW_TOKENS),
        static_argnames="slots",
    )

    def run(params, prompt, seed=0, **settings):
        settings = {"temperature": 1.0, "top_p": 1.0, "end_token": 50, **settings}
        return compiled(params, prompt=prompt, key=jax.random.key(seed), **settings)

    return run
