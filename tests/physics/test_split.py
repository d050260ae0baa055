"""Two backends as one: each body walks on the one that serves it."""

import jax
import numpy as np
import pytest

from physics.backends.pallas.gpu.backend import PallasGpu
from physics.backends.pallas.tpu.backend import PallasTpu
from physics.backends.split import Split
from physics.backends.xla import Xla
from physics.simulate import simulate, trajectory
from physics.terrain import make_terrain

DEVICES = tuple(jax.local_devices()[:1])


@pytest.fixture(scope="module")
def bodies(random_body):
    return [random_body(seed, *size) for seed, size in enumerate([(40, 150), (5, 8), (8, 14)])]


def test_each_body_gives_what_its_own_backend_gives(bodies):
    small, large = Xla(devices=DEVICES, threads=1), Xla(devices=DEVICES, threads=1)
    both = Split(small=small, large=large, most_joints=16)
    grounds = [make_terrain(name) for name in ("hills", "flat", "tunnel")]
    expected = simulate(bodies, grounds, seconds=0.25, backend=large)
    found = simulate(bodies, grounds, seconds=0.25, backend=both)
    np.testing.assert_array_equal(found.displacement, expected.displacement)
    for body in bodies[:2]:
        frames = [trajectory(body, grounds[0], seconds=0.1, backend=each) for each in (both, large)]
        np.testing.assert_array_equal(*frames)


def test_only_bodies_that_are_too_large_leave_the_kernel(bodies):
    seen = []

    class Spy(Xla):
        def schedule(self, capacities):
            seen.append({each.joints for each in capacities})
            return super().schedule(capacities)

    both = Split(small=Spy(devices=DEVICES), large=Spy(devices=DEVICES), most_joints=16)
    simulate(bodies, make_terrain("flat"), seconds=0.0, backend=both)
    assert seen == [{64}, {16}]


@pytest.mark.parametrize("kernel", [PallasTpu, PallasGpu])
def test_a_kernel_alone_refuses_what_it_does_not_serve(kernel, random_body):
    with pytest.raises(ValueError, match=r"bodies of up to 64 joints, got one .* 320; want xla"):
        simulate([random_body(0, 90, 600)], make_terrain("flat"), backend=kernel(devices=DEVICES))
