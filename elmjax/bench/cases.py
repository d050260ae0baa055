"""Named cases: random walkers that fill a capacity, on a named terrain or on all of them.

Tests and benchmarks use the same cases, so a number in a record is about walks that a test looks
at. Walkers fill their capacity to the last joint and spring: nothing measured is padding.
"""

import itertools
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from physics.body import MAX_AMPLITUDE, Body, Capacity
from physics.terrain import TERRAINS, Polylines, make_polylines

MIXED = "mixed"  # all named terrains in turn, a walker each
TERRAIN_NAMES = (*TERRAINS, MIXED)
EXTENT = 10.0  # m, width and height of the box that joints are drawn from; it fits any tunnel
RIGID_SHARE = 0.2

Item = TypeVar("Item")


def random_bodies(capacity: Capacity, count: int, seed: int = 0) -> list[Body]:
    """Connected random bodies with all the joints and springs that a capacity holds.

    The first bodies are the same however many are asked for.
    """
    random = np.random.default_rng([seed, capacity.joints, capacity.springs])
    pairs = np.stack(np.triu_indices(capacity.joints, 1), axis=1).astype(np.int32)
    return [_random_body(capacity, pairs, random) for _ in range(count)]


def case_polylines(terrain: str) -> tuple[Polylines, ...]:
    """The terrains of a case; its i-th walker stands on the i-th of them, over and over."""
    names = TERRAINS if terrain == MIXED else (terrain,)
    return tuple(make_polylines(name) for name in names)


def in_turn(items: Sequence[Item], count: int) -> list[Item]:
    """The first `count` items of an endless repetition."""
    return list(itertools.islice(itertools.cycle(items), count))


def bucket_name(capacity: Capacity) -> str:
    """A capacity in words, such as 16x32: joints, then springs."""
    return f"{capacity.joints}x{capacity.springs}"


def _random_body(capacity: Capacity, pairs: np.ndarray, random: np.random.Generator) -> Body:
    joints, springs = capacity.joints, capacity.springs
    # A tree that connects all joints, then any other pairs.
    tree = np.array([random.integers(joint) for joint in range(1, joints)])
    later = np.arange(1, joints)
    place = tree * (2 * joints - tree - 1) // 2 + later - tree - 1  # rows of `pairs`
    free = np.ones(len(pairs), bool)
    free[place] = False
    others = random.choice(np.flatnonzero(free), springs - (joints - 1), replace=False)
    rigid = random.random(springs) < RIGID_SHARE
    amplitude = random.uniform(0.0, MAX_AMPLITUDE, springs)
    return Body(
        joints=random.uniform(0.0, EXTENT, (joints, 2)).astype(np.float32),
        ends=pairs[np.concatenate([place, others])],
        rigid=rigid,
        amplitude=np.where(rigid, 0.0, amplitude).astype(np.float32),
        phase=random.random(springs).astype(np.float32),
    )
