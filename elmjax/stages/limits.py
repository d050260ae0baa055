"""What ends a stage though nothing is broken: too little memory, gradients that stay infinite."""

from collections.abc import Iterator
from contextlib import contextmanager

import jax

from elmjax.config import ConfigError

# Updates in a row that gradients which are not finite may cost.
SKIPPED_IN_A_ROW = 10


@contextmanager
def fitting(setting: str) -> Iterator[None]:
    """A block that may ask for more memory than there is.

    Args:
        setting: What to lower then.

    Raises:
        ConfigError: memory ran out; the message names the setting.
    """
    try:
        yield
    except (MemoryError, jax.errors.JaxRuntimeError) as error:
        if isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" not in str(error):
            raise
        words = " ".join(str(error).split())[:160] or "the host has no more"
        raise ConfigError(f"out of memory: lower {setting} ({words})") from error


def refuse_endless(stage: str, in_a_row: int, setting: str) -> None:
    """Ends a training whose updates are skipped one after the other.

    Args:
        stage: Names the training.
        in_a_row: Updates skipped until now, without one that was made.
        setting: What to lower.

    Raises:
        ConfigError: there were too many.
    """
    if in_a_row >= SKIPPED_IN_A_ROW:
        raise ConfigError(
            f"{stage}: the gradients of {in_a_row} updates in a row were not finite, wanted fewer "
            f"than {SKIPPED_IN_A_ROW}; lower {setting}"
        )
