"""Walks from perturbed starts: how much of a gait survives when the world is not exact.

The paper's chaotic walkers owe their distance to one exact start. Here a body walks several times,
its joints moved a little at random before it is placed; the random numbers follow from the body,
so that the same body is judged alike wherever and whenever it is met.
"""

import dataclasses
from collections.abc import Sequence

import jax
import numpy as np

from physics.body import Body
from physics.distance import Distance, distances
from physics.simulate import simulate
from physics.types import Outcome, Terrain
from physics.world import World


@dataclasses.dataclass(frozen=True, kw_only=True)
class Starts:
    """How starts are perturbed.

    Raises:
        ValueError: on construction, where a value is out of range.
    """

    count: int = 4  # walks of each body
    jitter: float = 0.05  # m, standard deviation of each coordinate of each joint

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"Starts.count: got {self.count}, want at least 1")
        if not 0.0 <= self.jitter <= 1.0:
            raise ValueError(f"Starts.jitter: got {self.jitter}, want 0 to 1 m")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Robustness:
    """Distances over the perturbed starts of each body; NumPy, m."""

    outcome: Outcome  # of all walks, [bodies * count], those of the first body first
    mean: np.ndarray  # [bodies]; a walk that diverged counts as no distance
    worst: np.ndarray  # [bodies]
    diverged: np.ndarray  # [bodies] bool, in any of its walks


def simulate_perturbed(
    bodies: Sequence[Body],
    terrains: Terrain | Sequence[Terrain],
    starts: Starts,
    *,
    world: World | None = None,
    seconds: float = 10.0,
    backend: str = "auto",
    devices: Sequence[jax.Device] | None = None,
    distance: Distance = "forward",
) -> Robustness:
    """Walks every body from `starts.count` perturbed starts; see `simulate` and `distances`."""
    count = starts.count
    if not isinstance(terrains, Terrain):
        terrains = [terrain for terrain in terrains for _ in range(count)]
    outcome = simulate(
        [body for body in bodies for _ in range(count)],
        terrains,
        world=world,
        seconds=seconds,
        backend=backend,
        devices=devices,
        displaced=[shift for body in bodies for shift in perturbations(body, starts)],
    )
    scores = distances(outcome, distance).reshape(-1, count)
    return Robustness(
        outcome=outcome,
        mean=scores.mean(axis=1),
        worst=scores.min(axis=1),
        diverged=outcome.diverged.reshape(-1, count).any(axis=1),
    )


def perturbations(body: Body, starts: Starts) -> list[np.ndarray]:
    """What is added to the joints of a body for each start, [joints, dim] float32 m."""
    random = np.random.default_rng(int(body.digest(), 16))
    shape = (starts.count, *body.joints.shape)
    return list(random.normal(0.0, starts.jitter, shape).astype(np.float32))
