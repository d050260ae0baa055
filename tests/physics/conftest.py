"""Bodies and walks that the physics tests share."""

import gzip
import json
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from physics.assemble import assemble
from physics.body import Body, capacity_for
from physics.step import step
from physics.types import State
from physics.world import World


def _make_body(joints, springs, *, rigid=None, amplitude=None, phase=None) -> Body:
    count = len(springs)
    return Body(
        joints=np.array(joints, np.float32).reshape(-1, 2),
        ends=np.array(springs, np.int32).reshape(-1, 2),
        rigid=np.ones(count, bool) if rigid is None else np.array(rigid, bool),
        amplitude=np.zeros(count, np.float32) if amplitude is None else np.float32(amplitude),
        phase=np.zeros(count, np.float32) if phase is None else np.float32(phase),
    )


@pytest.fixture(scope="session")
def make_body():
    """A body from plain lists; rigid springs unless said otherwise."""
    return _make_body


@pytest.fixture(scope="session")
def random_body():
    """A random body by seed, one fifth of its springs rigid."""

    def make(seed: int, joints: int = 8, springs: int = 14) -> Body:
        random = np.random.default_rng(seed)
        first, second = np.triu_indices(joints, 1)
        chosen = random.permutation(len(first))[:springs]
        rigid = random.random(len(chosen)) < 0.2
        return _make_body(
            random.uniform(-2.0, 2.0, (joints, 2)),
            np.stack([first[chosen], second[chosen]], axis=1),
            rigid=rigid,
            amplitude=np.where(rigid, 0.0, random.uniform(-0.3, 0.3, len(chosen))),
            phase=random.random(len(chosen)),
        )

    return make


@pytest.fixture(scope="session")
def place():
    """One padded walker on a terrain."""

    def make(body, terrain, *, capacity=None, world=None):
        capacity = capacity or capacity_for(body)
        batch = assemble([body], [terrain], capacity, world or World())
        return jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), batch)

    return make


@partial(jax.jit, static_argnums=(2, 4))
def _walk(walker, terrain, world, state, steps):
    def advance(state, index):
        state, _ = step(walker, terrain, world, state, index * world.time_step)
        return state, state

    return jax.lax.scan(advance, state, jnp.arange(steps, dtype=jnp.float32))[1]


@pytest.fixture(scope="session")
def throw_many(make_body, place):
    """Positions of unconnected joints, thrown from points [joints, 2], [steps, joints, 2]."""

    def run(terrain, position, velocity, *, seconds=1.0, world=None):
        world, count = world or World(), len(position)
        walker = place(make_body(np.zeros((count, 2)), []), terrain, world=world)
        rest = jnp.zeros_like(walker.position)
        state = State(
            position=walker.position.at[:, :count].set(jnp.asarray(position, jnp.float32).T),
            velocity=rest.at[:, :count].set(jnp.asarray(velocity, jnp.float32).T),
        )
        steps = round(seconds * world.substeps_per_second)
        path = _walk(walker, terrain, world, state, steps)
        return np.asarray(path.position)[:, :, :count].transpose(0, 2, 1)

    return run


@pytest.fixture(scope="session")
def throw(make_body, place):
    """Positions and velocities of one joint thrown from a point, [steps, 2], for up to 3 s."""

    def run(terrain, position, velocity, *, seconds=1.0, world=None):
        world = world or World()
        walker = place(make_body([[0.0, 0.0]], []), terrain, world=world)
        state = State(
            position=walker.position.at[:, 0].set(jnp.array(position, jnp.float32)),
            velocity=jnp.zeros_like(walker.position).at[:, 0].set(jnp.array(velocity, jnp.float32)),
        )
        # Always of one length, so that tests share compiled programs.
        path = _walk(walker, terrain, world, state, 3 * world.substeps_per_second)
        steps = slice(round(seconds * world.substeps_per_second))
        return np.asarray(path.position)[steps, :, 0], np.asarray(path.velocity)[steps, :, 0]

    return run


@pytest.fixture(scope="session")
def walk():
    """States after every step of one walker, [steps, 2, joints]."""
    return _walk


@pytest.fixture(scope="session")
def box2d():
    """Walks recorded from Box2D; the record's `note` says how to read it."""
    path = Path(__file__).parents[1] / "golden" / "box2d_reference.json.gz"
    with gzip.open(path) as file:
        return json.load(file)


@pytest.fixture(scope="session")
def reference(box2d, make_body):
    """The bodies of those walks."""
    walkers = []
    for walker in box2d["walkers"]:
        first, second, rigid, amplitude, phase = map(np.array, zip(*walker["springs"], strict=True))
        rigid = rigid.astype(bool)
        walkers.append(
            make_body(
                walker["joints"],
                np.stack([first, second], axis=1),
                rigid=rigid,
                amplitude=np.where(rigid, 0.0, amplitude.astype(float)),
                phase=np.where(rigid, 0.0, phase.astype(float)),
            )
        )
    return walkers
