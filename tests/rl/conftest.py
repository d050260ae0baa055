"""A toy world: two terrains, a decoder of one layer, and programs of four tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig
from elmjax.lm.lora.targets import make_lora
from elmjax.lm.prompt import Prompt
from elmjax.lm.sampler import compiled_sample
from elmjax.lm.terrain_encoder import TerrainEncoderConfig
from elmjax.rl.policy import (
    PolicyConfig,
    PolicyParams,
    evaluate_rollout,
    init_policy,
    language_model,
    prefixes,
)
from elmjax.rl.rollout import Batch, Rollout, collect

DECODER = DecoderConfig(vocab_size=12, layers=1, width=16, heads=2, hidden=32)
END = 1
WANTED = jnp.array([5, 6])  # the first token that each terrain rewards
PICTURE = (16, 32)

# Compiled whole: op by op, the many small shapes of a fresh policy take seconds to compile.
_INIT_POLICY = jax.jit(init_policy, static_argnums=1)
_PREFIXES = jax.jit(prefixes, static_argnums=1)
_EVALUATE = jax.jit(evaluate_rollout, static_argnums=2)


def _wall(column: int) -> np.ndarray:
    picture = np.zeros(PICTURE, np.float32)
    picture[-3:] = 1.0
    picture[4:, column : column + 2] = 1.0
    return picture


@dataclass(frozen=True)
class ToyWorld:
    """Two terrains and everything needed to act on them and be rewarded."""

    encoder: TerrainEncoderConfig
    terrain: jax.Array
    children: int = 32
    time: int = 4
    temperature: float = 1.0
    value: str = "head"
    rank: int = 0  # of adapters on every projection; 0: all weights are trained

    @cached_property
    def model(self) -> PolicyConfig:
        decoder = DECODER
        if self.rank:
            lora = make_lora(DECODER, "llama", rank=self.rank, alpha=4.0, targets=["all-linear"])
            decoder = replace(DECODER, lora=lora)
        return PolicyConfig(decoder=decoder, encoder=self.encoder, value=self.value)

    @cached_property
    def lm(self) -> decoder.Params:
        params = jax.jit(decoder.init, static_argnums=0)(DECODER, jax.random.key(0))
        # Layers start by adding nothing; here they are to matter from the first update on.
        for name in ("attention_out", "down"):
            kernel = params["blocks"][name]["kernel"]
            key = jax.random.key(len(name))
            params["blocks"][name]["kernel"] = 0.15 * jax.random.normal(key, kernel.shape)
        return params

    def start(self) -> PolicyParams:
        return _INIT_POLICY(self.lm, self.model, jax.random.key(1))

    def act(self, params: PolicyParams, seed: int) -> Rollout:
        """Samples `children` completions per terrain with the package's own sampler."""
        prompt = Prompt(
            # Two real tokens and one of padding, which must not matter.
            tokens=jnp.array([[2, 3, 9], [2, 3, 9]]),
            length=jnp.array([2, 2]),
            prefix=_PREFIXES(params, self.model, self.terrain),
        )
        sample = compiled_sample(self.model.decoder, self.children, self.time, END)
        completions = sample(
            language_model(params, self.model, self.lm),
            prompt,
            jax.random.key(seed),
            {"temperature": jnp.float32(self.temperature), "top_p": jnp.float32(1.0)},
        )
        return collect(self.terrain, jnp.arange(2), prompt, completions)

    def judge(self, params: PolicyParams, rollout: Rollout) -> Batch:
        """Rewards 1 where the first token is the one that the terrain wants."""
        value, reference = _EVALUATE(params, self.lm, self.model, rollout, self.temperature)
        hit = rollout.tokens[:, 0] == WANTED[rollout.terrain_index]
        return Batch(
            rollout=rollout,
            value=value,
            reference_log_prob=reference,
            reward=hit.astype(jnp.float32),
        )


CODES = TerrainEncoderConfig(kind="codes", width=16, slots=2, codes=2)
IMAGE = TerrainEncoderConfig(
    kind="image", width=16, slots=2, image=PICTURE, stage_sizes=(1, 1), channels=4
)


@pytest.fixture(scope="module")
def codes_world() -> ToyWorld:
    return ToyWorld(CODES, jnp.arange(2))


@pytest.fixture(scope="module")
def image_world() -> ToyWorld:
    return ToyWorld(IMAGE, jnp.asarray(np.stack([_wall(3), _wall(27)])))


@pytest.fixture(params=["codes", "image"])
def world(request: pytest.FixtureRequest) -> ToyWorld:
    return request.getfixturevalue(f"{request.param}_world")
