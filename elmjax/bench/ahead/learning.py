"""Programs that train a language model, and measure it, on packed rows."""

from collections.abc import Iterator
from dataclasses import fields, replace
from functools import partial
from typing import Any

import jax
import numpy as np

from elmjax.bench.ahead.program import Program, Target, laid, size_of
from elmjax.config import Optimiser
from elmjax.lm.lora.adapters import trained_of
from elmjax.lm.packing import Batch
from elmjax.lm.split import parameter_shardings
from elmjax.lm.store import LanguageModel
from elmjax.lm.training import (
    OptimizerConfig,
    Schedule,
    init_state,
    make_train_step,
    state_shardings,
)
from elmjax.stages.collapse import summed_divergence
from elmjax.stages.learn import ROWS_MEASURED, rows_at_once, summed_loss


def lessons(
    target: Target, name: str, model: LanguageModel, optimiser: Optimiser
) -> Iterator[Program]:
    """What `learn` compiles: its step and the loss of some rows.

    Args:
        target: Whose.
        name: Of the lesson, in front of the programs' names.
        model: With its adapters, if any are trained, lying as it is read.
        optimiser: Of the section that configures it.
    """
    placement, form = target.placement, OptimizerConfig(accumulation=optimiser.accumulation)
    config = replace(model.config, recompute=optimiser.recompute)
    trained, beside = trained_of(model.params, config)
    state = laid(
        jax.eval_shape(partial(init_state, optimizer=form), trained),
        state_shardings(placement, config, form),
    )
    frozen = laid(beside, parameter_shardings(placement, config, beside))
    rows = placement.padded(rows_at_once(name or target.stage, optimiser)) * form.accumulation
    number: Any = np.float32(0.0)
    schedule = Schedule(peak=number, warmup_steps=number, total_steps=number)
    step: Any = make_train_step(config, form, placement)
    shape = f"{rows} rows of {optimiser.row_length}"
    if form.accumulation > 1:
        shape += f", in {form.accumulation} parts"
    yield Program(
        stage=target.stage,
        name=f"{name}training step",
        shape=shape,
        devices=placement.size,
        lower=partial(
            step.lower,
            state,
            laid(_batch(rows, optimiser.row_length), placement.rows),
            target.whole(schedule),
            frozen,
        ),
        beside=size_of(model.params),  # to compare with
    )
    yield Program(
        stage=target.stage,
        name=f"{name}loss",
        shape=f"{ROWS_MEASURED} rows of {optimiser.row_length}",
        devices=placement.size,
        lower=partial(
            summed_loss.lower, model.params, model.config, _measured(target, optimiser.row_length)
        ),
        beside=size_of(state) + size_of(frozen) + size_of(model.params),
    )


def drift(target: Target, model: LanguageModel, row_length: int) -> Program:
    """The divergence of a tuned model from its base."""
    return Program(
        stage=target.stage,
        name="divergence",
        shape=f"{ROWS_MEASURED} rows of {row_length}",
        devices=target.placement.size,
        lower=partial(
            summed_divergence.lower,
            model.params,
            model.params,
            model.config,
            _measured(target, row_length),
        ),
    )


def _measured(target: Target, row_length: int) -> Batch:
    """The rows of which a loss is measured at a time."""
    return laid(_batch(ROWS_MEASURED, row_length), target.placement.rows_of(ROWS_MEASURED))


def _batch(rows: int, row_length: int) -> Batch:
    shape = (rows, row_length)
    columns: dict[str, Any] = {
        field.name: np.zeros(shape, np.float32 if field.name == "weights" else np.int32)
        for field in fields(Batch)
    }
    return Batch(**columns)
