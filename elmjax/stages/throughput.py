"""What a step of a stage got through: columns of the metrics log that all stages share.

`tokens` that models read or wrote, `evaluations` of programs, `device_seconds` in which models and
walks computed, times devices, and `model_operations` (`lm.work`); from these tokens and evaluations
a second and, where the peak of the device is known (`chips`), `model_flop_utilisation`.
"""

from typing import Any

import jax

from elmjax.chips import peak_of


def throughput(
    *,
    seconds: float,
    device_seconds: float,
    tokens: int = 0,
    token_seconds: float | None = None,
    evaluations: int = 0,
    operations: int = 0,
) -> dict[str, Any]:
    """The columns of one step.

    Args:
        seconds: Of the whole step.
        device_seconds: In which devices were at work for it, times devices.
        tokens: That a model read or wrote.
        token_seconds: In which it did; None: the whole step.
        evaluations: Programs that were judged; 0 where a stage judges none.
        operations: Of models, floating-point.
    """
    numbers: dict[str, Any] = {
        "device_seconds": device_seconds,
        "tokens": tokens,
        "tokens_per_second": _rate(tokens, seconds if token_seconds is None else token_seconds),
        "model_operations": operations,
    }
    if evaluations:
        numbers["evaluations_per_second"] = _rate(evaluations, seconds)
    peak = peak_of(jax.local_devices()[0].device_kind)
    if peak is not None:
        numbers["model_flop_utilisation"] = _rate(operations, peak * device_seconds)
    return numbers


def _rate(count: float, of: float) -> float:
    return count / of if of > 0.0 else 0.0
