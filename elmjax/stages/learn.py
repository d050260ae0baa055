"""Training of a language model on packed documents: the loop of pretrain and of stage 2."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from elmjax.checkpoint import Checkpoints
from elmjax.config import ConfigError, LoRAConfig, Optimiser
from elmjax.dist import hosts
from elmjax.lm.decoder import Params
from elmjax.lm.lora.adapters import trained_of, whole
from elmjax.lm.loss import weighted_loss
from elmjax.lm.packing import Batch, Document, pack
from elmjax.lm.split import lying, parameter_shardings, to_read
from elmjax.lm.store import LanguageModel
from elmjax.lm.training import (
    OptimizerConfig,
    Schedule,
    TrainState,
    init_state,
    make_train_step,
    state_shardings,
)
from elmjax.lm.work import TRAINING, operations_per_token
from elmjax.stages import best, models, stopping
from elmjax.stages.adapted import adapted
from elmjax.stages.limits import fitting, refuse_endless
from elmjax.stages.run import Run
from elmjax.stages.throughput import throughput

ROWS_MEASURED = 8  # rows that a loss is measured of at a time
LOSSES_A_RUN = 10  # how often the test loss is measured
_RECORDED = ("loss", "gradient_norm", "skipped")  # of every step


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What is learned, by which model, and how."""

    stage: str
    model: LanguageModel  # where training starts
    train: Sequence[Document]
    test: Sequence[Document]  # may be empty
    optimiser: Optimiser
    checkpoint_every: int  # steps
    lora: LoRAConfig = field(default_factory=LoRAConfig)  # what is trained in place of all weights
    quiet: bool = False  # shows no progress
    base: str = ""  # what adapters say they stand beside, where they are kept
    keep_best: bool = False  # keeps the models of the lowest losses, beside the last


def learn(run: Run, lesson: Lesson) -> tuple[LanguageModel, dict[str, dict[str, float]]]:
    """Trains on all devices of the mesh, or goes on from the newest checkpoint.

    Returns:
        The trained model, with its adapters where these were trained, and train and test loss
        before and after, nats a token.

    Raises:
        ConfigError: where rows do not fit the documents or cannot be accumulated, or the model has
            no projection of an adapter's name.
    """
    stage = lesson.stage
    seed = run.seed(f"{stage}/adapters")
    model = adapted(lesson.model, lesson.lora, f"{stage}.lora", seed)
    if model.config.lora is not None:
        model = replace(model, params=to_read(run.placement, model.config, model.params))
    lesson = replace(lesson, model=model)
    rows = _pack(run, lesson.stage, lesson.train, lesson.optimiser)
    test = _pack(run, lesson.stage, lesson.test, lesson.optimiser) if lesson.test else None
    before = _losses(lesson.model, rows, test)
    trained = replace(lesson.model, params=_train(run, lesson, rows, test))
    after = _losses(trained, rows, test)
    losses = {name: {"before": before[name], "after": after[name]} for name in before}
    return trained, losses


def _train(run: Run, lesson: Lesson, rows: Batch, test: Batch | None) -> Params:
    """Takes the steps that are left, and returns the last parameters."""
    optimiser, section = lesson.optimiser, f"{lesson.stage}.optimiser"
    placement = run.placement
    config = replace(lesson.model.config, recompute=optimiser.recompute)
    form = OptimizerConfig(accumulation=optimiser.accumulation)
    shown = placement.padded(rows_at_once(section, optimiser)) * optimiser.accumulation
    step = make_train_step(config, form, placement)
    trained, beside = trained_of(lesson.model.params, config)
    frozen = placement.put(beside, parameter_shardings(placement, config, beside))
    schedule = Schedule(
        peak=optimiser.learning_rate,
        warmup_steps=float(optimiser.warmup),
        total_steps=float(optimiser.steps),
    )
    every = max(1, optimiser.steps // LOSSES_A_RUN)
    with Checkpoints(run.folder / lesson.stage / "checkpoints") as checkpoints:
        state, start = _start_or_resume(run, lesson.stage, trained, checkpoints)
        state = placement.put(state, state_shardings(placement, config, form))
        with run.progress(
            lesson.stage, optimiser.steps, completed=start, quiet=lesson.quiet
        ) as progress:
            for i in range(start, optimiser.steps):
                began = time.monotonic()
                with fitting(f"{section}.rows, or raise {section}.accumulation"):
                    chosen = _choose(run, lesson, rows, i)
                    batch = placement.put(chosen.padded(shown), placement.rows)
                    state, metrics = jax.block_until_ready(step(state, batch, schedule, frozen))
                skipped, rate = int(metrics.skipped), f"{section}.learning_rate"
                refuse_endless(lesson.stage, skipped, rate)
                numbers = {name: float(getattr(metrics, name)) for name in _RECORDED}
                seconds = time.monotonic() - began
                numbers |= _throughput(lesson, chosen, seconds, placement.size)
                stop, last = stopping.is_asked(), i + 1 == optimiser.steps
                if (i + 1) % every == 0 or (last and lesson.keep_best):
                    params = whole(state.params, frozen, config)
                    numbers |= _measure(run, lesson, params, rows, test, step=i + 1)
                if i % lesson.checkpoint_every == 0:
                    checkpoints.wait()  # so that a kill costs no step before that checkpoint
                run.metrics.write(lesson.stage, i, numbers)
                progress.advance(1, loss=numbers["loss"])
                if (i + 1) % lesson.checkpoint_every == 0 or last or stop:
                    checkpoints.save(i + 1, state)
                if stop:
                    raise stopping.StoppedError
    # Weights beside adapters never left the devices on which models are read.
    return to_read(placement, lesson.model.config, whole(state.params, beside, config))


def _throughput(lesson: Lesson, batch: Batch, seconds: float, devices: int) -> dict[str, float]:
    tokens = int(np.count_nonzero(batch.group))
    return throughput(
        seconds=seconds,
        device_seconds=seconds * devices,
        tokens=tokens,
        operations=TRAINING * tokens * operations_per_token(lesson.model.config),
    )


def _measure(
    run: Run, lesson: Lesson, params: Params, rows: Batch, test: Batch | None, *, step: int
) -> dict[str, float]:
    """Losses after a step; the model is kept where one is the lowest so far."""
    model = replace(lesson.model, params=params)
    if not lesson.keep_best:
        return {} if test is None else {"test_loss": mean_loss(model, test)}
    losses = _losses(model, rows, test)
    kept = models.on_host(model)
    hosts.once(lambda: best.keep(run.folder / lesson.stage, kept, step, losses, base=lesson.base))
    return losses


def rows_at_once(name: str, optimiser: Optimiser) -> int:
    """Rows that a step reads at a time.

    Args:
        name: of the section that configures the optimiser.
        optimiser: what is configured.

    Raises:
        ConfigError: where the rows cannot be accumulated in equal parts.
    """
    rows, parts = optimiser.rows, optimiser.accumulation
    if rows % parts != 0:
        raise ConfigError(
            f"{name}.accumulation: got {parts}, wanted a divisor of the {rows} rows of a step"
        )
    return rows // parts


def mean_loss(model: LanguageModel, rows: Batch) -> float:
    """Loss over all rows, nats a token of weight 1."""
    placement = lying(model.params)

    def measure(part: Batch) -> tuple[Array, Array]:
        if placement is not None:
            part = placement.put(part, placement.rows_of(len(part.tokens)))
        return summed_loss(model.params, model.config, part)

    return weighted_mean(rows, measure)


def weighted_mean(
    rows: Batch, measure: Callable[[Batch], tuple[Array, Array]], *, at_a_time: int = ROWS_MEASURED
) -> float:
    """Mean over all rows of what is measured as two sums, of weight x value and of weights.

    NaN where nothing weighs anything.
    """
    total, weight = 0.0, 0.0
    for start in range(0, len(rows.tokens), at_a_time):
        chosen = np.arange(start, start + at_a_time)
        part = rows.rows(chosen % len(rows.tokens))
        # The last part is filled up to keep its shape; what fills it must not count.
        part = replace(part, weights=part.weights * (chosen < len(rows.tokens))[:, None])
        of_part, weight_of_part = measure(part)
        total, weight = total + float(of_part), weight + float(weight_of_part)
    return total / weight if weight > 0.0 else math.nan


summed_loss = jax.jit(weighted_loss, static_argnums=1)


def _losses(model: LanguageModel, train: Batch, test: Batch | None) -> dict[str, float]:
    """On the held-out rows, and on as many rows of the training data."""
    if test is None:
        return {"train_loss": mean_loss(model, train.rows(slice(0, 16)))}
    some = train.rows(slice(0, max(16, len(test.tokens))))
    return {"train_loss": mean_loss(model, some), "test_loss": mean_loss(model, test)}


def _pack(run: Run, stage: str, documents: Sequence[Document], optimiser: Optimiser) -> Batch:
    order = np.random.default_rng(run.seed(f"{stage}/documents")).permutation(len(documents))
    try:
        packed = pack([documents[i] for i in order], optimiser.row_length)
    except ValueError as error:
        raise ConfigError(f"{stage}.optimiser.row_length: {error}") from None
    if packed.too_long:
        print(
            f"{stage}: {len(packed.too_long)} of {len(documents)} documents are longer than a row "
            f"of {optimiser.row_length} tokens and are left out"
        )
    return packed.batch


def _choose(run: Run, lesson: Lesson, rows: Batch, step: int) -> Batch:
    """The rows of a step: each epoch goes through all of them in an order of its own."""
    count, at_a_time = len(rows.tokens), lesson.optimiser.rows
    places = np.arange(step * at_a_time, (step + 1) * at_a_time)
    epochs, offsets = np.divmod(places, count)
    orders = {epoch: _order(run, lesson.stage, epoch, count) for epoch in set(epochs.tolist())}
    return rows.rows(np.array([orders[e][o] for e, o in zip(epochs, offsets, strict=True)]))


def _order(run: Run, stage: str, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng(run.seed(f"{stage}/rows", epoch)).permutation(count)


def _start_or_resume(
    run: Run, stage: str, trained: Params, checkpoints: Checkpoints
) -> tuple[TrainState, int]:
    # Copied, because the first step donates the arrays and the model is still needed.
    state, start = init_state(jax.tree.map(jnp.copy, trained)), 0
    if (restored := checkpoints.recover(state)) is not None:
        start, state = restored.step, jax.tree.map(jnp.asarray, restored.state)
    run.metrics.truncate(stage, start)
    return state, start
