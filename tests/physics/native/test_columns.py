"""Nothing that a joint can touch is missing from its column or within its boxes."""

import numpy as np
import pytest

from physics.backends.native.columns import join_columns, reach_of
from physics.contact import DEPTH_LIMIT
from physics.surface import segment_rows
from physics.terrain import TERRAINS, make_terrain
from physics.world import World

WORLD = World()
# What a joint may be diverted by within a step.
STRAY = reach_of(WORLD) - 0.3536


def _touchable(rows, points):
    """Which segments each point could touch, [points, segments]."""
    x, y = points[:, :1], points[:, 1:]
    start_x, start_y, tangent_x, tangent_y, length, corner = rows.T
    along = tangent_x * (x - start_x) + tangent_y * (y - start_y)
    side = tangent_x * (y - start_y) - tangent_y * (x - start_x)
    beyond = along - length
    near = WORLD.joint_radius
    inside = (along >= 0) & (beyond <= 0) & (side > -DEPTH_LIMIT * near) & (side < near)
    rounding = (beyond > 0) & (beyond * corner < side) & (np.hypot(beyond, side) < near)
    return inside | rounding


@pytest.mark.parametrize("name", TERRAINS)
def test_columns_list_all_that_can_be_touched(name):
    terrain = make_terrain(name)
    columns = join_columns([make_terrain("tunnel"), terrain], WORLD)
    rows = segment_rows(terrain).astype(np.float64)
    first, count, first_listed, first_segment = columns.terrains[1]
    random = np.random.default_rng(0)
    where = rng_points(rows, random)
    left, per_metre = columns.places[1]
    column = np.clip(((where[:, 0] - left) * per_metre).astype(int), 0, count - 1)
    strayed = where + random.uniform(-STRAY / 2, STRAY / 2, where.shape)
    touched = _touchable(rows, strayed)
    assert touched.any()
    bounds = columns.bounds[first + column]
    np.testing.assert_array_equal(columns.segments[first_segment:][: len(rows), :6], rows)
    for point, here, box, faced in zip(where, column, bounds, touched, strict=True):
        start, number, level, _ = columns.entries[first + here]
        listed = columns.listed[first_listed + start :][:number]
        assert set(np.flatnonzero(faced)) <= set(listed)
        if level >= 0 and box[0] <= point[0] <= box[1] and point[1] < box[2]:
            assert set(np.flatnonzero(faced)) <= {level}
        if box[3] <= point[0] <= box[4] and box[5] < point[1] < box[6]:
            assert not faced.any()


def rng_points(rows, random):
    """Points around the segments, and anywhere, [points, 2] m."""
    chosen = rows[random.integers(len(rows), size=4000)]
    along = random.uniform(-1.0, np.minimum(chosen[:, 4], 60.0) + 1.0)[:, None]
    beside = random.uniform(-1.0, 1.5, (4000, 1))
    normal = np.stack([-chosen[:, 3], chosen[:, 2]], axis=1)
    close = chosen[:, :2] + along * chosen[:, 2:4] + beside * normal
    return np.concatenate([close, random.uniform(-40.0, 40.0, (1000, 2))])


def test_columns_are_remembered_as_long_as_their_terrain():
    from physics.backends.native import columns

    before = len(columns._KNOWN)
    terrain = make_terrain("gaps")
    join_columns([terrain, terrain], WORLD)
    join_columns([terrain], WORLD)
    assert len(columns._KNOWN) == before + 1
    del terrain
    assert len(columns._KNOWN) == before
