"""Progress of a stage: a bar on a terminal, a line now and then in a log, or nothing.

with stage_progress("evolve", total=16384) as progress:
    progress.advance(512, niches=312, best=41.2)
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

# Lines of a whole stage where the output is no terminal.
LINES = 20


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
        self._show = show
        self._clock = clock
        self._started = clock()
        self._at_start = completed

    def advance(self, units: int, **values: float | int | str) -> None:
        """Counts units done and shows values, which stay until they are given anew."""
        self.completed += units
        self.values |= values
        self._show(self)

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
            return f"{_number(self.rate)}/s  in {_duration(self.elapsed)}"
        return f"{_number(self.rate)}/s  {_duration(left)} left"

    @property
    def details(self) -> str:
        """The values in words."""
        return "  ".join(f"{name} {_number(value)}" for name, value in self.values.items())


@contextmanager
def stage_progress(
    name: str,
    total: int,
    *,
    completed: int = 0,
    quiet: bool = False,
    console: Console | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[StageProgress]:
    """Shows the progress of a stage while the block runs.

    Args:
        name: Name of the stage.
        total: Units of the whole stage, those of earlier runs included.
        completed: Units done before, when a stage resumes.
        quiet: Shows nothing.
        console: Where to show it; standard output by default. A bar if it is a terminal.
        clock: Seconds from any origin.
    """
    console = console or Console()
    if quiet:
        yield StageProgress(name, total, completed=completed, show=_nothing, clock=clock)
    elif console.is_terminal:
        with _bar(console) as bar:
            task = bar.add_task(name, total=total, completed=completed, speed="", details="")
            yield StageProgress(
                name,
                total,
                completed=completed,
                clock=clock,
                show=lambda stage: bar.update(
                    task, completed=stage.completed, speed=stage.speed, details=stage.details
                ),
            )
    else:
        lines = _Lines(console, completed)
        yield StageProgress(name, total, completed=completed, show=lines, clock=clock)


def _nothing(stage: StageProgress) -> None:
    pass


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}", style="cyan", markup=False),
        TextColumn("{task.fields[details]}", markup=False),
        console=console,
    )


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
        share = 100 * stage.completed / stage.total if stage.total else 100
        parts = (
            f"{stage.name}  {stage.completed:,}/{stage.total:,} ({share:.0f} %)",
            stage.speed,
            stage.details,
        )
        # No wrapping: a line of a log stays one line.
        self._console.print(
            "  ".join(part for part in parts if part), soft_wrap=True, highlight=False, markup=False
        )


def _number(value: float | int | str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
