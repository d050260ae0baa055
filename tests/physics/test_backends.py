"""The contract that every backend keeps: what `xla` gives, whatever shares a call.

Kernels in Pallas are interpreted where there is no TPU or GPU, which is slow: of this contract they
keep the first test there, on small bodies. `tests/physics/pallas` has the rest.
"""

import jax
import numpy as np
import pytest
from scipy.stats import ks_2samp

from physics.backends.backend import BACKENDS, open_backend
from physics.backends.pallas.gpu.backend import PallasGpu
from physics.backends.pallas.tpu.backend import PallasTpu
from physics.body import CAPACITIES
from physics.robustness import Starts, simulate_perturbed
from physics.simulate import simulate, trajectory
from physics.terrain import TERRAINS, from_polylines, make_terrain
from physics.world import World

# 60 substeps: longer walks are chaotic, and a contact met one bit earlier would show.
SHORT = 60 / World().substeps_per_second
# Bodies that fill every capacity, and some that do not.
SIZES = [(5, 8), (8, 14), (16, 32), (20, 40), (32, 64), (32, 128), (40, 150), (64, 512), (90, 600)]


# What "auto", "native" and "xla" may stand for beside the reference, which is xla.
SEVERAL = [name for name in BACKENDS if name not in ("auto", "native", "xla")]


KERNELS = {"pallas_tpu": PallasTpu, "pallas_gpu": PallasGpu}


@pytest.fixture(scope="module", params=SEVERAL)
def any_backend(request):
    """A backend's name, or a kernel to interpret where its hardware is not here."""
    try:
        open_backend(request.param)
    except ValueError as error:
        if request.param in KERNELS:
            return KERNELS[request.param](devices=tuple(jax.local_devices()), interpret=True)
        pytest.skip(str(error))
    return request.param


@pytest.fixture
def backend(any_backend):
    if getattr(any_backend, "interpret", False):
        pytest.skip("interpreted kernels are slow; see tests/physics/pallas")
    return any_backend


@pytest.fixture(scope="module")
def bodies(random_body):
    return [random_body(seed, *size) for seed, size in enumerate(SIZES)]


@pytest.fixture(scope="module")
def everywhere(bodies, reference, box2d):
    """Every body on every terrain, by name and as Box2D walked them."""
    named = [make_terrain(name) for name in TERRAINS]
    lines = [each for name, each in box2d["terrains"].items() if name in ("bumpy", "hills")]
    grounds = named + [from_polylines(each["floor"], each["ceilings"] or ()) for each in lines]
    everyone = bodies + reference[::8]
    return (
        [body for body in everyone for _ in grounds],
        [ground for _ in everyone for ground in grounds],
    )


@pytest.fixture(scope="module")
def xla(everywhere):
    """Short walks of every body on every terrain, and which are steady."""
    walkers, grounds = everywhere
    settings = {"seconds": SHORT, "backend": "xla"}
    outcome = simulate(walkers, grounds, **settings)
    steady = np.ones(len(walkers), bool)
    # A joint on the seam of two segments turns to either by a hair's breadth: a walk that xla
    # itself changes when joints start a micron elsewhere says nothing of another backend.
    for seed in range(6):
        random = np.random.default_rng(seed)
        moved = [random.normal(0.0, 1e-6, body.joints.shape) for body in walkers]
        other = simulate(walkers, grounds, displaced=moved, **settings)
        steady &= np.abs(other.displacement - outcome.displacement) < 1e-4
    assert steady.mean() > 0.95
    return outcome, steady


def test_short_walks_agree_with_xla(any_backend, everywhere, xla):
    walkers, grounds = everywhere
    served = np.ones(len(walkers), bool)
    if getattr(any_backend, "interpret", False):
        served = np.array([CAPACITIES[0].holds(body) for body in walkers])
    rows = np.flatnonzero(served)
    ours = simulate(
        [walkers[row] for row in rows],
        [grounds[row] for row in rows],
        seconds=SHORT,
        backend=any_backend,
    )
    theirs, steady = xla
    steady = steady[rows]
    assert not ours.diverged.any()

    def apart(field):
        return np.abs(getattr(ours, field) - getattr(theirs, field)[rows])[steady]

    assert apart("displacement").max() < 1e-3
    # A touch one step earlier is 1 / 60 of a joint's time.
    assert apart("contact_fraction").max() < 5e-3
    assert (apart("energy") / theirs.energy[rows][steady]).max() < 2e-3


@pytest.mark.parametrize("name", ["flat", "hills"])
def test_long_walks_agree_with_xla_in_distribution(name, backend, reference):
    if backend == "native-scalar":
        pytest.skip("the kernel is the same, and slow")
    terrain = make_terrain(name)
    ours = simulate(reference, terrain, backend=backend).displacement
    theirs = simulate(reference, terrain, backend="xla").displacement
    assert ks_2samp(ours, theirs, method="asymp").pvalue > 0.5
    assert np.corrcoef(ours, theirs)[0, 1] > 0.95


def test_what_shares_a_call_does_not_change_a_bit(backend, bodies, monkeypatch):
    """Neither chunks, threads, neighbours on a core, mixed terrains nor the capacity."""
    grounds = [make_terrain(name) for name in ("bumpy", "flat", "tunnel", "gaps", "steps")]
    terrains = (grounds * len(bodies))[: len(bodies)]
    few = slice(0, 9)
    alone = [
        simulate([body], ground, seconds=2.0, backend=backend)
        for body, ground in zip(bodies[few], terrains[few], strict=True)
    ]
    together = [
        simulate(bodies * copies, terrains * copies, seconds=2.0, backend=backend, threads=threads)
        for copies, threads in ((1, 1), (2, 2), (1, 3))
    ]
    monkeypatch.setattr("physics.backends.native.backend.MOST_JOINTS", 100)
    together.append(simulate(bodies, terrains, seconds=2.0, backend=backend))
    monkeypatch.setattr("physics.simulate.capacity_for", lambda body: CAPACITIES[-1])
    together.append(simulate(bodies[few], terrains[few], seconds=2.0, backend=backend))
    for other in together:
        for row, walk in enumerate(alone):
            for field in ("center_of_mass", "contact_fraction", "energy", "displacement"):
                np.testing.assert_array_equal(getattr(other, field)[row], getattr(walk, field)[0])


def test_a_walker_that_explodes_leaves_the_others_alone(backend, random_body):
    bodies = [random_body(seed) for seed in range(6)]
    thrown = [np.zeros_like(body.joints) for body in bodies]
    before = simulate(bodies, make_terrain("hills"), seconds=1.0, displaced=thrown, backend=backend)
    thrown[2][0] = 1e6, 0.0
    after = simulate(bodies, make_terrain("hills"), seconds=1.0, displaced=thrown, backend=backend)
    others = np.arange(6) != 2
    np.testing.assert_array_equal(after.diverged, ~others)
    np.testing.assert_array_equal(after.displacement[others], before.displacement[others])
    assert after.displacement[2] == after.energy[2] == after.contact_fraction[2] == 0.0
    np.testing.assert_array_equal(after.center_of_mass[2], after.center_of_mass[2, :1].repeat(3, 0))


def test_a_trajectory_is_that_of_the_walk(backend, bodies):
    for body in (bodies[0], bodies[4], bodies[8]):
        frames = trajectory(body, make_terrain("poet"), seconds=1.0, backend=backend)
        walk = simulate([body], make_terrain("poet"), seconds=1.0, backend=backend)
        assert frames.shape == (31, len(body.joints), 2)
        moved = frames.mean(axis=1)[[0, 15, 30]]
        np.testing.assert_allclose(moved, walk.center_of_mass[0], atol=1e-5)


def test_perturbed_starts_agree_with_xla(backend, random_body):
    bodies, starts = [random_body(1), random_body(2)], Starts(count=3)
    ours, theirs = (
        simulate_perturbed(bodies, make_terrain("hills"), starts, seconds=SHORT, backend=name)
        for name in (backend, "xla")
    )
    np.testing.assert_allclose(ours.mean, theirs.mean, atol=1e-3)


def test_other_worlds_agree_with_xla(backend, bodies):
    world = World(
        gravity=3.0, joint_radius=0.2, drag=0.5, friction=0.3, muscle_rate=9.0,
        restitution=0.6, restitution_speed=0.1, substeps_per_second=480,
    )  # fmt: skip
    settings = {"world": world, "seconds": 60 / 480}
    small = bodies[:3]
    ours = simulate(small, make_terrain("steps"), backend=backend, **settings)
    theirs = simulate(small, make_terrain("steps"), backend="xla", **settings)
    np.testing.assert_allclose(ours.displacement, theirs.displacement, atol=1e-3)


def test_no_seconds_and_no_bodies(backend, random_body):
    still = simulate([random_body(1)], make_terrain("hills"), seconds=0.0, backend=backend)
    assert still.displacement[0] == 0.0
    assert still.center_of_mass.shape == (1, 1, 2)
    assert simulate([], make_terrain("hills"), backend=backend).displacement.shape == (0,)
