"""The batch as one union of walkers must equal the walkers one by one."""

from functools import partial

import jax
import numpy as np
import pytest

from physics.assemble import assemble
from physics.backends import xla
from physics.backends.batch import Batch, Episode, join_terrains
from physics.backends.lanes import simulate_lanes
from physics.backends.union import simulate_union
from physics.body import Capacity
from physics.rollout import measure, rollout
from physics.terrain import make_terrain
from physics.world import World

WORLD = World()
SMALL = Capacity(16, 32)
# 0.2 s of walk: longer ones are chaotic, and a contact met one bit earlier would show.
STEPS, INTERVAL = 48, 24


def _batch(random_body, names, capacity=SMALL):
    terrains = [make_terrain(name) for name in names]
    terrain_of = np.arange(6, dtype=np.int32) % len(names)
    bodies = [random_body(seed, 5 + seed, 8 + seed) for seed in range(6)]
    walkers = assemble(bodies, [terrains[i] for i in terrain_of], capacity, WORLD)
    batch = Batch(walkers=walkers, terrains=join_terrains(terrains), terrain_of=terrain_of)
    return batch, terrains


def _episode(steps=STEPS):
    return Episode(world=WORLD, steps=steps, interval=INTERVAL)


def _simulate(batch, *, lanes=False, steps=STEPS):
    device = jax.local_devices()[0]
    batch = xla.prepare(batch, device, lanes=lanes)
    program = xla.compile_batch(batch, _episode(steps), [device])
    return jax.tree.map(np.asarray, program(batch))


def test_a_batch_equals_a_loop_and_vmap(random_body):
    batch, (terrain,) = _batch(random_body, ["tunnel"])

    def single(walker):
        course = rollout(walker, terrain, WORLD, steps=STEPS, interval=INTERVAL)
        return measure(walker, course, STEPS * WORLD.time_step)

    together = _simulate(batch)
    mapped = jax.jit(jax.vmap(single))(batch.walkers)
    alone = jax.jit(single)
    for row in range(6):
        walker = jax.tree.map(lambda leaf, row=row: leaf[row], batch.walkers)
        expected = alone(walker)
        for outcome in (together, mapped):
            np.testing.assert_allclose(
                outcome.center_of_mass[row], expected.center_of_mass, atol=1e-5
            )
            np.testing.assert_allclose(outcome.displacement[row], expected.displacement, atol=1e-5)


def test_walkers_on_different_terrains_share_a_batch(random_body):
    names = ["flat", "left_wall", "bumpy", "tunnel"]
    batch, terrains = _batch(random_body, names)
    together = _simulate(batch)
    for index, terrain in enumerate(terrains):
        alone = _simulate(
            Batch(
                walkers=batch.walkers,
                terrains=join_terrains([terrain]),
                terrain_of=np.zeros(6, np.int32),
            )
        )
        rows = batch.terrain_of == index
        np.testing.assert_allclose(
            together.center_of_mass[rows], alone.center_of_mass[rows], atol=1e-5
        )


@pytest.mark.parametrize("names", [["flat"], ["tunnel"], ["flat", "left_wall", "bumpy", "tunnel"]])
@pytest.mark.parametrize("capacity", [Capacity(16, 32), Capacity(64, 512)])
def test_lanes_equal_the_union(random_body, names, capacity):
    # The small capacity is wired by pairs, the large one by a matrix of incidence.
    batch, _ = _batch(random_body, names, capacity)
    union, lanes = _simulate(batch), _simulate(batch, lanes=True)
    for field in ("displacement", "center_of_mass", "contact_fraction"):
        np.testing.assert_allclose(getattr(lanes, field), getattr(union, field), atol=1e-4)
    np.testing.assert_allclose(lanes.energy, union.energy, rtol=1e-3)


def test_lanes_neither_gather_nor_scatter(random_body):
    batch, _ = _batch(random_body, ["flat", "tunnel", "hills"])
    found = {}
    for lanes in (False, True):
        prepared = xla.prepare(batch, jax.local_devices()[0], lanes=lanes)
        form = simulate_lanes if lanes else simulate_union
        text = str(jax.make_jaxpr(partial(form, episode=_episode()))(prepared))
        found[lanes] = [name for name in ("gather[", "scatter-add[") if name in text]
    assert found == {False: ["gather[", "scatter-add["], True: []}


def test_one_walker_that_explodes_leaves_the_others_alone(random_body):
    batch, _ = _batch(random_body, ["tunnel"])
    before = _simulate(batch)
    batch.walkers.stiffness[2] *= 1e9
    after = _simulate(batch)
    np.testing.assert_array_equal(after.diverged, np.arange(6) == 2)
    assert after.displacement[2] == 0.0
    others = np.arange(6) != 2
    np.testing.assert_array_equal(after.center_of_mass[others], before.center_of_mass[others])


def test_the_same_batch_gives_the_same_bits(random_body):
    batch, _ = _batch(random_body, ["bumpy"])
    first, second = _simulate(batch), _simulate(batch)
    np.testing.assert_array_equal(first.center_of_mass, second.center_of_mass)
