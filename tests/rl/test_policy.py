"""The policy reads what it wrote: agreement with the sampler, prefixes, values, padding."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.lm.log_prob import completion_log_probs
from elmjax.lm.prompt import Prompt
from elmjax.lm.terrain_encoder import TerrainEncoderConfig
from elmjax.rl.policy import PolicyConfig, init_policy, read
from elmjax.rl.rollout import crop

READ = jax.jit(read, static_argnums=1)


@jax.jit
def shaken(params):
    """Parameters far from their start, where every path matters and errors show."""
    leaves, structure = jax.tree.flatten(params)
    keys = jax.random.split(jax.random.key(7), len(leaves))
    return structure.unflatten(
        [
            leaf + 0.3 * jax.random.normal(key, leaf.shape)
            for leaf, key in zip(leaves, keys, strict=True)
        ]
    )


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_ratio_to_the_sampler_is_one(world, temperature):
    world = dataclasses.replace(world, temperature=temperature, time=24, children=8)
    params = shaken(world.start())
    rollout = world.act(params, seed=0)
    reading = READ(params, world.model, rollout, temperature)
    ratio = np.exp(np.asarray(reading.log_prob - rollout.log_prob))
    np.testing.assert_allclose(ratio, 1.0, atol=1e-5)
    # Had the trainer read another prefix, or another temperature, this would show.
    swapped = rollout.replace(terrain_index=1 - rollout.terrain_index)
    other = READ(params, world.model, swapped, temperature)
    assert np.abs(np.exp(np.asarray(other.log_prob - rollout.log_prob)) - 1.0).max() > 1e-2
    hotter = READ(params, world.model, rollout, 1.1 * temperature)
    assert np.abs(np.exp(np.asarray(hotter.log_prob - rollout.log_prob)) - 1.0).max() > 1e-2


def test_reference_is_the_language_model_after_blanks(codes_world):
    rollout = codes_world.act(codes_world.start(), seed=0)
    reference = codes_world.judge(shaken(codes_world.start()), rollout).reference_log_prob
    # Stage 2 learns programs after blank tokens where stage 3 puts the prefix.
    slots = codes_world.model.encoder.slots
    blanks = jnp.full((rollout.prompt.shape[0], slots), codes_world.model.blank_token, jnp.int32)
    plain = jax.jit(completion_log_probs, static_argnums=1)(
        codes_world.lm,
        codes_world.model.decoder,
        Prompt(
            tokens=jnp.concatenate([blanks, rollout.prompt], axis=1),
            length=rollout.prompt_length + slots,
        ),
        rollout.tokens,
        rollout.length,
    )
    np.testing.assert_allclose(reference, plain.log_prob, atol=1e-6)


def test_a_prefix_without_contrast_is_the_blank_of_stage_2(codes_world):
    params = codes_world.start()
    still = params | {"encoder": jax.tree.map(jnp.zeros_like, params["encoder"])}
    rollout = codes_world.act(still, seed=0)
    reference = codes_world.judge(still, rollout).reference_log_prob
    np.testing.assert_allclose(rollout.log_prob, reference, atol=1e-5)


def test_nothing_is_expected_at_first(codes_world):
    rollout = codes_world.act(codes_world.start(), seed=0)
    assert jnp.all(READ(codes_world.start(), codes_world.model, rollout, 1.0).value == 0.0)


def test_value_knows_the_terrain_and_no_later_token(codes_world):
    params = shaken(codes_world.start())
    rollout = codes_world.act(params, seed=0)
    value = READ(params, codes_world.model, rollout, 1.0).value
    by_terrain = value[:, 0].reshape(2, -1)
    np.testing.assert_allclose(by_terrain, by_terrain[:, :1] * jnp.ones_like(by_terrain), atol=1e-5)
    assert abs(by_terrain[0, 0] - by_terrain[1, 0]) > 1e-2
    # The value before the last token cannot depend on it.
    changed = rollout.replace(tokens=rollout.tokens.at[:, -1].add(1) % 12)
    value_changed = READ(params, codes_world.model, changed, 1.0).value
    np.testing.assert_array_equal(value[:, -1], value_changed[:, -1])


def test_terrains_are_encoded_alike_once_or_per_episode(codes_world):
    params = shaken(codes_world.start())
    rollout = codes_world.act(params, seed=0)
    few = dataclasses.replace(
        rollout,
        **{
            field.name: getattr(rollout, field.name)[31:34]
            for field in dataclasses.fields(rollout)
            if field.name != "terrain"
        },
    )
    many_terrains = few.replace(
        terrain=jnp.tile(few.terrain, 4), terrain_index=few.terrain_index + 4
    )
    np.testing.assert_allclose(
        READ(params, codes_world.model, few, 1.0).log_prob,
        READ(params, codes_world.model, many_terrains, 1.0).log_prob,
        atol=1e-6,
    )


def test_cropping_to_a_time_bucket_changes_nothing(codes_world):
    params = shaken(codes_world.start())
    rollout = codes_world.act(params, seed=0)
    rollout = rollout.replace(length=jnp.minimum(rollout.length, 2))
    cropped = crop(rollout, buckets=(2, 3))
    assert cropped.tokens.shape[1] == 2
    whole, part = (READ(params, codes_world.model, r, 1.0) for r in (rollout, cropped))
    real = jnp.arange(2) < rollout.length[:, None]
    for name in ("log_prob", "entropy", "value"):
        got, wanted = getattr(part, name), getattr(whole, name)[:, :2]
        np.testing.assert_allclose(got[real], wanted[real], atol=1e-5, err_msg=name)


def test_policy_shares_no_buffer_with_the_reference(codes_world):
    params = init_policy(codes_world.lm, codes_world.model, jax.random.key(1))
    for copy, original in zip(
        jax.tree.leaves(params["lm"]), jax.tree.leaves(codes_world.lm), strict=True
    ):
        np.testing.assert_array_equal(copy, original)
        assert copy.unsafe_buffer_pointer() != original.unsafe_buffer_pointer()


def test_widths_must_agree(codes_world):
    encoder = TerrainEncoderConfig(kind="codes", width=32, codes=2)
    with pytest.raises(ValueError, match=r"encoder\.width must equal .* 16; got 32"):
        PolicyConfig(decoder=codes_world.model.decoder, encoder=encoder)
