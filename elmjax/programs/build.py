"""From the calls that programs recorded to canonical bodies, a batch at a time.

The limits of a body merge, skip or clamp and never reject, because the paper's own walkers hold
repeated joints, springs from a joint to itself, springs asked for many times and amplitudes of 89:

* coordinates are clamped to +-1000 m and rounded to float32;
* joints that then coincide exactly are merged into the first; 0.016 m apart stays apart;
* springs from a joint to itself, repeats of a pair in either order (the first wins), and springs
  shorter than 1 mm are skipped;
* amplitudes are clipped to [-1, 1], where 1 is 0.3 of the rest length (Listing 2 of the paper);
  phases are taken modulo one cycle; rigid springs have neither.

Joints without springs stay: they are masses too. What is left is no body where

* it has no joints or no springs (EMPTY),
* a coordinate of any joint, or the amplitude or phase of any oscillating spring, is not finite
  (NON_FINITE),
* it exceeds the largest capacity of the physics (TOO_LARGE).
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from elmjax.programs.execution import Execution
from elmjax.programs.verdict import Verdict
from elmjax.programs.wire import SPRING_NUMBERS, Reply
from physics.body import CAPACITIES, MAX_AMPLITUDE, Body

# A hundred times the paper's walkers; float32 still tells 0.06 mm apart there.
COORDINATE_LIMIT = 1000.0  # m
SHORTEST_SPRING = 1e-3  # m


def build(replies: Sequence[Reply], dim: int = 2) -> list[Execution]:
    """The outcomes of programs, with the bodies of those that recorded one, in the same order.

    Joints have `dim` numbers. Trusts nothing in the recordings: a joint number out of range, or a
    flag that is no flag, makes the reply's verdict PROTOCOL.
    """
    executions = [
        Execution(verdict=reply.verdict, reason=reply.reason, error=reply.error)
        for reply in replies
    ]
    recorded = [row for row, reply in enumerate(replies) if reply.verdict is Verdict.OK]
    built = _build_recorded([replies[row] for row in recorded], dim)
    for row, execution in zip(recorded, built, strict=True):
        executions[row] = execution
    return executions


class _Ragged(NamedTuple):
    """Rows of many programs, one program after the other."""

    values: np.ndarray  # [rows, numbers] f64
    program: np.ndarray  # [rows] the program of each row
    start: np.ndarray  # [programs + 1] the first row of each program, and the end

    @classmethod
    def concatenate(cls, recordings: Sequence[bytes], numbers: int) -> "_Ragged":
        values = np.frombuffer(b"".join(recordings), "<f8").reshape(-1, numbers)
        counts = [len(recording) // values.itemsize // numbers for recording in recordings]
        program = np.repeat(np.arange(len(recordings)), counts)
        return cls(values, program, _starts(program, len(recordings)))

    def without(self, programs: np.ndarray) -> "_Ragged":
        """The same programs with no rows where the mask [programs] is true."""
        kept = ~programs[self.program]
        program = self.program[kept]
        return _Ragged(self.values[kept], program, _starts(program, len(programs)))

    def programs_with(self, rows: np.ndarray) -> np.ndarray:
        """Which programs have at least one of the rows that a mask picks, [programs] bool."""
        return np.bincount(self.program[rows], minlength=len(self.start) - 1) > 0


def _starts(program: np.ndarray, programs: int) -> np.ndarray:
    return np.searchsorted(program, np.arange(programs + 1))


class _Joints(NamedTuple):
    """The joints of all programs after merging."""

    position: np.ndarray  # [merged, dim] f32 m
    merged: np.ndarray  # [recorded] the merged joint of every recorded one
    start: np.ndarray  # [programs + 1] the first merged joint of each program, and the end


class _Springs(NamedTuple):
    """The springs of all programs that are left."""

    ends: np.ndarray  # [springs, 2] merged joints, counted over all programs
    rigid: np.ndarray  # [springs] bool
    amplitude: np.ndarray  # [springs] f32 fraction of the rest length
    phase: np.ndarray  # [springs] f32 cycles
    start: np.ndarray  # [programs + 1]


def _build_recorded(replies: Sequence[Reply], dim: int) -> list[Execution]:
    recorded_joints = _Ragged.concatenate([reply.joints for reply in replies], dim)
    recorded_springs = _Ragged.concatenate([reply.springs for reply in replies], SPRING_NUMBERS)
    malformed = _malformed(recorded_joints, recorded_springs)
    recorded_springs = recorded_springs.without(malformed)
    infinite_joints = ~np.isfinite(recorded_joints.values).all(1)
    infinite_springs = ~np.isfinite(recorded_springs.values[:, 3:]).all(1)
    non_finite_joint = recorded_joints.programs_with(infinite_joints)
    non_finite_spring = recorded_springs.programs_with(infinite_springs)
    joints = _merge(recorded_joints)
    springs = _select(recorded_springs, recorded_joints, joints)

    executions = []
    for row in range(len(replies)):
        if malformed[row]:
            executions.append(_refused(Verdict.PROTOCOL, "malformed recording"))
        elif non_finite_joint[row]:
            executions.append(_refused(Verdict.NON_FINITE, "a joint's coordinate is not finite"))
        elif non_finite_spring[row]:
            reason = "a spring's amplitude or phase is not finite"
            executions.append(_refused(Verdict.NON_FINITE, reason))
        else:
            executions.append(_finish(joints, springs, row))
    return executions


def _refused(verdict: Verdict, reason: str) -> Execution:
    return Execution(verdict=verdict, reason=reason)


def _malformed(joints: _Ragged, springs: _Ragged) -> np.ndarray:
    """Which programs name joints that they did not record, [programs] bool."""
    ends, rigid = springs.values[:, :2], springs.values[:, 2]
    count = np.diff(joints.start)[springs.program]
    # Comparisons are written so that a NaN fails them.
    with np.errstate(invalid="ignore"):
        in_range = (ends >= 0) & (ends < count[:, None]) & (ends == np.floor(ends))
    is_flag = (rigid == 0.0) | (rigid == 1.0)
    return springs.programs_with(~(in_range.all(1) & is_flag))


def _merge(recorded: _Ragged) -> _Joints:
    finite = np.nan_to_num(recorded.values, nan=0.0)
    clamped = np.clip(finite, -COORDINATE_LIMIT, COORDINATE_LIMIT)
    position = clamped.astype(np.float32) + np.float32(0.0)  # -0.0 becomes 0.0
    x, *others = position.T
    # Stable: of equal joints the first stays first.
    order = np.lexsort((*reversed(others), x, recorded.program))
    keys = np.stack([recorded.program[order], *position.T[:, order]])
    opens_group = np.ones(len(order), bool)
    opens_group[1:] = (keys[:, 1:] != keys[:, :-1]).any(0)
    first = np.empty(len(order), np.int64)
    first[order] = order[opens_group][np.cumsum(opens_group) - 1]
    kept = first == np.arange(len(order))
    number = np.cumsum(kept) - 1
    before = np.concatenate([[0], np.cumsum(kept)])
    return _Joints(position[kept], number[first], before[recorded.start])


def _select(recorded: _Ragged, recorded_joints: _Ragged, joints: _Joints) -> _Springs:
    offset = recorded_joints.start[recorded.program]
    ends = joints.merged[recorded.values[:, :2].astype(np.int64) + offset[:, None]]
    span = joints.position[ends[:, 1]] - joints.position[ends[:, 0]]
    long_enough = functools.reduce(np.hypot, span.T) >= SHORTEST_SPRING
    kept = np.flatnonzero((ends[:, 0] != ends[:, 1]) & long_enough)
    low, high = ends[kept].min(1), ends[kept].max(1)
    _, first = np.unique(low * (len(joints.merged) + 1) + high, return_index=True)
    kept = kept[np.sort(first)]

    rigid = recorded.values[kept, 2] == 1.0
    request = np.nan_to_num(recorded.values[kept, 3:])
    amplitude = np.where(rigid, 0.0, MAX_AMPLITUDE * np.clip(request[:, 0], -1.0, 1.0))
    phase = np.where(rigid, 0.0, np.mod(request[:, 1], 1.0))
    return _Springs(
        ends[kept],
        rigid,
        amplitude.astype(np.float32),
        phase.astype(np.float32),
        np.searchsorted(kept, recorded.start),
    )


def _finish(joints: _Joints, springs: _Springs, row: int) -> Execution:
    joint_start, joint_end = joints.start[row : row + 2]
    spring_start, spring_end = springs.start[row : row + 2]
    joint_count, spring_count = joint_end - joint_start, spring_end - spring_start
    if joint_count == 0:
        return _refused(Verdict.EMPTY, "the walker has no joints")
    if spring_count == 0:
        return _refused(Verdict.EMPTY, "the walker has no springs between distinct joints")
    largest = CAPACITIES[-1]
    if joint_count > largest.joints or spring_count > largest.springs:
        reason = (
            f"{joint_count} joints and {spring_count} springs, "
            f"at most {largest.joints} and {largest.springs} fit"
        )
        return _refused(Verdict.TOO_LARGE, reason)
    part = slice(spring_start, spring_end)
    body = Body(
        joints=joints.position[joint_start:joint_end],
        ends=(springs.ends[part] - joint_start).astype(np.int32),
        rigid=springs.rigid[part],
        amplitude=springs.amplitude[part],
        phase=springs.phase[part],
    )
    return Execution(verdict=Verdict.OK, body=body)
