"""How a walker walks, to be shown: an animation in a notebook, characters in a terminal."""

import html
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from elmjax.report.animation import animate_walk
from elmjax.report.characters import in_characters
from elmjax.report.drawing import Walk, draw_walk
from elmjax.report.page import film_page
from physics.body import Body
from physics.polylines import Polylines

HEIGHT = 360  # px of the animation
MOMENTS = 3  # shown where nothing moves


@dataclass(frozen=True, kw_only=True)
class Film:
    """A walk that can be shown, played and saved."""

    title: str
    body: Body = field(repr=False)
    terrain: Polylines = field(repr=False)
    positions: NDArray[np.float32] = field(repr=False)  # [frames, joints, 2] m
    rate: int  # frames a second
    joint_radius: float = field(repr=False)  # m

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return (len(self.positions) - 1) / self.rate

    @property
    def distance(self) -> float:
        """How far the centre of mass gets along x, m."""
        moved = self.positions[-1] - self.positions[0]
        return abs(float(moved[:, 0].mean(dtype=np.float64)))

    def page(self) -> str:
        """The animation as an HTML document of its own, with play, time and speed."""
        return film_page(
            self._told(),
            self.body,
            self.terrain,
            self.positions,
            rate=self.rate,
            joint_radius=self.joint_radius,
        )

    def save(self, path: str | Path) -> Path:
        """Writes it: .html as in a notebook, .gif or .mp4 as a film, .png or .svg as a picture.

        Raises:
            ValueError: the file ends in something else, or the walk left the finite numbers.
            NoEncoderError: an .mp4 without ffmpeg.
        """
        file = Path(path)
        walk = Walk(
            body=self.body, terrain=self.terrain, trajectory=self.positions, title=self._told()
        )
        match file.suffix.lower():
            case ".html":
                file.write_text(self.page(), encoding="utf-8")
            case ".gif" | ".mp4":
                animate_walk(walk, file, frames_per_second=self.rate)
            case ".png" | ".svg":
                draw_walk(walk, file)
            case other:
                raise ValueError(f"got {other!r}, wanted .html, .gif, .mp4, .png or .svg")
        return file

    def play(self, *, speed: float = 1.0, console: Console | None = None) -> None:
        """Plays it in a terminal, as fast as it was times `speed`."""
        began = time.monotonic()
        with Live(console=console, auto_refresh=False) as live:
            while (at := speed * (time.monotonic() - began)) <= self.seconds:
                live.update(Text(self._characters(round(at * self.rate))), refresh=True)
                time.sleep(1 / 24)
            live.update(Text(self._characters(-1)), refresh=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A few moments, in characters."""
        yield Text(str(self))

    def __repr__(self) -> str:
        return f"{self}\n.play() plays it in a terminal, .save('walk.html') keeps it"

    def __str__(self) -> str:
        frames = np.linspace(0, len(self.positions) - 1, MOMENTS).round().astype(int)
        return "\n".join([self._told(), *(self._characters(frame) for frame in frames)])

    def _repr_html_(self) -> str:
        # A document of its own: its policy lets nothing run but the player, whatever surrounds it.
        document = html.escape(self.page(), quote=True)
        return (
            f'<iframe srcdoc="{document}" title="{html.escape(self.title, quote=True)}" '
            f'sandbox="allow-scripts" style="width: 100%; height: {HEIGHT}px; border: 0"></iframe>'
        )

    def _told(self) -> str:
        return f"{self.title}: {self.distance:.1f} m in {self.seconds:g} s"

    def _characters(self, frame: int) -> str:
        return "\n".join(in_characters(self.positions[frame], self.body.ends, self.terrain))
