import subprocess
import sys

import numpy as np
import pytest

from physics.body import CAPACITIES, Body, capacity_for


def test_descriptors_of_a_3_4_5_triangle(make_body):
    body = make_body([[1, 1], [4, 1], [4, 5]], [[0, 1], [1, 2], [2, 0]])
    np.testing.assert_allclose(body.rest_length, [3, 4, 5])
    assert (body.width, body.height, body.mass) == (3.0, 4.0, 3 + 12 / 2)


def test_digest_depends_on_contents_only(make_body):
    springs = [[0, 1]]
    body = make_body([[0.0, 0.0], [1.0, 0.0]], springs)
    assert body.digest() == make_body([[-0.0, 0.0], [1.0, 0.0]], springs).digest()
    changed = [
        make_body([[0.0, 0.0], [1.0, 0.5]], springs),
        make_body([[0.0, 0.0], [1.0, 0.0]], [[1, 0]]),
        make_body([[0.0, 0.0], [1.0, 0.0]], springs, rigid=[False]),
        make_body([[0.0, 0.0], [1.0, 0.0]], springs, rigid=[False], amplitude=[0.1]),
        make_body([[0.0, 0.0], [1.0, 0.0]], springs, phase=[0.5]),
    ]
    assert len({body.digest(), *(each.digest() for each in changed)}) == 6


def test_smallest_capacity_that_holds(make_body):
    def sized(joints, springs):
        first, second = np.triu_indices(joints, 1)
        ends = np.stack([first, second], axis=1)[:springs]
        return make_body(np.arange(2 * joints).reshape(-1, 2), ends)

    assert capacity_for(sized(16, 32)) == CAPACITIES[0]
    assert capacity_for(sized(17, 32)) == CAPACITIES[1]
    assert capacity_for(sized(16, 65)) == CAPACITIES[2]
    assert capacity_for(sized(320, 1024)) == CAPACITIES[-1]
    assert capacity_for(sized(321, 10)) is None
    assert capacity_for(sized(50, 1025)) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"joints": np.zeros((2, 4), np.float32)}, r"Body.joints: got float32\[2, 4\]"),
        ({"joints": np.zeros((2, 2))}, "got float64"),
        ({"joints": np.zeros((0, 2), np.float32)}, "got 0 joints"),
        ({"joints": np.array([[0, 0], [np.nan, 0]], np.float32)}, "joints: got a value that is"),
        ({"ends": np.array([[0, 2]], np.int32)}, r"ends: got 0..2, want indices in 0..1"),
        ({"ends": np.array([[1, 1]], np.int32)}, "joins a joint to itself"),
        ({"rigid": np.array([True, False])}, "Body.rigid"),
        ({"amplitude": np.array([0.4], np.float32)}, "amplitude: got 0.4"),
        ({"rigid": np.array([True])}, "nonzero amplitude on a rigid"),
    ],
)
def test_refuses_what_is_no_body(change, message):
    fields = {
        "joints": np.array([[0, 0], [1, 0]], np.float32),
        "ends": np.array([[0, 1]], np.int32),
        "rigid": np.array([False]),
        "amplitude": np.array([0.3], np.float32),
        "phase": np.array([0.0], np.float32),
    }
    Body(**fields)
    with pytest.raises(ValueError, match=message):
        Body(**(fields | change))


def test_importing_the_body_does_not_import_jax():
    code = "import sys, physics, physics.body, physics.world; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
