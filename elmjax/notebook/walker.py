"""A walker for a notebook: its program, how far and how it walks, where it comes from."""

import dataclasses
import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions, RenderResult
from rich.syntax import Syntax
from rich.text import Text

from elmjax.config import Config
from elmjax.config import load as load_config
from elmjax.evaluate import Evaluation
from elmjax.notebook.film import Film
from elmjax.notebook.ground import Place, judge_on, lines_of, name_of
from elmjax.notebook.jail import engine
from elmjax.programs import Verdict
from elmjax.qd import Record
from elmjax.report.characters import in_characters
from physics.body import Body
from physics.simulate import trajectory
from physics.terrain import TERRAINS, build

FRAMES_PER_SECOND = 30


class ProgramError(ValueError):
    """A program that builds no walker; the message says why."""


class Family(Protocol):
    """What knows where a program comes from."""

    def lineage(self, id: int) -> list["Walker"]:
        """A program and its ancestors, the seed first."""
        ...


@dataclass(frozen=True, kw_only=True)
class Walked:
    """What one walk came to."""

    terrain: str
    verdict: Verdict
    reason: str  # one line for people; empty where the verdict is OK
    distance: float  # m, the fitness; NaN unless the verdict is OK
    displacement: float  # m, signed; NaN unless the verdict is OK


@dataclass(frozen=True, kw_only=True)
class Walker:
    """One program, in the world of a configuration.

    Attributes:
        program: Its text.
        config: World, duration and terrains.
        terrain: Where it walks unless something else is said.
        name: For titles.
        record: What the history says of it; None outside a history.
        niche: Of the archive that it was taken from.
        family: Knows its ancestors.
    """

    program: str
    config: Config = field(repr=False)
    terrain: Place = "flat"
    name: str = "walker"
    record: Record | None = field(default=None, repr=False)
    niche: int | None = None
    family: Family | None = field(default=None, repr=False)

    @cached_property
    def body(self) -> Body:
        """What the program builds, in the jail.

        Raises:
            ProgramError: it builds nothing.
        """
        (execution,) = engine(self.config.programs).run([self.program])
        if execution.body is None:
            raise ProgramError(f"{self.name}: {execution.verdict}: {execution.reason}")
        return execution.body

    def walk(self, terrain: Place | None = None, *, seconds: float | None = None) -> Walked:
        """Lets it walk, as stage 1 would.

        Args:
            terrain: Name, JSON file, or `elmjax.terrain(...)`; None: its own.
            seconds: Duration, s; None: that of the configuration.

        Raises:
            ConfigError: there is no such terrain. Nothing that the program does raises.
        """
        judge, name = judge_on(self._lasting(seconds), self._place(terrain))
        return _walked(name, *judge.evaluate([self.program], name))

    def distances(self, terrains: Sequence[str] | None = None) -> pd.Series:
        """How far it walks on terrains by name, m; NaN where it does not.

        Args:
            terrains: Names; None: all that have one, those of the configuration included.
        """
        names = (
            list(dict.fromkeys([*TERRAINS, *self.config.terrain])) if terrains is None else terrains
        )
        return pd.Series({name: self.walk(name).distance for name in names}, name="distance")

    def trajectory(
        self, terrain: Place | None = None, *, seconds: float | None = None, rate: int = 30
    ) -> NDArray[np.float32]:
        """Positions of its joints, [frames, joints, 2] m, `rate` frames a second from time 0 on.

        Raises:
            ProgramError: the program builds nothing.
            ConfigError: there is no such terrain.
            ValueError: `rate` does not divide the steps of a second.
        """
        config = self._lasting(seconds)
        return trajectory(
            self.body,
            build(lines_of(config, self._place(terrain))),
            world=config.world,
            seconds=config.seconds,
            backend=config.physics.backend,
            frames_per_second=rate,
        )

    def show(self, terrain: Place | None = None, *, seconds: float | None = None) -> Film:
        """How it walks: an animation with controls in a notebook, characters in a terminal.

        Raises:
            As `trajectory`.
        """
        place, config = self._place(terrain), self._lasting(seconds)
        steps = config.world.substeps_per_second
        rate = next(rate for rate in range(FRAMES_PER_SECOND, 0, -1) if steps % rate == 0)
        return Film(
            title=f"{self.name} on {name_of(place)}",
            body=self.body,
            terrain=lines_of(config, place),
            positions=self.trajectory(place, seconds=seconds, rate=rate),
            rate=rate,
            joint_radius=config.world.joint_radius,
        )

    def ancestry(self) -> list["Walker"]:
        """The line of programs that led to it, the seed first and itself last.

        Outside a history a program has no ancestors, and the line is itself.
        """
        if self.record is None or self.family is None:
            return [self]
        return self.family.lineage(self.record.id)

    @property
    def diff(self) -> str:
        """The edit that made it of its parent, as its operator wrote it; "" where there is none."""
        return "" if self.record is None else self.record.diff

    def on(self, terrain: Place) -> "Walker":
        """The same walker, at home on another terrain."""
        return dataclasses.replace(self, terrain=terrain)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """A picture in characters, what is known, and the program."""
        yield Text("\n".join([*self._picture(), self._told()]))
        yield Syntax(self.program, "python", background_color="default")

    def __repr__(self) -> str:
        return f"<{self._told()}>"

    def _repr_html_(self) -> str:
        picture = "\n".join(self._picture())
        return (
            f'<pre style="line-height: 1.1">{picture}</pre><p>{html.escape(self._told())}</p>'
            f"<details><summary>program</summary><pre>{html.escape(self.program)}</pre></details>"
        )

    def _picture(self) -> list[str]:
        try:
            return in_characters(self.body.joints, self.body.ends)
        except ProgramError:
            return []

    def _told(self) -> str:
        told = [f"{self.name} on {name_of(self.terrain)}"]
        if self.record is not None:
            told.append(f"{self.record.fitness:.1f} m on {self.config.evolve.terrain}")
            told.append(f"program {self.record.id}")
        return ", ".join([*told, f"{len(self.program.splitlines())} lines"])

    def _place(self, terrain: Place | None) -> Place:
        return self.terrain if terrain is None else terrain

    def _lasting(self, seconds: float | None) -> Config:
        return self.config if seconds is None else dataclasses.replace(self.config, seconds=seconds)


def walker(program: str, *, config: str | Config | None = None) -> Walker:
    """A walker from the text of its program; nothing runs before it is asked to.

    Args:
        program: Python text, as in the README.
        config: World and terrains: a name such as "quickstart", a TOML file, or what
            `elmjax.config.load` gives; None: the defaults.

    Raises:
        ConfigError: there is no such configuration.
        TypeError: `program` is no text.
    """
    if not isinstance(program, str):
        raise TypeError(f"program: got {type(program).__name__}, wanted the text of a program")
    settings = config if isinstance(config, Config) else load_config(config)
    return Walker(program=program, config=settings)


def _walked(terrain: str, evaluation: Evaluation) -> Walked:
    return Walked(
        terrain=terrain,
        verdict=evaluation.verdict,
        reason=evaluation.reason,
        distance=evaluation.fitness,
        displacement=evaluation.displacement,
    )
