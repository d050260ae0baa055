"""Terrain encoders: shapes, scale at the start, independence within a batch, gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.lm.terrain_encoder import (
    INITIAL_CONTRAST,
    TerrainEncoderConfig,
    encode,
    init_encoder,
    resnet50,
)

WIDTH = 32
CODES = TerrainEncoderConfig(kind="codes", width=WIDTH, slots=3, codes=5)
IMAGE = TerrainEncoderConfig(
    kind="image", width=WIDTH, slots=3, image=(16, 32), stage_sizes=(1, 1), channels=4
)
BOTTLENECK = TerrainEncoderConfig(
    kind="image",
    width=WIDTH,
    slots=2,
    image=(16, 32),
    stage_sizes=(2,),
    bottleneck=True,
    stem_pool=True,
    regions=(1, 1),
)


INIT = jax.jit(init_encoder, static_argnums=0)
ENCODE = jax.jit(encode, static_argnums=1)


def wall(column, image=(16, 32)):
    """Ground on the lower rows and a wall two pixels thick."""
    picture = np.zeros(image, np.float32)
    picture[-3:] = 1.0
    picture[4:, column : column + 2] = 1.0
    return picture


WALLS = jnp.asarray(np.stack([wall(4), wall(26), wall(15)]))
CASES = [(CODES, jnp.arange(3)), (IMAGE, WALLS), (BOTTLENECK, WALLS)]


@pytest.mark.parametrize(("config", "terrain"), CASES)
def test_prefix_shape_and_pure_dictionary(config, terrain):
    params = INIT(config, jax.random.key(0))
    prefix = ENCODE(params, config, terrain)
    assert prefix.shape == (3, config.slots, WIDTH)
    assert prefix.dtype == jnp.float32
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        assert all(isinstance(key.key, str) for key in path)
        assert isinstance(leaf, jax.Array)
        assert leaf.dtype == jnp.float32


@pytest.mark.parametrize(("config", "terrain"), CASES)
def test_prefix_starts_as_a_fraction_of_a_token_embedding(config, terrain):
    prefix = ENCODE(INIT(config, jax.random.key(0)), config, terrain)
    assert jnp.sqrt(jnp.mean(prefix**2)) == pytest.approx(INITIAL_CONTRAST * WIDTH**-0.5, rel=0.3)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        difference = jnp.sqrt(jnp.mean((prefix[one] - prefix[other]) ** 2))
        assert difference > 1e-3 * WIDTH**-0.5


@pytest.mark.parametrize(("config", "terrain"), CASES)
def test_rows_do_not_influence_each_other(config, terrain):
    params = INIT(config, jax.random.key(1))
    together = ENCODE(params, config, terrain)
    company = ENCODE(params, config, terrain.at[1:].set(terrain[0]))
    np.testing.assert_array_equal(together[0], company[0])
    assert jnp.all(jnp.any(together != company, axis=(1, 2)) == jnp.array([False, True, True]))


@pytest.mark.parametrize(("config", "terrain"), CASES[:2])
def test_gradients_reach_every_parameter_after_one_step(config, terrain):
    params = INIT(config, jax.random.key(2))
    direction = jax.random.normal(jax.random.key(3), (3, config.slots, WIDTH))

    def objective(params):
        return jnp.sum(direction * encode(params, config, terrain))

    gradient = jax.jit(jax.grad(objective))
    # Scales that start at zero hold back what lies behind them for one step.
    moved = jax.tree.map(lambda p, g: p + 0.1 * g, params, gradient(params))
    for path, leaf in jax.tree_util.tree_leaves_with_path(gradient(moved)):
        assert jnp.all(jnp.isfinite(leaf)), path
        assert jnp.any(leaf != 0.0), path


def test_codes_differ_and_only_the_code_used_is_trained():
    params = INIT(CODES, jax.random.key(0))
    gradient = jax.grad(lambda p: jnp.sum(encode(p, CODES, jnp.array([3])) ** 2))(params)
    used = jnp.any(gradient["code"]["embedding"] != 0.0, axis=1)
    np.testing.assert_array_equal(used, [False, False, False, True, False])


def test_resnet50_is_the_known_network():
    config = resnet50(width=128)
    params = jax.eval_shape(lambda: init_encoder(config, jax.random.key(0)))
    blocks = sum(leaf.size for leaf in jax.tree.leaves(params["network"]["blocks"]))
    stem = sum(leaf.size for leaf in jax.tree.leaves(params["network"]["stem"]))
    # torchvision's resnet50 without its classifier, whose stem reads three channels and not one.
    assert blocks + stem == 25_557_032 - 2_049_000 - 2 * 7 * 7 * 64
    prefix = jax.eval_shape(lambda p: encode(p, config, jnp.zeros((2, 64, 128))), params)
    assert prefix.shape == (2, 4, 128)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "pixels"}, 'kind must be "codes" or "image", got \'pixels\''),
        ({"kind": "codes"}, "codes must be the number of terrains"),
        ({"slots": 0}, "slots must be at least 1"),
        ({"channels": 6}, "multiple of 4, got 6"),
        ({"stage_sizes": ()}, "positive block counts"),
        ({"image": (24, 64)}, "multiple of 16 x 32 pixels"),
    ],
)
def test_bad_shapes_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        TerrainEncoderConfig(**({"kind": "image", "width": 16} | change))


def test_terrain_of_the_wrong_kind_is_refused():
    params = INIT(IMAGE, jax.random.key(0))
    with pytest.raises(ValueError, match=r"\[batch, 16, 32\].*kind 'image', got shape \(3,\)"):
        encode(params, IMAGE, jnp.arange(3))
