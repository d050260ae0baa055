"""The batch as one union of walkers must equal the walkers one by one."""

import jax
import numpy as np

from physics.assemble import assemble
from physics.backends.xla import Batch, join_terrains, simulate_batch
from physics.body import Capacity
from physics.rollout import measure, rollout
from physics.terrain import make_terrain
from physics.world import World

WORLD = World()
# 0.2 s of walk: longer ones are chaotic, and a contact met one bit earlier would show.
STEPS, INTERVAL = 48, 24


def _batch(random_body, names):
    terrains = [make_terrain(name) for name in names]
    terrain_of = np.arange(6, dtype=np.int32) % len(names)
    bodies = [random_body(seed, 5 + seed, 8 + seed) for seed in range(6)]
    walkers = assemble(bodies, [terrains[i] for i in terrain_of], Capacity(16, 32), WORLD)
    batch = Batch(walkers=walkers, terrains=join_terrains(terrains), terrain_of=terrain_of)
    return batch, terrains


def _simulate(batch):
    return simulate_batch(batch, world=WORLD, steps=STEPS, interval=INTERVAL)


def test_a_batch_equals_a_loop_and_vmap(random_body):
    batch, (terrain,) = _batch(random_body, ["tunnel"])

    def single(walker):
        return measure(walker, *rollout(walker, terrain, WORLD, steps=STEPS, interval=INTERVAL))

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
