"""The same walks in Box2D, as fast as its Python wrapper goes: a world for each walker.

The set-up is that of the reference walks in `tests/golden`, which it reproduces. Box2D advances at
60 Hz with 10 velocity and 10 position iterations; distance joints are springs of given frequency
and damping ratio, or rods, and every step sets the rest lengths of the springs that oscillate.
"""

import dataclasses
import itertools
import math
import time
from typing import Any

import Box2D
import numpy as np

from physics.body import Body
from physics.rollout import SAMPLE_SECONDS
from physics.terrain import Polylines
from physics.world import World

STEPS_PER_SECOND = 60
ITERATIONS = 10  # of velocities, and of positions
SLOP = 0.005  # m; Box2D keeps surfaces this far apart, and walkers start so
NO_COLLISION_GROUP = -1  # shapes of one negative group do not collide


@dataclasses.dataclass(frozen=True, kw_only=True)
class Box2DWalk:
    """What one walk measured."""

    center_of_mass: np.ndarray  # [samples, 2] m, every SAMPLE_SECONDS from time 0
    solver_seconds: float  # spent inside Box2D's own step, without the loop around it

    @property
    def displacement(self) -> float:
        """Of the centre of mass along x, signed, m."""
        return float(self.center_of_mass[-1, 0] - self.center_of_mass[0, 0])


def make_ground(lines: Polylines, world: World) -> Any:
    """A Box2D world with the edges of a terrain."""
    scene = Box2D.b2World(gravity=(0.0, -world.gravity), doSleep=False)
    ground = scene.CreateStaticBody()
    for line in (lines.floor, *lines.ceilings):
        # Single edges, as in the reference; a chain would also smooth the seams between them.
        for start, end in itertools.pairwise(np.asarray(line, float).tolist()):
            edge = Box2D.b2EdgeShape(vertices=[start, end])
            ground.CreateFixture(shape=edge, friction=world.friction, restitution=world.restitution)
    return scene


def walk_in_box2d(
    scene: Any, body: Body, lines: Polylines, *, world: World, seconds: float
) -> Box2DWalk:
    """Adds a walker to a world that has a ground and nothing else, and lets it walk."""
    points = _place(body, lines, world)
    joints = [_add_joint(scene, point, world) for point in points]
    muscles = _add_springs(scene, joints, body, world)
    steps = round(seconds * STEPS_PER_SECOND)
    lengths = _rest_lengths(points, body, steps, world).tolist()
    interval = round(SAMPLE_SECONDS * STEPS_PER_SECOND)
    path, solver_seconds = [_center(joints)], 0.0
    for index, row in enumerate(lengths, 1):
        for muscle, length in zip(muscles, row, strict=True):
            muscle.length = length
        started = time.perf_counter()
        scene.Step(1.0 / STEPS_PER_SECOND, ITERATIONS, ITERATIONS)
        solver_seconds += time.perf_counter() - started
        if index % interval == 0:
            path.append(_center(joints))
    return Box2DWalk(center_of_mass=np.array(path), solver_seconds=solver_seconds)


def _place(body: Body, lines: Polylines, world: World) -> np.ndarray:
    """Joints centred on x = 0, a slop above the floor, [joints, 2] m."""
    points = body.joints.astype(float)
    points[:, 0] -= points[:, 0].mean()
    clearance = points[:, 1] - np.interp(points[:, 0], *lines.floor.T)
    points[:, 1] += world.joint_radius + SLOP - clearance.min()
    return points


def _add_joint(scene: Any, point: np.ndarray, world: World) -> Any:
    joint = scene.CreateDynamicBody(
        position=tuple(point.tolist()), fixedRotation=True, linearDamping=world.drag
    )
    # Mixed with the ground, friction is the root of the product and restitution the larger.
    joint.CreateFixture(
        shape=Box2D.b2CircleShape(radius=world.joint_radius),
        density=1.0,
        friction=world.friction,
        restitution=world.restitution,
        groupIndex=NO_COLLISION_GROUP,
    )
    return joint


def _add_springs(scene: Any, joints: list[Any], body: Body, world: World) -> list[Any]:
    """Joins the joints and returns the springs that oscillate, in order."""
    muscles = []
    for (first, second), rigid in zip(body.ends.tolist(), body.rigid.tolist(), strict=True):
        a, b = joints[first], joints[second]
        soft = {"frequencyHz": world.spring_hertz, "dampingRatio": world.spring_damping_ratio}
        spring = scene.CreateDistanceJoint(
            bodyA=a, bodyB=b, anchorA=a.position, anchorB=b.position, **({} if rigid else soft)
        )
        if not rigid:
            muscles.append(spring)
    return muscles


def _rest_lengths(points: np.ndarray, body: Body, steps: int, world: World) -> np.ndarray:
    """L0 (1 + a cos(w t + 2 pi phase)) of the springs that oscillate, [steps, muscles] m."""
    muscle = ~body.rigid
    first, second = points[body.ends[muscle]].transpose(1, 0, 2)
    length = np.hypot(*(first - second).T)
    time_of_step = np.arange(steps)[:, None] / STEPS_PER_SECOND
    angle = world.muscle_rate * time_of_step + 2.0 * math.pi * body.phase[muscle].astype(float)
    return length * (1.0 + body.amplitude[muscle].astype(float) * np.cos(angle))


def _center(joints: list[Any]) -> tuple[float, float]:
    """Centre of mass, m; joints weigh the same."""
    positions = [joint.position for joint in joints]
    x, y = (math.fsum(position[axis] for position in positions) for axis in (0, 1))
    return x / len(joints), y / len(joints)
