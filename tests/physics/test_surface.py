import jax.numpy as jnp
import numpy as np
import pytest

from physics.contact import DEPTH_LIMIT, _contact, cell_of
from physics.surface import FASTEST_JOINT, REACH, segments_of
from physics.terrain import TERRAINS, from_polylines, make_polylines, make_terrain
from physics.world import World

WORLD = World()


@pytest.mark.parametrize("name", TERRAINS)
def test_cells_list_every_segment_within_reach(name):
    polylines, terrain = make_polylines(name), make_terrain(name)
    table = segments_of(polylines.floor, polylines.ceilings).table
    random = np.random.default_rng(0)
    position = np.stack([random.uniform(-45, 45, 4000), random.uniform(-3, 22, 4000)])
    # Half of the points near the floor, where contacts are.
    floor = np.interp(position[0, ::2], *polylines.floor.T)
    position[1, ::2] = floor + random.uniform(-0.1, 0.5, 2000)
    position = jnp.asarray(position, jnp.float32)

    def gaps(rows):
        gap = np.stack([_contact(row, WORLD.joint_radius, position)[1] for row in rows])
        return np.sort(np.where(gap < FASTEST_JOINT * WORLD.time_step, gap, np.inf), axis=0)

    listed = gaps(terrain.segments[:, :, np.asarray(cell_of(terrain, position))])
    every = gaps(table.T[:, :, None])
    assert np.isfinite(every[0]).any()
    np.testing.assert_array_equal(listed, every[: len(listed)])
    assert np.isinf(every[len(listed) :]).all()


def test_the_reach_is_enough_for_the_world():
    assert WORLD.joint_radius + FASTEST_JOINT * WORLD.time_step <= REACH
    assert DEPTH_LIMIT * WORLD.joint_radius <= REACH


def test_flat_ground_is_one_segment_in_one_cell():
    for terrain in (make_terrain("flat"), from_polylines([[-9, 0], [0, 0], [3, 0], [9, 0]])):
        assert terrain.segments.shape == (1, 6, 1)


@pytest.mark.parametrize("name", TERRAINS)
def test_few_candidates_suffice_for_the_named_terrains(name):
    # A step costs in proportion. Near a low step: the ground before it, its face, the tread.
    assert make_terrain(name).segments.shape[0] <= (3 if name in ("steps", "gaps", "poet") else 2)


def test_ceilings_are_free_on_their_right():
    polylines = make_polylines("tunnel")
    segments = segments_of(polylines.floor, polylines.ceilings)
    roofs = segments.tangent[(segments.start[:, 1] > 5) & (segments.tangent[:, 1] == 0)]
    assert (roofs[:, 0] == -1).all()
