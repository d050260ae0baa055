"""From bodies to padded arrays: placement on the terrain and spring coefficients, in NumPy.

Coefficients follow from frequency and damping ratio for two joints of unit mass (reduced mass 1/2):
with w = 2 pi hertz, stiffness w^2 / 2 and damping ratio times w.
"""

import math
from collections.abc import Sequence

import numpy as np

from physics.body import Body, Capacity, spring_lengths
from physics.relief import height_at
from physics.types import DEPTH, FORWARD, Terrain, Walker
from physics.wiring import Indices
from physics.world import World

# Explicit integration of a joint is stable while h^2 k + 2 h c, summed over its springs, stays
# below 4 for the pair of joints (Gershgorin); 0.9 of it leaves room for contact.
STABLE_LOAD = 0.9 * 4.0


def assemble(
    bodies: Sequence[Body],
    terrains: Sequence[Terrain],
    capacity: Capacity,
    world: World,
    *,
    displaced: Sequence[np.ndarray] | None = None,
    rows: int | None = None,
) -> Walker:
    """Packs bodies, one terrain each, into walkers with a leading batch axis.

    Bodies are centred on x = 0, and z = 0 where there is one, by the mean of their joints, and
    lifted until the lowest clearance over the floor is the joint radius.

    Args:
        bodies: Walkers that fit the capacity, all of one dimension.
        terrains: One per body.
        capacity: Joints and springs to pad to.
        world: Physical constants.
        displaced: Added to the joints of each body, [joints, dim] m, before it is placed; its
            springs keep the lengths they were built with.
        rows: Size of the batch axis, at least the number of bodies, which it is where None. Rows
            beyond the bodies are zero: walkers without a part.

    Raises:
        ValueError: where a body exceeds the capacity.
    """
    _check_fit(bodies, capacity)
    joint_body, joint_slot = _ragged([len(body.joints) for body in bodies])
    spring_body, spring_slot = _ragged([len(body.ends) for body in bodies])
    batch = len(bodies)

    def pad(values: np.ndarray, size: int, body: np.ndarray, slot: np.ndarray) -> np.ndarray:
        padded = np.zeros((rows or batch, size), values.dtype)
        padded[body, slot] = values
        return padded

    def pad_joints(values: np.ndarray) -> np.ndarray:
        return pad(values, capacity.joints, joint_body, joint_slot)

    def pad_springs(values: np.ndarray) -> np.ndarray:
        return pad(values, capacity.springs, spring_body, spring_slot)

    built = [body.joints for body in bodies]
    if displaced is not None:
        built = [joints + shift for joints, shift in zip(built, displaced, strict=True)]
    joints = _place(np.concatenate(built), terrains, joint_body, world.joint_radius)
    ends = np.concatenate([body.ends for body in bodies])
    _, length = spring_lengths(bodies)
    swing = length * np.concatenate([body.amplitude for body in bodies])
    angle = 2.0 * math.pi * np.concatenate([body.phase for body in bodies])
    rigid = np.concatenate([body.rigid for body in bodies])
    node = ends + spring_body[:, None] * capacity.joints  # unique over the batch
    stiffness, damping = _coefficients(rigid, node, batch * capacity.joints, world)
    counts = np.bincount(joint_body, minlength=batch)
    return Walker(
        position=np.stack([pad_joints(component) for component in joints.T], axis=1),
        share=pad_joints((1.0 / counts[joint_body]).astype(np.float32)),
        wiring=Indices(np.stack([pad_springs(ends[:, 0]), pad_springs(ends[:, 1])], axis=1)),
        rest_length=pad_springs(length),
        swing_cosine=pad_springs((swing * np.cos(angle)).astype(np.float32)),
        swing_sine=pad_springs((swing * np.sin(angle)).astype(np.float32)),
        stiffness=pad_springs(stiffness),
        damping=pad_springs(damping),
    )


def _check_fit(bodies: Sequence[Body], capacity: Capacity) -> None:
    for index, body in enumerate(bodies):
        if not capacity.holds(body):
            raise ValueError(
                f"body {index}: got {len(body.joints)} joints and {len(body.ends)} springs, "
                f"want at most {capacity.joints} and {capacity.springs}"
            )


def _ragged(counts: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Owner and place within the owner of every item of concatenated ragged rows."""
    owner = np.repeat(np.arange(len(counts)), counts)
    first = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - first[owner]


def _place(
    built: np.ndarray, terrains: Sequence[Terrain], owner: np.ndarray, radius: float
) -> np.ndarray:
    """Joints as built, [all joints, dim] m, moved onto the terrains; float32 m."""
    joints = built.astype(np.float64)
    count = np.bincount(owner)
    for axis in (FORWARD, DEPTH)[: joints.shape[1] - 1]:
        joints[:, axis] -= (np.bincount(owner, weights=joints[:, axis]) / count)[owner]
    floor = np.empty(len(joints))
    distinct = {id(terrain): terrain for terrain in terrains}
    terrain_of = np.array([id(terrain) for terrain in terrains])[owner]
    for name, terrain in distinct.items():
        here = terrain_of == name
        floor[here] = _ground_under(terrain, joints[here])
    first = np.cumsum(count) - count
    clearance = np.minimum.reduceat(joints[:, 1] - floor, first)
    joints[:, 1] += (radius - clearance)[owner]
    return joints.astype(np.float32)


def _ground_under(terrain: Terrain, joints: np.ndarray) -> np.ndarray:
    """Height of the floor below joints, [n, dim] m; [n] m."""
    if terrain.relief is not None:
        return height_at(terrain.relief, joints[:, FORWARD], joints[:, DEPTH])
    return np.interp(joints[:, FORWARD], terrain.floor[0], terrain.floor[1])


def _coefficients(
    rigid: np.ndarray, node: np.ndarray, nodes: int, world: World
) -> tuple[np.ndarray, np.ndarray]:
    """Stiffness (1/s^2) and damping (1/s) of every spring, made safe to integrate explicitly."""
    soft_rate, rigid_rate = (2.0 * math.pi * hz for hz in (world.spring_hertz, world.rigid_hertz))
    stiffness = np.where(rigid, rigid_rate**2 / 2.0, soft_rate**2 / 2.0)
    damping = np.where(
        rigid,
        world.rigid_damping_ratio * rigid_rate,
        world.spring_damping_ratio * soft_rate + soft_rate**2 / 2.0 / world.reference_hertz,
    )
    # Only joints with many stiff springs are touched: a stable step for any body costs less
    # agreement with Box2D than a smaller time step would cost time.
    dt = world.time_step
    load = dt**2 * stiffness + 2.0 * dt * damping
    total = np.bincount(node[:, 0], load, nodes) + np.bincount(node[:, 1], load, nodes)
    scale = np.minimum(1.0, STABLE_LOAD / (total[node[:, 0]] + total[node[:, 1]]))
    return (scale * stiffness).astype(np.float32), (scale * damping).astype(np.float32)
