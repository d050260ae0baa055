import numpy as np
import pytest

from physics.body import Body
from physics.room import has_room
from physics.terrain import make_polylines


def box(width: float, height: float) -> Body:
    corners = [[0, 0], [width, 0], [width, height], [0, height]]
    return Body(
        joints=np.array(corners, np.float32),
        ends=np.array([[0, 1], [1, 2], [2, 3], [3, 0]], np.int32),
        rigid=np.ones(4, bool),
        amplitude=np.zeros(4, np.float32),
        phase=np.zeros(4, np.float32),
    )


@pytest.mark.parametrize("name", ["left_wall", "right_wall"])
@pytest.mark.parametrize(("width", "fits"), [(29.3, True), (29.5, False), (60.0, False)])
def test_a_wall_leaves_room_for_what_stands_before_it(name, width, fits) -> None:
    # Half the width and the radius of 0.3 must stay within the 15 m to the wall.
    assert has_room(box(width, 5.0), make_polylines(name, distance=15.0), 0.3) is fits


@pytest.mark.parametrize(
    ("width", "height", "fits"), [(40, 5.0, True), (20, 12.0, True), (40, 12.0, False)]
)
def test_low_bodies_may_reach_into_a_tunnel(width, height, fits) -> None:
    lines = make_polylines("tunnel", mouth=15.0, clearance=9.2)
    assert has_room(box(width, height), lines, 0.3) is fits


@pytest.mark.parametrize("name", ["flat", "bumpy", "hills"])
def test_open_ground_has_room_for_everything(name) -> None:
    assert has_room(box(200.0, 100.0), make_polylines(name), 0.3)
