"""Training a decoder: AdamW, clipped gradients, warm-up and cosine, one jitted step.

The schedule is data, so that pre-training and any number of tunings share one compiled step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Protocol

import flax.struct
import jax
import jax.numpy as jnp
import optax
from jax import Array

from elmjax.dist.placement import Placement
from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Params
from elmjax.lm.lora.adapters import trained_of, whole
from elmjax.lm.loss import weighted_loss
from elmjax.lm.packing import Batch
from elmjax.lm.split import parameter_shardings


@dataclass(frozen=True, kw_only=True)
class OptimizerConfig:
    """What is compiled into the step; the learning rate is not."""

    first_moment_decay: float = 0.9
    second_moment_decay: float = 0.98
    weight_decay: float = 0.01  # per unit of learning rate; norms are spared
    clip_norm: float = 1.0
    accumulation: int = 1  # parts that the rows of a batch are read in, to save memory


@flax.struct.dataclass
class Schedule:
    """Linear warm-up from zero, then a cosine to zero."""

    peak: Array | float  # learning rate at the end of the warm-up
    warmup_steps: Array | float
    total_steps: Array | float  # warm-up included

    def learning_rate(self, step: Array | float) -> Array:
        """Learning rate of a step, counted from 0; zero after the last."""
        warm = step / jnp.maximum(self.warmup_steps, 1)
        decay_steps = jnp.maximum(self.total_steps - self.warmup_steps, 1)
        progress = jnp.clip((step - self.warmup_steps) / decay_steps, 0.0, 1.0)
        cosine = 0.5 * (1.0 + jnp.cos(jnp.pi * progress))
        return self.peak * jnp.where(step < self.warmup_steps, warm, cosine)


@flax.struct.dataclass
class TrainState:
    """All that a training run carries from step to step."""

    params: Params  # those that are trained: adapters alone, where a decoder has any
    optimizer_state: optax.OptState
    step: Array  # [] int32, updates made


@flax.struct.dataclass
class StepMetrics:
    """What one update saw."""

    loss: Array  # [] nats per unit of weight, before the update
    gradient_norm: Array  # [] before clipping
    learning_rate: Array  # []
    weight: Array  # [] sum of the weights of the batch
    skipped: Array  # [] int32, updates in a row, up to this one, whose gradient was not finite


class TrainStep(Protocol):
    """One update; `frozen` is what adapters stand beside, and is neither donated nor changed."""

    def __call__(
        self, state: TrainState, batch: Batch, schedule: Schedule, frozen: Params | None = None, /
    ) -> tuple[TrainState, StepMetrics]:
        """Gives the state after the update, and what it saw."""


def init_state(params: Params, optimizer: OptimizerConfig | None = None) -> TrainState:
    """The state before the first step.

    The step donates its state: the arrays of `params` are gone after it. Pass a copy to keep them.
    """
    transform = _transform(optimizer or OptimizerConfig())
    return TrainState(
        params=params, optimizer_state=transform.init(params), step=jnp.zeros((), jnp.int32)
    )


@lru_cache(maxsize=16)
def make_train_step(
    config: DecoderConfig,
    optimizer: OptimizerConfig | None = None,
    placement: Placement | None = None,
) -> TrainStep:
    """Builds the jitted step; equal arguments give the same function, compiled once per shape.

    Args:
        config: Shape of the decoder.
        optimizer: What is compiled in.
        placement: Where the state lies, as `state_shardings` says, the rows of the batch being
            spread; None: all on the default device.

    Returns:
        A function that donates the state. The rows of the batch must be a multiple of the
        optimizer's `accumulation`.
    """
    optimizer = optimizer or OptimizerConfig()

    def step(
        state: TrainState, batch: Batch, schedule: Schedule, frozen: Params | None = None
    ) -> tuple[TrainState, StepMetrics]:
        return train_step(config, optimizer, state, batch, schedule, frozen=frozen)

    if placement is None:
        return jax.jit(step, donate_argnums=0)
    after = (state_shardings(placement, config, optimizer), placement.everywhere)
    return jax.jit(step, donate_argnums=0, out_shardings=after)


def state_shardings(
    placement: Placement, config: DecoderConfig, optimizer: OptimizerConfig | None = None
) -> TrainState:
    """Where the arrays of a state lie: moments as their parameters do.

    Raises:
        ValueError: where the mesh does not suit the decoder.
    """
    trained, _ = trained_of(decoder.abstract_params(config), config)
    shapes = jax.eval_shape(partial(init_state, optimizer=optimizer), trained)
    return parameter_shardings(placement, config, shapes)


def train_step(
    config: DecoderConfig,
    optimizer: OptimizerConfig,
    state: TrainState,
    batch: Batch,
    schedule: Schedule,
    *,
    frozen: Params | None = None,
) -> tuple[TrainState, StepMetrics]:
    """One update; `frozen` is what adapters stand beside."""
    loss, weight, gradient = loss_and_gradient(
        state.params, config, batch, parts=optimizer.accumulation, frozen=frozen
    )
    direction, optimizer_state = _transform(optimizer).update(
        gradient, state.optimizer_state, state.params
    )
    rate = schedule.learning_rate(state.step)
    params = jax.tree.map(lambda p, d: p - rate * d, state.params, direction)
    metrics = StepMetrics(
        loss=loss,
        gradient_norm=optax.tree.norm(gradient),
        learning_rate=rate,
        weight=weight,
        skipped=optimizer_state.notfinite_count,
    )
    return TrainState(params, optimizer_state, state.step + 1), metrics


def loss_and_gradient(
    params: Params,
    config: DecoderConfig,
    batch: Batch,
    *,
    parts: int = 1,
    frozen: Params | None = None,
) -> tuple[Array, Array, Params]:
    """Mean loss of a batch and its gradient.

    Args:
        params: What is trained: adapters where the decoder has any, else all of it.
        config: Shape of the decoder.
        batch: Packed rows.
        parts: How many parts to read the rows in, one after the other. The result is that of the
            whole batch, because sums are accumulated and divided once, by the whole weight.
        frozen: What adapters stand beside.

    Returns:
        Loss [], sum of weights [], gradient of the loss by `params`. All zero if every weight is.

    Raises:
        ValueError: If the rows cannot be cut into equal parts.
    """
    rows = batch.tokens.shape[0]
    if rows % parts != 0:
        raise ValueError(f"rows must be a multiple of {parts} accumulation parts, got {rows}")

    def sums(params: Params, part: Batch) -> tuple[Array, Array]:
        return weighted_loss(whole(params, frozen, config), config, part)

    def summed(params: Params, part: Batch) -> tuple[tuple[Array, Array], Params]:
        return jax.value_and_grad(sums, has_aux=True)(params, part)

    if parts == 1:
        totals = summed(params, batch)
    else:
        # Every device has rows of every part.
        cut = jax.tree.map(
            lambda leaf: leaf.reshape(rows // parts, parts, -1).swapaxes(0, 1), batch
        )
        zero = jax.tree.map(jnp.zeros_like, ((jnp.float32(0.0), jnp.float32(0.0)), params))
        totals, _ = jax.lax.scan(
            lambda so_far, part: (jax.tree.map(jnp.add, so_far, summed(params, part)), None),
            zero,
            cut,
        )
    (loss, weight), gradient = totals
    share = jnp.where(weight > 0.0, 1.0 / jnp.where(weight > 0.0, weight, 1.0), 0.0)
    return loss * share, weight, jax.tree.map(lambda slope: slope * share, gradient)


def _transform(optimizer: OptimizerConfig) -> optax.GradientTransformation:
    """AdamW (Loshchilov and Hutter 2017) without its learning rate: the descent direction.

    A gradient that is not finite gives the direction zero, is counted, and changes no moment.
    """
    descent = optax.chain(
        optax.clip_by_global_norm(optimizer.clip_norm),
        optax.scale_by_adam(b1=optimizer.first_moment_decay, b2=optimizer.second_moment_decay),
        optax.add_decayed_weights(optimizer.weight_decay, mask=_matrices),
    )
    # Who trains decides when to give up; the transformation never does.
    return optax.apply_if_finite(descent, max_consecutive_errors=2**31 - 1)


def _matrices(params: Params) -> Params:
    """True for weights that decay: all but the scales of the norms."""
    return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key != "scale", params)
