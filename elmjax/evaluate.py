"""From program text to fitness and descriptor: the jail, then the physics, in one batch.

What a program builds and how a body walks are remembered, because they are the same every time;
what a busy machine may have decided is not.

Fitness is the distance that the centre of mass moves along x, to either side (paper, section 4), in
three dimensions perhaps that in any direction of the level, or the mean or worst of several from
perturbed starts; the descriptor, or measures, are the body's initial height, width and mass, and
perhaps depth, in metres or in the units of another simulator.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import jax
import numpy as np

from elmjax.cache import Cache
from elmjax.dist import hosts
from elmjax.executions import Executions
from elmjax.programs import Engine, Execution, Verdict
from physics.body import Body
from physics.distance import Distance, distances
from physics.polylines import Polylines
from physics.robustness import Starts, simulate_perturbed
from physics.room import has_room
from physics.simulate import simulate
from physics.terrain import build
from physics.types import Terrain
from physics.world import World

Scale = tuple[float, ...]  # of a body's x, y and perhaps z, before it is measured
METRES: Scale = (1.0, 1.0)
MEASURES = ("height", "width", "mass")
SPATIAL_MEASURES = (*MEASURES, "depth")  # depth comes last: what knows of three finds them


def is_in_metres(scale: Scale) -> bool:
    """Whether a scale changes nothing."""
    return all(factor == 1.0 for factor in scale)


def measures_of(
    body: Body | None, scale: Scale = METRES, names: Sequence[str] = MEASURES
) -> tuple[float, ...]:
    """Height, width and mass of a body, or other measures; NaN where there is no body.

    With a scale they are those of the stretched body. Mass counts lengths of springs, so the one
    of a body stretched unequally follows from no factor: every spring is measured anew.
    """
    if body is None:
        return (math.nan,) * len(names)
    factors = np.asarray((*scale, 1.0)[: body.dim], np.float32)
    stretched = replace(body, joints=body.joints * factors)
    return tuple(getattr(stretched, name) for name in names)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What became of one program."""

    verdict: Verdict
    reason: str
    error: str = ""  # standard class of what the program raised, where it is RUNTIME
    body: Body | None = None  # where the program built one
    displacement: float = math.nan  # m, signed; NaN unless `verdict` is OK
    fitness: float = math.nan  # m, distance walked; NaN unless `verdict` is OK
    scale: Scale = METRES  # in which `measures` are taken
    names: tuple[str, ...] = MEASURES  # of the measures

    @cached_property
    def measures(self) -> tuple[float, ...]:
        """What says the niche, such as height, width and mass of the scaled body, by `names`.

        NaN where there is no body. In metres (mass has no unit) where the scale is 1.
        """
        return measures_of(self.body, self.scale, self.names)


@dataclass(frozen=True, kw_only=True)
class Walk:
    """What became of one body on one terrain."""

    verdict: Verdict = Verdict.OK
    reason: str = ""
    displacement: float = math.nan  # m, the mean over its starts
    fitness: float = math.nan  # m

    def plain(self) -> list[Any]:
        """As JSON can hold it, to the last bit."""
        return [self.verdict.value, self.reason, self.displacement, self.fitness]

    @classmethod
    def from_plain(cls, told: Sequence[Any]) -> "Walk":
        """Of what `plain` gives."""
        return cls(verdict=Verdict(told[0]), reason=told[1], displacement=told[2], fitness=told[3])


@dataclass(frozen=True, kw_only=True)
class Perturbed:
    """Scores every body by walks from perturbed starts."""

    starts: Starts
    score: Literal["mean", "worst"] = "mean"  # of the distances


_Place = tuple[str, str]  # digest of a body and name of a terrain

_NO_ROOM = Walk(verdict=Verdict.NO_ROOM, reason="the body reaches beyond a wall where it starts")
_DIVERGED = Walk(verdict=Verdict.DIVERGED, reason="the simulation left the finite numbers")


class Evaluator:
    """Evaluates programs on named terrains; equal ones, and equal bodies, are run once.

    Walks are remembered by body and terrain: world and duration are the same for all of them.
    """

    def __init__(
        self,
        pool: Engine,
        terrains: Mapping[str, Polylines],
        *,
        world: World,
        seconds: float,
        remembered: int = 16_384,
        perturbed: Perturbed | None = None,
        scale: Scale = METRES,
        measures: tuple[str, ...] = MEASURES,
        backend: str = "auto",
        devices: Sequence[jax.Device] | None = None,
        distance: Distance = "forward",
    ) -> None:
        """Builds the terrains.

        Args:
            pool: Runs the programs.
            terrains: Polylines by name.
            world: Physical constants.
            seconds: Duration of a walk, s.
            remembered: Programs, and walks, that are remembered at most; 3 kB each, typically.
            perturbed: How starts are perturbed; None for the one exact start.
            scale: Of x, y and perhaps z in the measures; walks do not know it.
            measures: Names of the measures.
            backend: What simulates walks; see `physics.simulate.simulate`.
            devices: Where; None: all of this process.
            distance: What fitness is; see `physics.distance.distances`.
        """
        self._lines = dict(terrains)
        self._terrains = {name: build(lines) for name, lines in terrains.items()}
        self._world = world
        self._seconds = seconds
        self._perturbed = perturbed
        self._descriptor: dict[str, Any] = {"scale": scale, "names": measures}
        self._backend = backend
        self._devices = devices
        self._distance = distance
        self._executions = Executions(pool, remembered)
        self._walks: Cache[_Place, Walk] = Cache(remembered)

    def evaluate(self, programs: Sequence[str], terrain: str | Sequence[str]) -> list[Evaluation]:
        """Evaluates a batch of programs.

        Args:
            programs: program texts.
            terrain: the name of one terrain for all, or one for each program.

        Returns:
            One evaluation per program, in order. Nothing that a program does raises.
        """
        names = [terrain] * len(programs) if isinstance(terrain, str) else list(terrain)
        if len(names) != len(programs):
            raise ValueError(f"terrain: got {len(names)} names, wanted one or {len(programs)}")
        return self.judge(self.execute(programs), names)

    def execute(self, programs: Sequence[str]) -> list[Execution]:
        """The first half of `evaluate`: runs the programs. Threads may call it, and `judge`."""
        return self._executions.run(programs)

    def judge(self, executions: Sequence[Execution], names: Sequence[str]) -> list[Evaluation]:
        """The second half of `evaluate`: lets what programs built walk on terrains by name."""
        places = [
            None if execution.body is None else (execution.body.digest(), name)
            for execution, name in zip(executions, names, strict=True)
        ]
        bodies = [execution.body for execution in executions]
        walks = self._walk(dict(zip(places, bodies, strict=True)), places)
        return [
            _judge(execution, None if place is None else walks[place], self._descriptor)
            for execution, place in zip(executions, places, strict=True)
        ]

    def confirm(
        self, programs: Sequence[str], evaluations: Sequence[Evaluation]
    ) -> list[Evaluation]:
        """Runs programs once more, each in a worker that never saw another program.

        Returns:
            The evaluation of each that built the same body again, and UNREPEATABLE for the others.
        """
        confirmed = []
        for program, evaluation, again in zip(
            programs, evaluations, self._executions.run_fresh(programs), strict=True
        ):
            if _digest(again.body) == _digest(evaluation.body):
                confirmed.append(evaluation)
                continue
            self._executions.forget(program)
            found = "another body" if again.body is not None else str(again.verdict)
            reason = f"a second run, in a fresh worker, gave {found}"
            confirmed.append(Evaluation(verdict=Verdict.UNREPEATABLE, reason=reason))
        return confirmed

    def hit_rates(self) -> dict[str, float]:
        """Shares of programs and of walks, asked for since the last call, that needed no run."""
        return {
            "program_hits": self._executions.take_rate(),
            "walk_hits": self._walks.take_rate(),
        }

    def _walk(
        self,
        bodies: Mapping[_Place | None, Body | None],
        asked: Sequence[_Place | None],
    ) -> dict[_Place, Walk]:
        """What became of every body on its terrain, by (digest, terrain)."""
        walks = self._walks.find(place for place in asked if place is not None)
        missing = {
            place: body
            for place, body in bodies.items()
            if place is not None and body is not None and place not in walks
        }
        for place, walk in self._simulate(missing).items():
            walks[place] = walk
            self._walks.keep(place, walk)
        return walks

    def _simulate(self, bodies: Mapping[_Place, Body]) -> dict[_Place, Walk]:
        radius = self._world.joint_radius
        placed = {
            key: body for key, body in bodies.items() if has_room(body, self._lines[key[1]], radius)
        }
        walks = dict.fromkeys(bodies, _NO_ROOM)
        if placed:
            pairs = [(body, self._terrains[name]) for (_, name), body in placed.items()]
            scored = hosts.shared(
                "walks", pairs, self._score, tell=Walk.plain, read=Walk.from_plain
            )
            walks |= zip(placed, scored, strict=True)
        return walks

    def _score(self, placed: Sequence[tuple[Body, Terrain]]) -> list[Walk]:
        if not placed:  # no share for this host
            return []
        bodies, grounds = [body for body, _ in placed], [ground for _, ground in placed]
        settings: dict[str, Any] = {
            "world": self._world,
            "seconds": self._seconds,
            "backend": self._backend,
            "devices": self._devices,
        }
        if self._perturbed is None:
            outcome = simulate(bodies, grounds, **settings)
            diverged, displacement = outcome.diverged, outcome.displacement
            fitness = distances(outcome, self._distance)
        else:
            starts = self._perturbed.starts
            robust = simulate_perturbed(
                bodies, grounds, starts, distance=self._distance, **settings
            )
            diverged = robust.diverged
            displacement = robust.outcome.displacement.reshape(-1, starts.count).mean(axis=1)
            fitness = robust.mean if self._perturbed.score == "mean" else robust.worst
        return [
            _DIVERGED if failed else Walk(displacement=float(moved), fitness=float(scored))
            for failed, moved, scored in zip(diverged, displacement, fitness, strict=True)
        ]


def _digest(body: Body | None) -> str | None:
    return None if body is None else body.digest()


def _judge(execution: Execution, walk: Walk | None, descriptor: Mapping[str, Any]) -> Evaluation:
    if walk is None:
        return Evaluation(verdict=execution.verdict, reason=execution.reason, error=execution.error)
    return Evaluation(
        verdict=walk.verdict,
        reason=walk.reason,
        body=execution.body,
        displacement=walk.displacement,
        fitness=walk.fitness,
        **descriptor,
    )
