import jax
import pytest

from elmjax.config import ConfigError
from elmjax.stages.limits import SKIPPED_IN_A_ROW, fitting, refuse_endless


def ask_for_memory(error: Exception) -> None:
    with fitting("finetune.optimiser.rows"):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 80.0 TiB"),
        jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 99 bytes."),
    ],
)
def test_too_little_memory_names_what_to_lower(error) -> None:
    with pytest.raises(ConfigError, match=r"out of memory: lower finetune\.optimiser\.rows \("):
        ask_for_memory(error)


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(jax.errors.JaxRuntimeError, match="INTERNAL"):
        ask_for_memory(jax.errors.JaxRuntimeError("INTERNAL: broken"))


def test_an_array_beyond_all_memory_is_such_an_error() -> None:
    with pytest.raises(ConfigError, match="lower rows"), fitting("rows"):
        jax.block_until_ready(jax.numpy.zeros((1 << 42,), dtype="float32"))


def test_a_few_skipped_updates_pass_and_many_do_not() -> None:
    refuse_endless("finetune", SKIPPED_IN_A_ROW - 1, "its rate")
    with pytest.raises(ConfigError, match=r"not finite.*lower its rate"):
        refuse_endless("finetune", SKIPPED_IN_A_ROW, "its rate")
