"""Checkpoints of a stage: a pytree of arrays and a few JSON notes, written atomically by Orbax.

The only module that knows Orbax, whose v1 interface still stands under `experimental`. Every
checkpoint carries a checksum of its arrays: one that was damaged later is passed over.

On several hosts all of them call every method at the same steps, while none of their devices is at
work: Orbax has programs of its own run on these, to see that all are there. Host 0 writes whole
arrays, and the others wait.
"""

import errno
import logging
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import jax
import numpy as np
import orbax.checkpoint.experimental.v1 as orbax

from elmjax.dist import hosts
from elmjax.dist.placement import fetch

_log = logging.getLogger(__name__)

Notes = dict[str, Any]


class Restored(NamedTuple):
    """What a checkpoint holds."""

    step: int
    state: Any
    notes: Notes


class Checkpoints:
    """The checkpoints of one stage in one folder, newest last; older ones are deleted."""

    def __init__(
        self, folder: Path, *, keep: int = 2, best: str | None = None, read_only: bool = False
    ) -> None:
        """Opens the folder, which is created if need be.

        Args:
            folder: Holds nothing else.
            keep: Newest checkpoints that are kept.
            best: A metric; the checkpoint in which it is highest is kept too.
            read_only: Leaves alone what another process may be writing.
        """
        policies = orbax.training.preservation_policies
        kept = [policies.LatestN(keep)]
        if best is not None:
            kept.append(policies.BestN(get_metric_fn=lambda metrics: metrics[best], n=1))
        self._folder = folder.absolute()
        self._checkpointer = orbax.training.Checkpointer(
            self._folder,
            preservation_policy=policies.AnyPreservationPolicy(kept),
            cleanup_tmp_directories=not read_only,
        )
        self._writing: tuple[int, Any] | None = None

    def latest(self) -> int | None:
        """The step of the newest complete checkpoint, or None where there is none."""
        self.wait()
        newest = self._checkpointer.latest
        return None if newest is None else int(newest.step)

    def save(
        self,
        step: int,
        state: Any,
        notes: Notes | None = None,
        metrics: dict[str, float] | None = None,
    ) -> None:
        """Copies the state and writes it meanwhile; what is not complete is never read.

        Args:
            step: larger than that of every checkpoint before.
            state: a pytree of arrays; typed PRNG keys are not arrays, save their `key_data`.
            notes: what JSON can hold.
            metrics: by which the best checkpoint is told, all of them numbers.

        Raises:
            OSError: this checkpoint or the one before cannot be written.
        """
        self.wait()
        # Copies: the next step may be given the memory of the device's arrays.
        arrays = jax.tree.map(np.array, fetch(state))
        described = {"notes": notes or {}, "checksum": _checksum(arrays)}
        with _telling(self._folder, step):
            response = self._checkpointer.save_async(
                step, arrays, custom_metadata=described, metrics=metrics, force=True
            )
        self._writing = (step, response)
        if hosts.count() > 1:
            self.wait()

    def wait(self) -> None:
        """Waits until the last checkpoint is written.

        Raises:
            OSError: it cannot be written.
        """
        if self._writing is None:
            return
        (step, response), self._writing = self._writing, None
        with _telling(self._folder, step):
            response.result()

    def restore(self, like: Any) -> Restored:
        """Reads the newest checkpoint that is whole; says so where it is not the newest.

        Args:
            like: a pytree with the structure, shapes and dtypes that are wanted.

        Raises:
            FileNotFoundError: where there is none.
        """
        found, _ = self._newest_whole(like, _anything)
        if found is None:
            raise FileNotFoundError(f"{self._folder}: holds no checkpoint that can be read")
        return found

    def recover(self, like: Any, fits: Callable[[Notes], str] | None = None) -> Restored | None:
        """Reads the newest checkpoint that is whole and fits, to go on from it.

        Newer ones are moved to `FOLDER.damaged`, so that their steps can be saved anew.

        Args:
            like: as of `restore`.
            fits: says of the notes of a checkpoint why it cannot be used; "" where it can.

        Returns:
            None where there is none.
        """
        found, useless = self._newest_whole(like, fits or _anything)
        if useless:
            hosts.once(lambda: self._set_aside(useless))
            self._checkpointer.reload()
        return found

    def _set_aside(self, steps: list[int]) -> None:
        aside = self._folder.with_name(f"{self._folder.name}.damaged")
        aside.mkdir(exist_ok=True)
        for step in steps:
            number = len(list(aside.iterdir()))
            (self._folder / str(step)).rename(aside / f"{step}-{number}")

    def damages(self) -> list[str]:
        """What is wrong with the checkpoints, a line each, whatever they hold."""
        read = ((step, self._read(step, None)[1]) for step in self._steps())
        return [f"checkpoint {step}: {wrong}" for step, wrong in read if wrong]

    def _steps(self) -> list[int]:
        """Of all complete checkpoints, newest first."""
        self.wait()
        return sorted((int(each.step) for each in self._checkpointer.checkpoints), reverse=True)

    def _newest_whole(
        self, like: Any, fits: Callable[[Notes], str]
    ) -> tuple[Restored | None, list[int]]:
        """The newest useful checkpoint, and the steps of those after it."""
        useless: list[int] = []
        for step in self._steps():
            found, wrong = self._read(step, like)
            wrong = wrong or ("" if found is None else fits(found.notes))
            if not wrong:
                return found, useless
            _log.warning("%s: checkpoint %d is passed over: %s", self._folder, step, wrong)
            useless.append(step)
        return None, useless

    def _read(self, step: int, like: Any) -> tuple[Restored | None, str]:
        """A checkpoint, or what is wrong with it; as it was written where `like` is None."""
        try:
            state = self._checkpointer.load(step, jax.tree.map(np.asarray, like))
            described = dict(self._checkpointer.metadata(step).custom_metadata or {})
        # Damage shows as an error of whichever of Orbax' layers stumbles over it first.
        except Exception as error:
            return None, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        if described.get("checksum") != _checksum(state):
            return None, "its arrays are not those that were written"
        return Restored(step, state, dict(described["notes"])), ""

    def close(self) -> None:
        """Waits for writing to end.

        Raises:
            OSError: the last checkpoint cannot be written.
        """
        try:
            self.wait()
        finally:
            with _telling(self._folder, "newest"):
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


@contextmanager
def _telling(folder: Path, step: int | str) -> Iterator[None]:
    """Turns whatever keeps a checkpoint from being written into an OSError of one line."""
    try:
        yield
    except Exception as error:
        words, full = " ".join(str(error).split()), os.strerror(errno.ENOSPC)
        # Orbax names file after file of its own before it comes to the reason.
        words = full if full in words else words[:300]
        raise OSError(f"{folder}: checkpoint {step} cannot be written: {words}") from error


def _anything(notes: Notes) -> str:
    del notes
    return ""


def _checksum(arrays: Any) -> int:
    """Sum of the CRC-32 of the bytes of all arrays, which is the same in every order of them."""
    sums = (zlib.crc32(np.ascontiguousarray(leaf).data) for leaf in jax.tree.leaves(arrays))
    return sum(sums) % 2**32
