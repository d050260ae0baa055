"""A walker as the simulation has it: placed on level ground, springs with their coefficients."""

from dataclasses import dataclass

import numpy as np

from physics.assemble import assemble
from physics.body import Body, capacity_for
from physics.terrain import make_terrain
from physics.world import World


@dataclass(frozen=True, kw_only=True)
class Placed:
    """One walker where it starts, for joints of unit mass; unpadded, on the host."""

    body: Body
    world: World
    position: np.ndarray  # [joints, dim] float32 m
    stiffness: np.ndarray  # [springs] float32 1/s^2, softened where that keeps a step stable
    damping: np.ndarray  # [springs] float32 1/s


def place(body: Body, world: World) -> Placed:
    """Places a body on level ground.

    Raises:
        ValueError: where it exceeds every capacity of the simulation.
    """
    capacity = capacity_for(body)
    if capacity is None:
        raise ValueError(f"body: got {len(body.joints)} joints and {len(body.ends)} springs")
    walker = assemble([body], [make_terrain("flat")], capacity, world)
    springs = slice(len(body.ends))
    return Placed(
        body=body,
        world=world,
        position=walker.position[0].T[: len(body.joints)],
        stiffness=walker.stiffness[0, springs],
        damping=walker.damping[0, springs],
    )
