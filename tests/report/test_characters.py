import numpy as np
import pytest

from elmjax.report.characters import in_characters
from physics.polylines import Polylines


def dots(lines):
    """The picture as truth values: every bit of a braille character is a dot."""
    bits = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
    rows = [
        [bool((ord(letter) - 0x2800) & bits[row][column]) for letter in line for column in (0, 1)]
        for line in lines
        for row in range(4)
    ]
    return np.array(rows)


def test_it_has_the_size_that_is_asked_for() -> None:
    lines = in_characters(np.zeros((1, 2)), np.zeros((0, 2), int), columns=20, rows=4)
    assert [len(line) for line in lines] == [20] * 4


def test_a_square_is_as_wide_as_high_and_hollow() -> None:
    corners = np.array([[0, 0], [0, 10], [10, 10], [10, 0]], float)
    ends = np.array([[0, 1], [1, 2], [2, 3], [3, 0]])
    picture = dots(in_characters(corners, ends))
    rows, columns = np.nonzero(picture)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=1)
    inside = picture[rows.min() + 1 : rows.max(), columns.min() + 1 : columns.max()]
    assert not inside.any()
    assert picture[rows.min() : rows.max() + 1, columns.min()].all()


def test_ground_lies_under_the_walker() -> None:
    level = Polylines(floor=np.array([[-50.0, 0.0], [50.0, 0.0]]))
    picture = dots(in_characters(np.array([[0.0, 5.0]]), np.zeros((0, 2), int), level))
    (ground,) = np.flatnonzero(picture.all(axis=1))
    (joint,) = np.flatnonzero(picture.any(axis=1) & ~picture.all(axis=1))
    assert joint < ground


def test_what_is_not_finite_is_an_empty_picture() -> None:
    lines = in_characters(np.array([[np.nan, 0.0]]), np.zeros((0, 2), int))
    assert not dots(lines).any()
