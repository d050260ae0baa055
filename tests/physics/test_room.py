import numpy as np
import pytest

from physics.body import Body
from physics.polylines import to_polylines
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


@pytest.mark.parametrize("name", ["flat", "bumpy", "hills", "steps", "gaps", "poet"])
def test_open_ground_has_room_for_everything(name) -> None:
    assert has_room(box(200.0, 100.0), make_polylines(name), 0.3)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(
    ("ahead", "fits"),
    [
        ([[5, 0], [5, 2.9]], True),  # low enough to start on
        ([[5, 0], [5, 3.1]], False),
        ([[5, 0], [5, 2], [5, 3.1]], False),  # one face of two pieces
        ([[5, 0], [5, 2], [7, 2], [7, 4]], True),  # stairs
        ([[5, 0], [5, -4], [7, -4], [7, 0]], True),  # the far side of a gap is no wall
        ([[5, 0], [5, -4], [7, -4], [7, 3.1]], False),
        ([[5, 4], [5, 0]], True),  # falls away from the start, at the end of a hill
    ],
)
def test_a_wall_is_a_face_that_rises_over_all_ground_before_it(side, ahead, fits) -> None:
    ground = np.array([[0, 0], *ahead, [20, ahead[-1][1]]], float)
    other = np.array([[-20, 0]], float)
    floor = np.concatenate([other, ground])
    lines = to_polylines(floor if side > 0 else floor[::-1] * [-1, 1])
    assert has_room(box(16.0, 5.0), lines, 0.3) is fits
