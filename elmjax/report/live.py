"""The view of a running stage on a terminal: how far it is, its parts, its best walker walking."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from elmjax.report.progress import StageProgress, number

REFRESHES = 8  # a second
BAR_WIDTH = 30  # characters


@contextmanager
def viewed(stage: StageProgress, console: Console) -> Iterator[None]:
    """Shows a stage while the block runs, and one line of it at the end."""
    stage.has_eyes = True
    stage.replace_show(_nothing)
    began = time.monotonic()
    try:
        with Live(
            get_renderable=lambda: view(stage, time.monotonic() - began),
            console=console,
            refresh_per_second=REFRESHES,
            transient=True,
        ):
            yield
    finally:
        console.print(Text(stage.line), soft_wrap=True)


def view(stage: StageProgress, seconds: float) -> RenderableType:
    """What is shown at a moment.

    Args:
        stage: As it is.
        seconds: Since the view began, which says the frame of its picture.
    """
    shown: list[RenderableType] = [_headline(stage)]
    if stage.values:
        shown.append(Text(f"  {stage.details}"))
    beside = [part for part in (_parts(stage), _picture(stage, seconds)) if part is not None]
    if beside:
        columns = Table.grid(padding=(0, 4))
        columns.add_row(*beside)
        shown.append(columns)
    return Group(*shown)


def _nothing(stage: StageProgress) -> None:
    """The view looks at the stage by itself."""


def _headline(stage: StageProgress) -> RenderableType:
    line = Table.grid(padding=(0, 2))
    bar = ProgressBar(total=max(stage.total, 1), completed=stage.completed, width=BAR_WIDTH)
    line.add_row(
        Text(stage.name, style="bold"),
        bar,
        Text(f"{stage.completed:,}/{stage.total:,}"),
        Text(f"{100 * stage.share:.0f} %"),
        Text(stage.speed, style="cyan"),
    )
    return line


def _parts(stage: StageProgress) -> RenderableType | None:
    if not stage.parts:
        return None
    table = Table(box=None, header_style="dim", pad_edge=True)
    table.add_column("part")
    table.add_column("busy", justify="right")
    table.add_column("a second", justify="right")
    for name, part in stage.parts.items():
        table.add_row(Text(name), f"{100 * part.busy:.0f} %", number(part.rate))
    return table


def _picture(stage: StageProgress, seconds: float) -> RenderableType | None:
    picture = stage.picture
    if picture is None or not picture.frames:
        return None
    frame = picture.frames[int(seconds * picture.rate) % len(picture.frames)]
    return Group(Text(picture.title, style="dim"), Text(frame, style="green"))
