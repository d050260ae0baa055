"""From program text to fitness and descriptor: the jail, then the physics, in one batch.

Fitness is the distance |displacement| that the centre of mass moves along x (paper, section 4);
the descriptor, or measures, are the body's initial height, width and mass.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from elmjax.programs import Execution, ProgramPool, Verdict
from physics.body import Body
from physics.room import has_room
from physics.simulate import simulate
from physics.terrain import Polylines, build
from physics.world import World


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What became of one program."""

    verdict: Verdict
    reason: str
    error: str = ""  # standard class of what the program raised, where it is RUNTIME
    body: Body | None = None  # where the program built one
    displacement: float = math.nan  # m, signed; NaN unless `verdict` is OK

    @property
    def fitness(self) -> float:
        """Distance walked, m; NaN unless `verdict` is OK."""
        return abs(self.displacement)

    @property
    def measures(self) -> tuple[float, float, float]:
        """Height m, width m and mass of the body; NaN where there is none."""
        if self.body is None:
            return (math.nan, math.nan, math.nan)
        return (self.body.height, self.body.width, self.body.mass)


@dataclass(frozen=True, kw_only=True)
class Walk:
    """What became of one body on one terrain."""

    verdict: Verdict = Verdict.OK
    reason: str = ""
    displacement: float = math.nan  # m


_NO_ROOM = Walk(verdict=Verdict.NO_ROOM, reason="the body reaches beyond a wall where it starts")
_DIVERGED = Walk(verdict=Verdict.DIVERGED, reason="the simulation left the finite numbers")


class Evaluator:
    """Evaluates programs on named terrains; equal ones, and equal bodies, are run once a batch."""

    def __init__(
        self,
        pool: ProgramPool,
        terrains: Mapping[str, Polylines],
        *,
        world: World,
        seconds: float,
    ) -> None:
        self._pool = pool
        self._lines = dict(terrains)
        self._terrains = {name: build(lines) for name, lines in terrains.items()}
        self._world = world
        self._seconds = seconds

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
        distinct = list(dict.fromkeys(programs))
        executions = dict(zip(distinct, self._pool.run(distinct), strict=True))
        bodies = {
            (body.digest(), name): body
            for program, name in zip(programs, names, strict=True)
            if (body := executions[program].body) is not None
        }
        walks = self._walk(bodies)
        return [
            _judge(executions[program], name, walks)
            for program, name in zip(programs, names, strict=True)
        ]

    def _walk(self, bodies: Mapping[tuple[str, str], Body]) -> dict[tuple[str, str], Walk]:
        """What became of every body on its terrain, by (digest, terrain)."""
        radius = self._world.joint_radius
        placed = {
            key: body for key, body in bodies.items() if has_room(body, self._lines[key[1]], radius)
        }
        walks = dict.fromkeys(bodies, _NO_ROOM)
        if placed:
            outcome = simulate(
                list(placed.values()),
                [self._terrains[name] for _, name in placed],
                world=self._world,
                seconds=self._seconds,
            )
            results = zip(placed, outcome.displacement, outcome.diverged, strict=True)
            walks |= {
                key: _DIVERGED if diverged else Walk(displacement=float(displacement))
                for key, displacement, diverged in results
            }
        return walks


def _judge(execution: Execution, terrain: str, walks: Mapping[tuple[str, str], Walk]) -> Evaluation:
    if execution.body is None:
        return Evaluation(verdict=execution.verdict, reason=execution.reason, error=execution.error)
    walk = walks[execution.body.digest(), terrain]
    return Evaluation(
        verdict=walk.verdict,
        reason=walk.reason,
        body=execution.body,
        displacement=walk.displacement,
    )
