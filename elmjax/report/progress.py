"""Progress of a stage: a view that moves on a terminal, a line now and then in a log, or nothing.

with stage_progress("evolve", total=16384) as progress:
    progress.advance(512, niches=312, best=41.2)
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from rich.console import Console

# "auto" is "live" on a terminal and "plain" elsewhere.
Mode = Literal["auto", "live", "plain", "quiet"]

# Lines of a whole stage where the output is no terminal.
LINES = 20


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of the parts that a step of a stage is made of."""

    busy: float  # share of the step's time; parts that run side by side add up to more than 1
    rate: float  # units a second, while it is busy


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Something to look at meanwhile, such as the best walker."""

    title: str
    frames: Sequence[str]  # of lines of characters, shown in turn
    rate: float  # frames a second


class StageProgress:
    """Counts the units of one stage and shows them.

    Rates count from the start of the stage or of its resumption, so that what a checkpoint
    brought along does not flatter them.
    """

    def __init__(
        self,
        name: str,
        total: int,
        *,
        completed: int,
        show: Callable[["StageProgress"], None],
        clock: Callable[[], float],
    ) -> None:
        self.name = name
        self.total = total
        self.completed = completed
        self.values: dict[str, float | int | str] = {}
        self.parts: Mapping[str, Part] = {}
        self.picture: Picture | None = None
        self.has_eyes = False  # whether somebody sees pictures
        self._show = show
        self._clock = clock
        self._started = clock()
        self._at_start = completed

    def advance(
        self, units: int, parts: Mapping[str, Part] | None = None, **values: float | int | str
    ) -> None:
        """Counts units done and shows values, which stay until they are given anew.

        Args:
            units: Done since the last call.
            parts: How busy each part of the step was.
            values: Numbers and words by name.
        """
        self.completed += units
        self.parts = parts or self.parts
        self.values |= values
        self._show(self)

    def replace_show(self, show: Callable[["StageProgress"], None]) -> None:
        """Shows it in another way from now on."""
        self._show = show

    @property
    def elapsed(self) -> float:
        """Seconds since the start or the resumption."""
        return self._clock() - self._started

    @property
    def rate(self) -> float:
        """Units a second since the start; 0 before the first."""
        elapsed = self.elapsed
        return (self.completed - self._at_start) / elapsed if elapsed > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Time left at the rate so far; None while there is no rate."""
        return max(self.total - self.completed, 0) / self.rate if self.rate > 0 else None

    @property
    def speed(self) -> str:
        """Rate and time left in words; at the end the time taken."""
        left = self.seconds_left
        if left is None:
            return ""
        if left == 0:
            return f"{number(self.rate)}/s  in {_duration(self.elapsed)}"
        return f"{number(self.rate)}/s  {_duration(left)} left"

    @property
    def details(self) -> str:
        """The values in words."""
        return "  ".join(f"{name} {number(value)}" for name, value in self.values.items())

    @property
    def busy(self) -> str:
        """How busy each part is, in words."""
        shares = ", ".join(f"{name} {100 * part.busy:.0f} %" for name, part in self.parts.items())
        return f"busy {shares}" if shares else ""

    @property
    def share(self) -> float:
        """Of the stage, that is done; 1 where there is nothing to do."""
        return self.completed / self.total if self.total else 1.0

    @property
    def line(self) -> str:
        """All of it in one line."""
        done = f"{self.name}  {self.completed:,}/{self.total:,} ({100 * self.share:.0f} %)"
        return "  ".join(part for part in (done, self.speed, self.details, self.busy) if part)


@contextmanager
def stage_progress(
    name: str,
    total: int,
    *,
    completed: int = 0,
    mode: Mode = "auto",
    console: Console | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[StageProgress]:
    """Shows the progress of a stage while the block runs.

    Args:
        name: Name of the stage.
        total: Units of the whole stage, those of earlier runs included.
        completed: Units done before, when a stage resumes.
        mode: A view that moves, lines, or nothing.
        console: Where to show it; standard output by default.
        clock: Seconds from any origin.
    """
    console = console or Console()
    show = _nothing if mode == "quiet" else _Lines(console, completed)
    stage = StageProgress(name, total, completed=completed, clock=clock, show=show)
    if mode == "live" or (mode == "auto" and console.is_terminal):
        from elmjax.report.live import viewed

        with viewed(stage, console):
            yield stage
    else:
        yield stage


def _nothing(stage: StageProgress) -> None:
    pass


class _Lines:
    """Prints a line whenever another twentieth of the stage is done, and at its end."""

    def __init__(self, console: Console, completed: int) -> None:
        self._console = console
        self._shown = completed

    def __call__(self, stage: StageProgress) -> None:
        finished = stage.completed >= stage.total > self._shown
        if not finished and (stage.completed - self._shown) * LINES < stage.total:
            return
        self._shown = stage.completed
        # No wrapping: a line of a log stays one line.
        self._console.print(stage.line, soft_wrap=True, highlight=False, markup=False)


def number(value: float | int | str) -> str:
    """A value for people."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
