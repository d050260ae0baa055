"""The kernel for GPUs: interpreted beside `xla`, and lowered to Triton without a GPU."""

import jax
import numpy as np
import pytest

from physics.assemble import assemble
from physics.backends.batch import Batch, Episode, join_terrains
from physics.backends.pallas.form import Form
from physics.backends.pallas.gpu.backend import PallasGpu
from physics.backends.pallas.gpu.program import walk
from physics.body import CAPACITIES
from physics.simulate import simulate, trajectory
from physics.terrain import make_terrain
from physics.world import World

WORLD = World()
KERNEL = PallasGpu(devices=tuple(jax.local_devices()[:1]), interpret=True)
SHORT = 30 / WORLD.substeps_per_second


@pytest.mark.parametrize("capacity", CAPACITIES[:-1])
@pytest.mark.parametrize("name", ["flat", "hills"])
def test_it_lowers_to_triton(random_body, capacity, name):
    terrain = make_terrain(name)
    walkers = assemble([random_body(1)] * 4, [terrain] * 4, capacity, WORLD)
    batch = Batch(
        walkers=walkers, terrains=join_terrains([terrain]), terrain_of=np.zeros(4, np.int32)
    )
    episode = Episode(world=WORLD, steps=2400, interval=120)
    form = Form(episode=episode, paths=True, interpret=False)
    lowered = jax.jit(walk, static_argnums=1).trace(batch, form).lower(lowering_platforms=("cuda",))
    assert "__gpu$xla.gpu.triton" in lowered.as_text()


def test_a_walker_that_explodes_leaves_the_others_alone(random_body):
    bodies = [random_body(seed) for seed in range(6)]
    thrown = [np.zeros_like(body.joints) for body in bodies]
    ground = make_terrain("tunnel")
    settings = {"seconds": SHORT, "backend": KERNEL}
    before = simulate(bodies, ground, displaced=thrown, **settings)
    thrown[2][0] = 1e6, 0.0
    after = simulate(bodies, ground, displaced=thrown, **settings)
    others = np.arange(6) != 2
    np.testing.assert_array_equal(after.diverged, ~others)
    np.testing.assert_array_equal(after.displacement[others], before.displacement[others])
    assert after.displacement[2] == after.energy[2] == after.contact_fraction[2] == 0.0


@pytest.mark.parametrize("size", [(30, 60), (64, 400)])
def test_larger_capacities_agree_with_xla(random_body, size):
    body = random_body(2, *size)
    ours, theirs = (
        simulate([body], make_terrain("gaps"), seconds=SHORT, backend=backend)
        for backend in (KERNEL, "xla")
    )
    np.testing.assert_allclose(ours.displacement, theirs.displacement, atol=1e-4)
    np.testing.assert_allclose(ours.energy, theirs.energy, rtol=1e-3)


def test_a_trajectory_is_that_of_the_walk(random_body):
    body, ground = random_body(1), make_terrain("hills")
    frames = trajectory(body, ground, seconds=SHORT, frames_per_second=24, backend=KERNEL)
    xla = trajectory(body, ground, seconds=SHORT, frames_per_second=24, backend="xla")
    assert frames.shape == (4, 8, 2)
    np.testing.assert_allclose(frames, xla, atol=1e-5)
