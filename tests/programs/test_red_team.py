"""Hostile programs, through the walker language and with it taken away: none has its way.

Whatever one of them does, it costs itself alone: the honest programs around it in the batch give
the bodies that they always give, the host stays as it was, and everything ends.
"""

import dataclasses
import functools
import os
import random
import resource
import tomllib
from pathlib import Path

import pytest

from elmjax.programs import SEEDS, Limits, LockdownUnavailable, ProgramPool, Verdict, mutate
from elmjax.programs.build import build
from elmjax.programs.generate import generate
from elmjax.programs.nursery import Nursery
from elmjax.programs.tree.mutation import TreeEdit
from elmjax.programs.wire import (
    MAX_JOINT_CALLS,
    MAX_REASON_BYTES,
    MAX_SPRING_CALLS,
    MalformedReplyError,
    Replies,
    Reply,
    pack_reply,
)

HOSTILE = {
    entry["name"]: entry
    for entry in tomllib.loads(Path(__file__).with_name("hostile.toml").read_text())["hostile"]
}
LIMITS = Limits(seconds=0.04, uninterruptible_seconds=0.08, memory_mebibytes=96, silent_seconds=0.5)
# What an honest program needs is far below, but a busy machine may take long to begin.
PATIENT = dataclasses.replace(LIMITS, silent_seconds=10.0)
ESCAPE = Path("/tmp/elmjax_escape")
HONEST = SEEDS["square"]
GROWTH = 64 << 10  # KiB that the host's memory may grow by


@pytest.fixture(autouse=True, scope="module")
def _needs_a_jail():
    try:
        ProgramPool(workers=1).close()
    except LockdownUnavailable as reason:
        pytest.skip(f"this machine cannot confine programs: {reason}")


@pytest.fixture(scope="module")
def honest_digest():
    with ProgramPool(workers=1) as pool:
        return pool.run_one(HONEST).body.digest()


@pytest.fixture(scope="module")
def in_language():
    with ProgramPool(workers=2, limits=PATIENT) as pool:
        yield pool


@pytest.fixture(scope="module")
def bare():
    with pytest.MonkeyPatch.context() as patch:
        bare_nursery = functools.partial(Nursery, unrestricted=True)
        patch.setattr("elmjax.programs.pool.Nursery", bare_nursery)
        with ProgramPool(workers=2, limits=LIMITS) as pool:
            yield pool


def peak_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def children():
    """Processes of this one, if the kernel tells."""
    task = Path(f"/proc/self/task/{os.getpid()}/children")
    return len(task.read_text().split()) if task.exists() else None


def test_there_are_enough():
    assert len(HOSTILE) >= 100
    assert all(entry["must_not"] for entry in HOSTILE.values())


def test_the_language_gives_none_its_way(in_language, honest_digest):
    before, processes = peak_memory(), children()
    # Honest programs before, between and after.
    programs = [HONEST]
    for entry in HOSTILE.values():
        programs += [entry["program"], HONEST]
    executions = in_language.run(programs)
    outcomes = dict(zip(HOSTILE, executions[1::2], strict=True))
    had_their_way = {
        name: HOSTILE[name]["must_not"]
        for name, execution in outcomes.items()
        if execution.verdict in (Verdict.OK, Verdict.EMPTY)
    }
    assert had_their_way == {}
    # The language itself holds: no worker is in a program's hands, and none crashes.
    broken = (Verdict.PROTOCOL, Verdict.WORKER_DIED)
    assert {n: e.reason for n, e in outcomes.items() if e.verdict in broken} == {}
    assert {e.body.digest() for e in executions[::2]} == {honest_digest}
    assert all(e.reason.isprintable() and len(e.reason) < 300 for e in outcomes.values())
    assert not ESCAPE.exists()
    assert children() == processes
    assert peak_memory() - before < GROWTH


def test_the_lock_gives_none_its_way(bare):
    before, processes = peak_memory(), children()
    honest = "x = 1"
    programs = [honest]
    for entry in HOSTILE.values():
        programs += [entry["program"], honest]
    executions = bare.run(programs)
    # A bare program that comes to its end has recorded no walker: EMPTY.
    had_their_way = {
        name: HOSTILE[name]["must_not"]
        for name, execution in zip(HOSTILE, executions[1::2], strict=True)
        if execution.verdict is Verdict.EMPTY and not HOSTILE[name].get("harmless")
    }
    assert had_their_way == {}
    assert not ESCAPE.exists()
    assert children() == processes
    assert peak_memory() - before < GROWTH


@pytest.mark.parametrize("name", ["kill zygote", "swallow every interruption", "abort"])
def test_no_attack_outlives_its_worker(monkeypatch, name):
    bare_nursery = functools.partial(Nursery, unrestricted=True)
    monkeypatch.setattr("elmjax.programs.pool.Nursery", bare_nursery)
    with ProgramPool(workers=1, limits=PATIENT) as pool:
        attack, *others = pool.run_fresh([HOSTILE[name]["program"], *["x = 1"] * 4])
    assert attack.verdict is not Verdict.EMPTY
    assert {other.verdict for other in others} == {Verdict.EMPTY}


def mutated_bytes(rng, text):
    """A program with some of its bytes overwritten, removed or repeated."""
    raw = bytearray(text.encode())
    for _ in range(rng.randint(1, 12)):
        at = rng.randrange(len(raw))
        match rng.randrange(4):
            case 0:
                raw[at] = rng.randrange(256)
            case 1:
                del raw[at : at + rng.randint(1, 8)]
            case 2:
                raw[at:at] = raw[at : at + rng.randint(1, 40)] * rng.randint(1, 4)
            case 3:
                raw[at : at + 1] = rng.choice([b"(", b"[", b"**", b"\n", b"\t", b"'", b"9", b"."])
        raw = raw or bytearray(b"x")
    return raw.decode(errors="replace")


def test_fuzzed_programs_end_and_leave_the_others_alone(in_language, honest_digest):
    rng = random.Random(0)
    before = peak_memory()
    parents = [*SEEDS.values(), *(generate(rng) for _ in range(40))]
    attacks = [
        entry["program"] for entry in HOSTILE.values() if "while True" not in entry["program"]
    ]
    programs = [mutated_bytes(rng, rng.choice(parents)) for _ in range(600)]
    programs += [mutated_bytes(rng, rng.choice(attacks)) for _ in range(200)]
    edits = [mutate(rng.choice(parents), rng) for _ in range(200)]
    programs += [edit.program for edit in edits if isinstance(edit, TreeEdit)]
    programs += [rng.randbytes(rng.randrange(200)).decode(errors="replace") for _ in range(100)]
    batch = [text for program in programs for text in (program, HONEST)]
    executions = in_language.run(batch)
    assert {e.body.digest() for e in executions[1::2]} == {honest_digest}
    fuzzed = executions[::2]
    assert not [e for e in fuzzed if e.verdict in (Verdict.PROTOCOL, Verdict.WORKER_DIED)]
    # The fuzz is worth something: some survive, and most do not.
    survived = sum(e.verdict is Verdict.OK for e in fuzzed)
    assert 0.05 < survived / len(fuzzed) < 0.7
    assert peak_memory() - before < GROWTH


class TestReplies:
    """What a compromised worker may send: refused, or a value that means nothing."""

    def test_random_bytes_are_refused_or_wait_for_more(self):
        rng = random.Random(0)
        for _ in range(2000):
            replies = Replies()
            try:
                given = list(replies.feed(rng.randbytes(rng.randrange(1, 400))))
            except MalformedReplyError:
                continue
            # A header that happens to be one waits for bytes; none of them may be without end.
            assert given == []

    def test_flipped_bits_never_pass_a_bound(self):
        rng = random.Random(1)
        honest = pack_reply(
            0, Reply(verdict=Verdict.OK, joints=bytes(16 * 20), springs=bytes(40 * 30))
        ) + pack_reply(1, Reply(verdict=Verdict.RUNTIME, reason="why", error="ValueError"))
        for _ in range(2000):
            message = bytearray(honest)
            for _ in range(rng.randint(1, 5)):
                message[rng.randrange(len(message))] ^= 1 << rng.randrange(8)
            try:
                given = list(Replies().feed(bytes(message)))
            except MalformedReplyError:
                continue
            for reply in given:
                assert len(reply.joints) <= 16 * MAX_JOINT_CALLS
                assert len(reply.springs) <= 40 * MAX_SPRING_CALLS
                assert len(reply.reason) <= MAX_REASON_BYTES
                assert reply.reason.isprintable()
                assert reply.error == "" or reply.error.isidentifier()

    def test_recordings_of_random_bytes_give_a_body_or_a_verdict(self):
        rng = random.Random(2)
        replies = [
            Reply(
                verdict=Verdict.OK,
                joints=rng.randbytes(16 * rng.randrange(30)),
                springs=rng.randbytes(40 * rng.randrange(30)),
            )
            for _ in range(500)
        ]
        for execution in build(replies):
            assert (execution.body is not None) == (execution.verdict is Verdict.OK)
            if execution.body is not None:
                assert abs(execution.body.joints).max() <= 1000.0

    def test_an_error_that_is_no_class_name_is_refused(self):
        for error in ("two words", "\x1b[2J", "1st", "größe"):
            message = pack_reply(0, Reply(verdict=Verdict.RUNTIME, error=error))
            with pytest.raises(MalformedReplyError, match="no class name"):
                list(Replies().feed(message))
