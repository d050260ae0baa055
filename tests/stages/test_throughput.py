"""Rates and utilisation of a step, from numbers that can be checked by hand."""

import jax
import pytest

from elmjax.stages import throughput as module
from elmjax.stages.throughput import throughput


def test_rates_are_over_the_seconds_that_they_concern() -> None:
    numbers = throughput(
        seconds=4.0,
        device_seconds=6.0,
        tokens=1000,
        token_seconds=2.0,
        evaluations=128,
        operations=5,
    )
    assert numbers["tokens_per_second"] == 500.0
    assert numbers["evaluations_per_second"] == 32.0
    assert numbers["device_seconds"] == 6.0


def test_a_stage_without_evaluations_has_no_rate_of_them() -> None:
    assert "evaluations_per_second" not in throughput(seconds=1.0, device_seconds=1.0, tokens=7)


def test_nothing_sampled_is_no_division_by_nothing() -> None:
    numbers = throughput(seconds=1.0, device_seconds=0.5, token_seconds=0.0)
    assert numbers["tokens_per_second"] == 0.0


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="a device whose peak may be known")
def test_a_cpu_has_no_utilisation() -> None:
    assert "model_flop_utilisation" not in throughput(seconds=1.0, device_seconds=1.0, tokens=7)


def test_utilisation_is_of_the_peak_of_all_devices(monkeypatch) -> None:
    monkeypatch.setattr(module, "peak_of", lambda kind: 197e12)
    # Four chips for half a second could do 4 x 0.5 x 197e12 operations.
    numbers = throughput(seconds=0.5, device_seconds=4 * 0.5, tokens=1, operations=int(197e11))
    assert numbers["model_flop_utilisation"] == pytest.approx(0.05)
