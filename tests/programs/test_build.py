"""From recorded calls to bodies: what merges, what is skipped, what is clamped, what is refused."""

from array import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elmjax.programs import Verdict
from elmjax.programs.build import COORDINATE_LIMIT, SHORTEST_SPRING, build
from elmjax.programs.wire import Reply
from physics.body import CAPACITIES

NAN, INF = float("nan"), float("inf")


def recording(joints, springs):
    def pack(rows):
        return array("d", [number for row in rows for number in row]).tobytes()

    return Reply(verdict=Verdict.OK, joints=pack(joints), springs=pack(springs))


def rigid(a, b):
    return (a, b, 1, 0, 0)


def active(a, b, amplitude=1.0, phase=0.0):
    return (a, b, 0, amplitude, phase)


def built(joints, springs):
    (execution,) = build([recording(joints, springs)])
    assert execution.verdict is Verdict.OK, execution.reason
    return execution.body


def refused(joints, springs):
    (execution,) = build([recording(joints, springs)])
    assert execution.body is None
    return execution.verdict


TRIANGLE = [(0, 0), (1, 0), (0, 1)]


def test_coincident_joints_merge_into_the_first():
    body = built([(0, 0), (1, 0), (0, 0), (2, 0), (-0.0, 0)], [rigid(2, 1), rigid(4, 3)])
    assert body.joints.tolist() == [[0, 0], [1, 0], [2, 0]]
    assert body.ends.tolist() == [[0, 1], [0, 2]]


def test_joints_that_nearly_coincide_stay_apart():
    body = built([(0, 0), (0.0159, 0)], [rigid(0, 1)])
    assert len(body.joints) == 2


def test_joints_merge_where_float32_cannot_tell_them_apart():
    body = built([(0.1 + 0.2, 0), (0.3, 0), (1, 0)], [rigid(0, 2), rigid(1, 2)])
    assert (len(body.joints), len(body.ends)) == (2, 1)


def test_self_loops_repeats_and_short_springs_are_skipped_and_the_first_wins():
    joints = [*TRIANGLE, (SHORTEST_SPRING / 2, 0)]
    springs = [rigid(0, 0), active(1, 0, 0.5), rigid(0, 1), rigid(0, 3), rigid(1, 2), rigid(2, 1)]
    body = built(joints, springs)
    assert body.ends.tolist() == [[1, 0], [1, 2]]
    assert body.rigid.tolist() == [False, True]


def test_a_spring_through_merged_joints_is_a_self_loop():
    assert refused([(0, 0), (0, 0)], [rigid(0, 1)]) is Verdict.EMPTY


@pytest.mark.parametrize(
    ("request_", "amplitude"), [(0, 0), (0.5, 0.15), (1, 0.3), (89, 0.3), (-0.5, -0.15), (-7, -0.3)]
)
def test_amplitude_is_clipped(request_, amplitude):
    body = built(TRIANGLE, [active(0, 1, request_)])
    assert body.amplitude[0] == pytest.approx(amplitude)


@pytest.mark.parametrize(("phase", "cycles"), [(0.25, 0.25), (1, 0), (-0.25, 0.75), (20.5, 0.5)])
def test_phase_is_taken_modulo_one_cycle(phase, cycles):
    assert built(TRIANGLE, [active(0, 1, 1, phase)]).phase[0] == pytest.approx(cycles)


def test_rigid_springs_ignore_the_rest():
    body = built(TRIANGLE, [(0, 1, 1, 4, 5)])
    assert body.amplitude[0] == body.phase[0] == 0.0


def test_absurd_coordinates_are_clamped():
    body = built([(0, 0), (1e30, -1e300)], [rigid(0, 1)])
    assert body.joints[1].tolist() == [COORDINATE_LIMIT, -COORDINATE_LIMIT]
    assert np.isfinite(body.rest_length).all()


@pytest.mark.parametrize(
    ("joints", "springs", "verdict"),
    [
        ([], [], Verdict.EMPTY),
        (TRIANGLE, [], Verdict.EMPTY),
        (TRIANGLE, [rigid(1, 1)], Verdict.EMPTY),
        ([(NAN, 0), (1, 0)], [rigid(0, 1)], Verdict.NON_FINITE),
        ([(0, 0), (1, INF)], [rigid(0, 1)], Verdict.NON_FINITE),
        ([*TRIANGLE, (0, -INF)], [rigid(0, 1)], Verdict.NON_FINITE),
        (TRIANGLE, [active(0, 1, NAN)], Verdict.NON_FINITE),
        (TRIANGLE, [active(0, 1, INF)], Verdict.NON_FINITE),
        (TRIANGLE, [active(0, 1, 1, NAN)], Verdict.NON_FINITE),
        (TRIANGLE, [rigid(0, 3)], Verdict.PROTOCOL),
        (TRIANGLE, [rigid(-1, 1)], Verdict.PROTOCOL),
        (TRIANGLE, [rigid(0.5, 1)], Verdict.PROTOCOL),
        (TRIANGLE, [rigid(NAN, 1)], Verdict.PROTOCOL),
        (TRIANGLE, [rigid(0, 1e300)], Verdict.PROTOCOL),
        (TRIANGLE, [(0, 1, 0.5, 0, 0)], Verdict.PROTOCOL),
        (TRIANGLE, [(0, 1, NAN, 0, 0)], Verdict.PROTOCOL),
        ([], [rigid(0, 1)], Verdict.PROTOCOL),
    ],
)
def test_what_is_no_body(joints, springs, verdict):
    assert refused(joints, springs) is verdict


def test_the_largest_body_fits_and_the_next_does_not():
    largest = CAPACITIES[-1]

    def star(joints, springs):
        pairs = [(a, b) for a in range(joints) for b in range(a)]
        rows = [(k % 20, k // 20) for k in range(joints)]
        return rows, [rigid(a, b) for a, b in pairs[:springs]]

    assert len(built(*star(largest.joints, largest.springs)).ends) == largest.springs
    assert refused(*star(largest.joints + 1, 5)) is Verdict.TOO_LARGE
    assert refused(*star(largest.joints, largest.springs + 1)) is Verdict.TOO_LARGE


def test_other_verdicts_pass_through():
    reply = Reply(verdict=Verdict.SOFT_TIMEOUT, reason="slow")
    good = recording(TRIANGLE, [rigid(0, 1)])
    first, second, third = build([reply, good, reply])
    assert (
        (first.verdict, first.reason) == (third.verdict, third.reason) == ("soft_timeout", "slow")
    )
    assert second.verdict is Verdict.OK


def test_nothing_to_build():
    assert build([]) == []


number = st.sampled_from([0.0, 1.0, 2.0, 0.3, 0.1 + 0.2, 1e9, NAN, -1.0])
joint_lists = st.lists(st.tuples(number, number), max_size=6)
spring_lists = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 1), number, number), max_size=8
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(joint_lists, spring_lists), min_size=1, max_size=5))
def test_a_program_is_built_the_same_alone_and_in_a_batch(programs):
    replies = [recording(*program) for program in programs]
    together = build(replies)
    for reply, among_others in zip(replies, together, strict=True):
        (alone,) = build([reply])
        assert alone.verdict is among_others.verdict
        if alone.body is not None:
            assert alone.body.digest() == among_others.body.digest()
            _assert_canonical(alone.body)


def _assert_canonical(body):
    assert len(np.unique(body.joints, axis=0)) == len(body.joints)
    pairs = np.sort(body.ends, axis=1)
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    assert (body.rest_length >= SHORTEST_SPRING).all()
