"""Walkers as a domain of `elmjax.map_elites`: any terrain, any measures of body and walk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import jax

from elmjax.config import Config
from elmjax.config import load as load_config
from elmjax.notebook.ground import Place, lines_of, name_of
from elmjax.notebook.jail import engine
from elmjax.programs import SEEDS, Execution
from elmjax.qd import Cells
from elmjax.search import Domain, Score
from physics.body import Body
from physics.polylines import Polylines
from physics.room import has_room
from physics.simulate import simulate
from physics.terrain import build
from physics.types import Outcome

Fitness = Callable[[Body, Outcome], float]
Measures = Callable[[Body, Outcome], Sequence[float]]


def distance(body: Body, walk: Outcome) -> float:
    """How far the centre of mass gets along x, m: the fitness of the paper."""
    del body
    return abs(float(walk.displacement))


def walkers(
    terrain: Place = "flat",
    *,
    grid: Cells,
    measures: Measures,
    fitness: Fitness = distance,
    seeds: Sequence[str] = ("square",),
    config: str | Config | None = None,
) -> Domain:
    """Walker programs on a terrain, told apart by measures of one's own.

    Args:
        terrain: Name, JSON file, or `elmjax.terrain(...)`.
        grid: Cells over the measures.
        measures: Of a body and its walk; `physics.types.Outcome` says what a walk measures.
        fitness: Of a body and its walk; higher is better.
        seeds: Names of the paper's four, or texts of programs.
        config: World and duration: a name, a TOML file or a `Config`; None: the defaults.

    Raises:
        ConfigError: there is no such terrain or configuration.
    """
    settings = config if isinstance(config, Config) else load_config(config)
    trial = _Trial(settings, lines_of(settings, terrain), fitness, measures)
    return Domain(
        name=f"walkers on {name_of(terrain)}",
        seeds=[SEEDS.get(seed, seed) for seed in seeds],
        grid=grid,
        evaluate=trial,
    )


@dataclass(frozen=True)
class _Trial:
    """Runs programs, lets what they build walk, and scores it."""

    config: Config
    lines: Polylines
    fitness: Fitness
    measures: Measures

    def __call__(self, programs: Sequence[str]) -> list[Score]:
        executions = engine(self.config.programs).run(programs)
        standing = {
            row: execution.body
            for row, execution in enumerate(executions)
            if execution.body is not None and self._has_room(execution.body)
        }
        walks = dict(zip(standing, self._walks(list(standing.values())), strict=True))
        return [
            self._score(standing[row], walks[row]) if row in standing else _fallen(execution)
            for row, execution in enumerate(executions)
        ]

    def _has_room(self, body: Body) -> bool:
        return has_room(body, self.lines, self.config.world.joint_radius)

    def _walks(self, bodies: Sequence[Body]) -> list[Outcome]:
        if not bodies:
            return []
        outcome = simulate(
            bodies,
            build(self.lines),
            world=self.config.world,
            seconds=self.config.seconds,
            backend=self.config.physics.backend,
        )
        return [jax.tree.map(lambda leaf, i=i: leaf[i], outcome) for i in range(len(bodies))]

    def _score(self, body: Body, walk: Outcome) -> Score:
        if walk.diverged:
            return Score(outcome="diverged", reason="the simulation left the finite numbers")
        return Score(fitness=self.fitness(body, walk), measures=self.measures(body, walk))


def _fallen(execution: Execution) -> Score:
    if execution.body is None:
        return Score(outcome=str(execution.verdict), reason=execution.reason)
    return Score(outcome="no_room", reason="the body reaches beyond a wall where it starts")
