"""The metrics log for TensorBoard, written by the package `tensorboard`, which needs no framework.

The event files are a copy: they are made anew from the log whenever a process begins to write, so
that they hold every step once, also those from before TensorBoard was asked for.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from elmjax.report.mirror import MirrorError, numbers_of


class TensorBoard:
    """Event files in one folder; the tag of a number is `STAGE/NAME`."""

    def __init__(self, folder: Path) -> None:
        """Writes nothing yet.

        Raises:
            MirrorError: the package is not installed.
        """
        try:
            from tensorboard.summary import Writer
        except ImportError as error:
            raise MirrorError(
                f"metrics.tensorboard: {error.name} is not installed; pip install "
                "'elmjax[tensorboard]'"
            ) from None
        self._folder = folder
        self._open = Writer
        self._writer: Any = None

    def restart(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Replaces the event files of the folder by one with these lines."""
        self.close()
        for path in self._folder.glob("events.out.tfevents.*"):
            path.unlink()
        self._writer = self._open(str(self._folder))
        for line in lines:
            self._put(line)
        self._writer.flush()

    def add(self, line: Mapping[str, Any]) -> None:
        """Writes one line to disk."""
        self._put(line)
        self._writer.flush()

    def close(self) -> None:
        """Ends the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _put(self, line: Mapping[str, Any]) -> None:
        for tag, number in numbers_of(line).items():
            self._writer.add_scalar(tag, number, line["step"])
