"""Checkpoints of a stage: a pytree of arrays and a few JSON notes, written atomically by Orbax.

The only module that knows Orbax, whose v1 interface still stands under `experimental`.
"""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import jax
import numpy as np
import orbax.checkpoint.experimental.v1 as orbax


class Checkpoints:
    """The checkpoints of one stage in one folder, newest last; older ones are deleted."""

    def __init__(self, folder: Path, *, keep: int = 2) -> None:
        self._checkpointer = orbax.training.Checkpointer(
            folder.absolute(),
            preservation_policy=orbax.training.preservation_policies.LatestN(keep),
            cleanup_tmp_directories=True,
        )

    def latest(self) -> int | None:
        """The step of the newest complete checkpoint, or None where there is none."""
        newest = self._checkpointer.latest
        return None if newest is None else int(newest.step)

    def save(self, step: int, state: Any, notes: dict[str, Any] | None = None) -> None:
        """Writes a checkpoint; one that is not complete is never read.

        Args:
            step: larger than that of every checkpoint before.
            state: a pytree of arrays; typed PRNG keys are not arrays, save their `key_data`.
            notes: what JSON can hold.
        """
        arrays = jax.tree.map(np.asarray, state)
        self._checkpointer.save(step, arrays, custom_metadata=notes or {}, force=True)

    def restore(self, like: Any) -> tuple[int, Any, dict[str, Any]]:
        """Reads the newest checkpoint.

        Args:
            like: a pytree with the structure, shapes and dtypes that are wanted.

        Returns:
            Its step, state and notes.

        Raises:
            FileNotFoundError: where there is none.
        """
        step = self.latest()
        if step is None:
            raise FileNotFoundError(f"{self._checkpointer.directory}: holds no checkpoint")
        state = self._checkpointer.load(step, jax.tree.map(np.asarray, like))
        notes = self._checkpointer.metadata(step).custom_metadata or {}
        return step, state, dict(notes)

    def close(self) -> None:
        """Waits for writing to end."""
        self._checkpointer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
