"""The kernel for TPUs, interpreted: its layouts by hand, and its walks beside `xla`."""

import jax
import numpy as np
import pytest

from physics.assemble import assemble
from physics.backends.batch import Batch
from physics.backends.pallas.springs import COEFFICIENTS
from physics.backends.pallas.tpu import cells, program
from physics.backends.pallas.tpu.backend import PallasTpu, chunk_sizes
from physics.backends.pallas.tpu.pairs import lay_out, pair_count
from physics.body import CAPACITIES, Capacity
from physics.contact import _contact
from physics.simulate import simulate, trajectory
from physics.surface import FASTEST_JOINT, segment_rows
from physics.terrain import TERRAINS, make_terrain
from physics.world import World

WORLD = World()
KERNEL = PallasTpu(devices=tuple(jax.local_devices()[:1]), interpret=True)
SHORT = 30 / WORLD.substeps_per_second


@pytest.mark.parametrize("joints", [16, 32])
def test_every_spring_has_one_pair_and_each_pair_its_two_joints(random_body, joints):
    body = random_body(3, joints, 2 * joints)
    walkers = assemble([body], [make_terrain("flat")], Capacity(joints, 2 * joints), WORLD)
    laid = np.asarray(lay_out(walkers))[..., 0]
    assert laid.shape == (len(COEFFICIENTS), pair_count(joints))
    by_ends = {
        frozenset(ends): [float(getattr(walkers, name)[0, spring]) for name in COEFFICIENTS]
        for spring, ends in enumerate(body.ends.tolist())
    }
    pair = 0
    for shift in range(1, joints // 2 + 1):
        for joint in range(joints if shift < joints // 2 else joints // 2):
            ends = frozenset({joint, (joint + shift) % joints})
            assert laid[:, pair].tolist() == by_ends.pop(ends, [0.0] * len(COEFFICIENTS))
            pair += 1
    assert not by_ends


@pytest.mark.parametrize("name", TERRAINS)
def test_cells_list_what_may_be_touched_until_the_next_look(name):
    terrain = make_terrain(name)
    table = cells.join_cells([terrain], WORLD)
    (place,) = table.places
    random = np.random.default_rng(0)
    then = np.stack([random.uniform(-45, 45, 4000), random.uniform(-3, 22, 4000)])
    floor = np.interp(then[0, ::2], *terrain.floor)
    then[1, ::2] = floor + random.uniform(-0.1, 1.0, 2000)
    turn = random.uniform(0.0, 2.0 * np.pi, 4000)
    now = then + cells.travel_of(WORLD) * np.stack([np.cos(turn), np.sin(turn)])

    column = np.clip((then[0] - place[cells.LEFT]) * place[cells.ACROSS], 0, None).astype(int)
    row = np.clip((then[1] - place[cells.BOTTOM]) * place[cells.UPWARD], 0, None).astype(int)
    column = np.minimum(column, int(place[cells.LAST_COLUMN]))
    row = np.minimum(row, int(place[cells.LAST_ROW]))
    cell = column * (int(place[cells.LAST_ROW]) + 1) + row
    listed = table.groups[cell // cells.LANES, :, cell % cells.LANES].reshape(4000, -1, 6)

    def gaps(rows):
        gap = np.stack([_contact(each, WORLD.joint_radius, np.float32(now))[1] for each in rows])
        return np.sort(np.where(gap < FASTEST_JOINT * WORLD.time_step, gap, np.inf), axis=0)

    every = gaps(segment_rows(terrain)[:, :, None])
    assert np.isfinite(every[0]).any()
    found = gaps(np.moveaxis(listed, 0, -1))
    np.testing.assert_array_equal(found, every[: len(found)])
    assert np.isinf(every[len(found) :]).all()


def test_only_level_ground_is_level():
    names = list(TERRAINS)
    table = cells.join_cells([make_terrain(name) for name in names], WORLD)
    assert [name for name, level in zip(names, table.level, strict=True) if level] == ["flat"]
    level = table.places[names.index("flat"), cells.LEVEL]
    assert level == np.float32(WORLD.joint_radius)


def test_a_block_copies_the_cells_of_its_terrains(random_body):
    names = ["steps", "flat", "hills", "poet", "tunnel"]
    grounds = [make_terrain(name) for name in names]
    of = np.repeat(np.arange(5, dtype=np.int32), cells.LANES)
    walkers = assemble([random_body(1)] * len(of), [grounds[i] for i in of], CAPACITIES[0], WORLD)
    joined = cells.join_cells(grounds, WORLD)
    batch = Batch(walkers=walkers, terrains=joined, terrain_of=of)
    operands, order = program.operands(batch), program._by_terrain(batch)
    first = operands["place"][cells.FIRST_GROUP].astype(int)
    start = np.repeat(operands["blocks"][1], cells.LANES)
    there = of[order]
    np.testing.assert_array_equal(start + first, joined.places[there, cells.FIRST_GROUP])
    assert start.max() > 0
    assert (first + joined.counts[there]).max() <= len(operands["most_groups"])
    assert start.max() + len(operands["most_groups"]) <= len(joined.groups)
    level = np.repeat(operands["blocks"][0], cells.LANES)
    np.testing.assert_array_equal(there[level == 1], 1)


@pytest.fixture(scope="module")
def mixed(random_body):
    """A chunk of several blocks on mixed terrains, in which one walker explodes."""
    bodies = [random_body(seed % 16) for seed in range(200)]
    grounds = [make_terrain(name) for name in ("flat", "tunnel", "steps")]
    terrains = [grounds[seed % 3] for seed in range(200)]
    still = [np.zeros_like(body.joints) for body in bodies]
    thrown = [shift.copy() for shift in still]
    thrown[100][0] = 1e6, 0.0
    return [
        simulate(bodies, terrains, seconds=SHORT, displaced=shifts, backend=backend)
        for shifts, backend in ((still, KERNEL), (thrown, KERNEL), (still, "xla"))
    ]


def test_walks_come_back_in_the_order_of_bodies(mixed):
    ours, _, theirs = mixed
    np.testing.assert_allclose(ours.center_of_mass, theirs.center_of_mass, atol=1e-5)
    np.testing.assert_allclose(ours.contact_fraction, theirs.contact_fraction, atol=1e-5)


def test_a_walker_that_explodes_leaves_the_others_alone(mixed):
    before, after, _ = mixed
    others = np.arange(200) != 100
    np.testing.assert_array_equal(after.diverged, ~others)
    np.testing.assert_array_equal(after.displacement[others], before.displacement[others])
    assert after.displacement[100] == after.energy[100] == after.contact_fraction[100] == 0.0


def test_neighbours_in_other_lanes_do_not_change_a_bit(mixed):
    # Bodies repeat every 16 walkers and terrains every 3: equal walks stand in different lanes.
    ours, _, _ = mixed
    for row in range(200 - 48):
        assert ours.displacement[row] == ours.displacement[row + 48]
        assert ours.energy[row] == ours.energy[row + 48]


def test_a_trajectory_is_that_of_the_walk(random_body):
    body, ground = random_body(1), make_terrain("flat")
    frames = trajectory(body, ground, seconds=SHORT, frames_per_second=24, backend=KERNEL)
    xla = trajectory(body, ground, seconds=SHORT, frames_per_second=24, backend="xla")
    assert frames.shape == (4, 8, 2)
    np.testing.assert_allclose(frames, xla, atol=1e-5)


@pytest.mark.slow  # compiles for half a minute
def test_larger_capacities_agree_with_xla(random_body):
    bodies = [
        random_body(seed, *size) for seed, size in enumerate([(30, 60), (32, 128), (64, 400)])
    ]
    ours, theirs = (
        simulate(bodies, make_terrain("gaps"), seconds=SHORT, backend=backend)
        for backend in (KERNEL, "xla")
    )
    np.testing.assert_allclose(ours.displacement, theirs.displacement, atol=1e-4)
    np.testing.assert_allclose(ours.energy, theirs.energy, rtol=1e-3)


def test_chunks_are_whole_blocks():
    for capacity in CAPACITIES[:-1]:
        assert all(size % cells.LANES == 0 for size in chunk_sizes(capacity))
