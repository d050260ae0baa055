"""The conditional inventor: terrain encoder, language model and value head, as one pytree.

The value function is a head on the policy's own language model. It also sees the mean prefix
directly, so that what a terrain pays on average is known before attention has learned to look at
the prefix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypedDict

import flax.struct
import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Params, embed
from elmjax.lm.log_prob import Scored, completion_log_probs
from elmjax.lm.prompt import Prompt
from elmjax.lm.terrain_encoder import TerrainEncoderConfig, encode, init_encoder
from elmjax.rl.rollout import Rollout


class PolicyParams(TypedDict):
    """Everything that PPO trains."""

    lm: Params
    blank: Array  # [width], the prefix embedding of no terrain
    encoder: Params
    value_head: Params


@dataclass(frozen=True, kw_only=True)
class PolicyConfig:
    """Shape of the policy. Hashable, so that it can key a compilation.

    Raises:
        ValueError: If the encoder's prefix does not have the language model's width.
    """

    decoder: DecoderConfig
    encoder: TerrainEncoderConfig
    blank_token: int = 0  # stood in the place of the prefix when the stage 2 model was trained

    def __post_init__(self) -> None:
        if self.encoder.width != self.decoder.width:
            raise ValueError(
                f"encoder.width must equal the language model's width, {self.decoder.width}; "
                f"got {self.encoder.width}"
            )


@flax.struct.dataclass
class Reading:
    """What the policy says of a rollout's tokens."""

    log_prob: Array  # [batch, time] float32 nats
    entropy: Array  # [batch, time] float32 nats, of the distribution each token was drawn from
    value: Array  # [batch, time] float32, scaled reward expected before each token


class ValueHead(nnx.Module):
    """Two layers from hidden state and mean prefix to the expected return."""

    def __init__(self, width: int, *, rngs: nnx.Rngs):
        self.prefix_norm = nnx.LayerNorm(width, rngs=rngs)
        self.inner = nnx.Linear(2 * width, width, rngs=rngs)
        # Expects nothing at first: random expectations would be advantages out of thin air.
        self.outer = nnx.Linear(width, 1, kernel_init=nnx.initializers.zeros, rngs=rngs)

    def __call__(self, hidden: Array, prefix: Array) -> Array:
        """Expected return before each token.

        Args:
            hidden: [batch, time, width], the states that predict the tokens.
            prefix: [batch, slots, width].

        Returns:
            [batch, time].
        """
        ground = self.prefix_norm(prefix.mean(axis=1))[:, None]
        seen = jnp.concatenate([hidden, jnp.broadcast_to(ground, hidden.shape)], axis=-1)
        return self.outer(jnp.tanh(self.inner(seen)))[..., 0]


def init_policy(lm: Params, config: PolicyConfig, key: Array) -> PolicyParams:
    """The policy at the start of stage 3.

    Args:
        lm: Parameters of the stage 2 model. They are copied, because the update donates the
            policy's buffers and the stage 2 model stays on as the reference.
        config: Shape of the policy.
        key: Typed PRNG key.
    """
    encoder_key, head_key = jax.random.split(key)
    head = ValueHead(config.decoder.width, rngs=nnx.Rngs(head_key))
    return PolicyParams(
        lm=jax.tree.map(jnp.copy, lm),
        blank=embed(lm, jnp.asarray(config.blank_token)),
        encoder=init_encoder(config.encoder, encoder_key),
        value_head=nnx.to_pure_dict(nnx.state(head, nnx.Param)),
    )


def prefixes(params: PolicyParams, config: PolicyConfig, terrain: Array) -> Array:
    """Prefix embeddings [terrains, slots, width] of codes or pictures, for the sampler.

    The encoder says how a terrain differs from none, so that the policy starts as the stage 2
    model: random prefixes alone took the share of its programs that walk from 32 % to 3 %.
    """
    return params["blank"] + encode(params["encoder"], config.encoder, terrain)


def read(
    params: PolicyParams, config: PolicyConfig, rollout: Rollout, temperature: float | Array
) -> Reading:
    """Log-probabilities, entropies and values of a rollout's tokens under the policy."""
    index = rollout.terrain_index
    # Each terrain is encoded once, unless fewer episodes than terrains are at hand.
    if rollout.terrain.shape[0] > index.shape[0]:
        prefix = prefixes(params, config, rollout.terrain[index])
    else:
        prefix = prefixes(params, config, rollout.terrain)[index]
    scored = _score(params["lm"], config, rollout, prefix, temperature)
    value = _value_head(config.decoder.width)(params["value_head"], scored.hidden, prefix)
    return Reading(log_prob=scored.log_prob, entropy=scored.entropy, value=value)


def evaluate_rollout(
    params: PolicyParams,
    reference: Params,
    config: PolicyConfig,
    rollout: Rollout,
    temperature: float | Array,
) -> tuple[Array, Array]:
    """Values and reference log-probabilities of a rollout, while its programs run elsewhere.

    Pure: jit it once with `config` static.

    Args:
        params: The policy that sampled.
        reference: Language model of stage 2, read with blanks in the place of the prefix.
        config: Shape of the policy.
        rollout: Sampled episodes.
        temperature: The sampler's.

    Returns:
        Value and reference log-probability, each [batch, time] float32, for `Batch`.
    """
    value = read(params, config, rollout, temperature).value
    blank = embed(reference, jnp.asarray(config.blank_token))
    shape = (rollout.length.shape[0], config.encoder.slots, config.decoder.width)
    blanks = jnp.broadcast_to(blank, shape)
    reference_log_prob = _score(reference, config, rollout, blanks, temperature).log_prob
    return value, reference_log_prob


def _score(
    lm: Params,
    config: PolicyConfig,
    rollout: Rollout,
    prefix: Array,
    temperature: float | Array,
) -> Scored:
    prompt = Prompt(tokens=rollout.prompt, length=rollout.prompt_length, prefix=prefix)
    return completion_log_probs(
        lm, config.decoder, prompt, rollout.tokens, rollout.length, temperature=temperature
    )


@lru_cache(maxsize=64)
def _value_head(width: int) -> Callable[[Params, Array, Array], Array]:
    """The value head as a function of its parameters; its structure is worked out once."""
    graph = nnx.graphdef(nnx.eval_shape(lambda: ValueHead(width, rngs=nnx.Rngs(0))))
    return lambda params, hidden, prefix: nnx.merge(graph, params)(hidden, prefix)
