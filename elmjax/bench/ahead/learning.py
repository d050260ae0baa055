"""Programs that train a language model, and measure it, on packed rows."""

from collections.abc import Iterator
from dataclasses import fields
from functools import partial
from typing import Any

import jax
import numpy as np

from elmjax.bench.ahead.program import Program, Target, size_of
from elmjax.config import Optimiser
from elmjax.lm.packing import Batch
from elmjax.lm.store import LanguageModel
from elmjax.lm.training import OptimizerConfig, Schedule, init_state, make_train_step
from elmjax.stages.collapse import summed_divergence
from elmjax.stages.learn import ROWS_MEASURED, rows_at_once, summed_loss


def lessons(
    target: Target, name: str, model: LanguageModel, optimiser: Optimiser
) -> Iterator[Program]:
    """What `learn` compiles: its step, on all devices, and the loss of some rows, on one.

    Args:
        target: Whose.
        name: Of the lesson, in front of the programs' names.
        model: With parameters or their shapes.
        optimiser: Of the section that configures it.
    """
    layout = target.over(rows_at_once(name or target.stage, optimiser))
    optimizer = OptimizerConfig(accumulation=optimiser.accumulation)
    state = jax.eval_shape(partial(init_state, optimizer=optimizer), model.params)
    number: Any = np.float32(0.0)
    schedule = Schedule(peak=number, warmup_steps=number, total_steps=number)
    step = make_train_step(model.config, optimizer)
    rows = f"{optimiser.rows} rows of {optimiser.row_length}"
    if optimiser.accumulation > 1:
        rows += f", in {optimiser.accumulation} parts"
    yield Program(
        stage=target.stage,
        name=f"{name}training step",
        shape=rows,
        devices=layout.devices,
        lower=partial(
            step.lower,  # type: ignore[attr-defined]
            layout.whole(state),
            layout.rows(_batch(optimiser.rows, optimiser.row_length)),
            layout.whole(schedule),
        ),
        beside=size_of(model.params),  # to compare with
    )
    alone = target.alone
    yield Program(
        stage=target.stage,
        name=f"{name}loss",
        shape=f"{ROWS_MEASURED} rows of {optimiser.row_length}",
        devices=alone.devices,
        lower=partial(
            summed_loss.lower,
            alone.whole(model.params),
            model.config,
            alone.whole(_batch(ROWS_MEASURED, optimiser.row_length)),
        ),
        beside=size_of(state) + size_of(model.params),
    )


def drift(target: Target, model: LanguageModel, row_length: int) -> Program:
    """The divergence of a tuned model from its base."""
    layout = target.alone
    params = layout.whole(model.params)
    batch = layout.whole(_batch(ROWS_MEASURED, row_length))
    return Program(
        stage=target.stage,
        name="divergence",
        shape=f"{ROWS_MEASURED} rows of {row_length}",
        devices=layout.devices,
        lower=partial(summed_divergence.lower, params, params, model.config, batch),
    )


def _batch(rows: int, row_length: int) -> Batch:
    shape = (rows, row_length)
    columns: dict[str, Any] = {
        field.name: np.zeros(shape, np.float32 if field.name == "weights" else np.int32)
        for field in fields(Batch)
    }
    return Batch(**columns)
