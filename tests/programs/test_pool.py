"""The pool: every verdict by a real program, order, determinism, and survival of its workers."""

import dataclasses
import functools

import numpy as np
import pytest

from elmjax.programs import SEEDS, Limits, ProgramPool, Verdict
from elmjax.programs.nursery import Nursery

HEADER = "from walk_creator import walker_creator\n"
PLAIN = """
from walk_creator import walker_creator
def make_walker():
    wc = walker_creator()
    a = wc.add_joint(0, 0)
    b = wc.add_joint(1, {height})
    wc.add_muscle(a, b, False, 0.5, 0.25)
    return wc.get_walker()
"""
BODY = "    wc = walker_creator()\n    a, b = wc.add_joint(0, 0), wc.add_joint(1, 0)\n"
END = "    wc.add_muscle(a, b)\n    return wc.get_walker()\n"
BARE = functools.partial(Nursery, unrestricted=True)
LIMITS = Limits(seconds=0.1, uninterruptible_seconds=0.25, memory_mebibytes=128)


@pytest.fixture(scope="module")
def pool():
    with ProgramPool(workers=2, limits=LIMITS) as pool:
        yield pool


def walker(*, before="", inside="", end=END):
    return f"{HEADER}{before}\ndef make_walker():\n{BODY}{inside}\n{end}"


# Each ends differently; the reason names what a person would look for.
PROGRAMS = {
    "ok": (walker(), Verdict.OK, ""),
    "unclosed": ("def make_walker(:\n", Verdict.SYNTAX, "(line 1)"),
    "null byte": ("x = 1\0", Verdict.SYNTAX, "null bytes"),
    "lone surrogate": ("x = '\ud800'", Verdict.SYNTAX, "Unicode"),
    "nested brackets": ("x = " + "(" * 500, Verdict.SYNTAX, ""),
    "nested minus": ("x = " + "-" * 20_000 + "1", Verdict.RECURSION, "nested"),
    "import": ("import os\n" + walker(), Verdict.FORBIDDEN, "import of os"),
    "relative import": ("from . import jail\n", Verdict.FORBIDDEN, "import"),
    "open": (walker(inside="    open('/etc/passwd')"), Verdict.FORBIDDEN, "'open'"),
    "class of an object": ("x = ().__class__.__base__", Verdict.FORBIDDEN, "__class__"),
    "frames": ("x = (i for i in ()).gi_frame.f_back", Verdict.FORBIDDEN, "gi_frame"),
    "builtins": ("__builtins__['len'] = 1", Verdict.FORBIDDEN, "__builtins__"),
    "class pattern": (
        "match []:\n    case object(__class__=c):\n        pass",
        Verdict.FORBIDDEN,
        "__class__",
    ),
    "undefined": (walker(inside="    x"), Verdict.RUNTIME, "'x' is not defined (line 6)"),
    "raises": ("raise ValueError('no')", Verdict.RUNTIME, "ValueError: no (line 1)"),
    "raises a hostile text": (r"raise ValueError('\x1b[2J\n\n')", Verdict.RUNTIME, "?[2J (line 1)"),
    "raises in str": (
        "class E(Exception):\n    def __str__(self):\n        raise E\nraise E",
        Verdict.RUNTIME,
        "E (line 4)",
    ),
    "tampers with a module": ("import math\nmath.pi = 3", Verdict.RUNTIME, "AttributeError"),
    "tampers with a creator": (walker(inside="    wc.limit = 1"), Verdict.RUNTIME, "limit"),
    "loop": ("while True: pass", Verdict.SOFT_TIMEOUT, "0.1 s"),
    "loop in entry": (walker(inside="    while True: pass"), Verdict.SOFT_TIMEOUT, "0.1 s"),
    "loop caught once": (
        "try:\n    while True: pass\nexcept: pass\n" + walker(),
        Verdict.SOFT_TIMEOUT,
        "0.1 s",
    ),
    "loop caught always": (
        "while True:\n    try:\n        while True: pass\n    except: pass",
        Verdict.SOFT_TIMEOUT,
        "0.1 s",
    ),
    "loop at its end": (
        "def g():\n    try:\n        yield\n    finally:\n        while True: pass\n"
        "x = g()\nnext(x)\n" + walker(),
        Verdict.SOFT_TIMEOUT,
        "0.1 s",
    ),
    "loop in C": ("sum(range(10**12))", Verdict.HARD_TIMEOUT, "one call"),
    "power": ("10**10**8", Verdict.SOFT_TIMEOUT, "took longer"),
    "one large object": ("x = bytearray(10**10)", Verdict.MEMORY, ""),
    "recursion": ("def f(): f()\nf()", Verdict.RECURSION, ""),
    "integer beyond floats": (
        walker(inside="    wc.add_joint(10**400, 0)"),
        Verdict.RUNTIME,
        "OverflowError",
    ),
    "integer beyond text": ("f'{7**30000}'", Verdict.RUNTIME, "4300 digits"),
    "text beyond memory": ("f'{1:>{10**12}}'", Verdict.MEMORY, ""),
    "endless reason": ("raise ValueError('x' * 10**6)", Verdict.RUNTIME, "ValueError: xxx"),
    "endless name": (
        "class A: pass\nA.__name__ = 'x' * 10**6\ndef f(): return A()",
        Verdict.WRONG_RETURN,
        "f returned xxx",
    ),
    "no entry": ("x = 1", Verdict.NO_ENTRY, "make_walker"),
    "empty text": ("", Verdict.NO_ENTRY, "make_walker"),
    "entry with arguments": ("def make_walker(a): pass", Verdict.NO_ENTRY, "make_walker"),
    "returns nothing": (walker(end=""), Verdict.WRONG_RETURN, "make_walker returned NoneType"),
    "generator": ("def f(): yield 1", Verdict.WRONG_RETURN, "f returned generator"),
    "no joints": (
        walker(end="    return walker_creator().get_walker()"),
        Verdict.EMPTY,
        "no joints",
    ),
    "no springs": (walker(end="    return wc.get_walker()"), Verdict.EMPTY, "no springs"),
    "nan": (walker(inside="    wc.add_joint(float('nan'), 0)"), Verdict.NON_FINITE, "joint"),
    "infinite phase": (
        walker(inside="    wc.add_muscle(a, b, False, 1, float('inf'))"),
        Verdict.NON_FINITE,
        "phase",
    ),
    "many joints": (
        walker(inside="    for k in range(10_000): wc.add_joint(k / 10, 5)"),
        Verdict.TOO_LARGE,
        "10002 joints",
    ),
    "endless joints": (
        walker(inside="    while True: wc.add_joint(0, 0)"),
        Verdict.TOO_LARGE,
        "calls of add_joint",
    ),
    "long": ("#" * (LIMITS.source_bytes + 1), Verdict.TOO_LONG, "bytes"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_verdict(pool, name):
    program, verdict, reason = PROGRAMS[name]
    execution = pool.run_one(program)
    assert execution.verdict is verdict, execution.reason
    assert reason in execution.reason
    assert execution.reason.isprintable()
    assert len(execution.reason) < 300
    assert (execution.body is not None) == (verdict is Verdict.OK)


def test_a_batch_of_everything_gives_each_its_own_verdict(pool):
    executions = pool.run([program for program, _, _ in PROGRAMS.values()])
    assert [e.verdict for e in executions] == [verdict for _, verdict, _ in PROGRAMS.values()]


@pytest.mark.parametrize(
    "bomb", ["x = []\nwhile True: x.append('x' * 10**7)", "x = [0]\nwhile True: x = x + x"]
)
def test_memory_filled_little_by_little_ends_the_program_alone(bomb):
    # A busy machine may take long to hand out the pages that the bomb asks for one by one.
    patient = Limits(seconds=20.0, uninterruptible_seconds=30.0, memory_mebibytes=128)
    with ProgramPool(workers=1, limits=patient) as pool:
        bombed, fine = pool.run([bomb, walker()])
    assert (bombed.verdict, fine.verdict) == (Verdict.MEMORY, Verdict.OK)


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        ("raise ValueError('no')", "ValueError"),
        ("1 / 0", "ZeroDivisionError"),
        # A class of the program's own counts as the standard class it comes from.
        ("class Mine(KeyError): pass\nraise Mine", "KeyError"),
        ("class ValueError(Exception): pass\nraise ValueError", "Exception"),
        ("try:\n    import torch\nfinally:\n    raise LookupError", "LookupError"),
    ],
)
def test_a_runtime_error_has_its_class(pool, raised, error):
    execution = pool.run_one(raised)
    assert (execution.verdict, execution.error) == (Verdict.RUNTIME, error)
    # The history keeps the reason alone: its first word must be the class.
    assert execution.reason.replace(":", " ").split()[0] == error


@pytest.mark.parametrize("name", ["ok", "import", "unclosed", "loop", "one large object"])
def test_what_did_not_raise_has_no_class(pool, name):
    assert pool.run_one(PROGRAMS[name][0]).error == ""


@pytest.mark.parametrize("killer", ["loop in C", "loop caught always"])
def test_a_killer_in_the_middle_loses_nothing(pool, killer):
    heights = range(1, 100)
    programs = [PLAIN.format(height=height) for height in heights]
    programs.insert(40, PROGRAMS[killer][0])
    executions = pool.run(programs)
    assert executions.pop(40).verdict is PROGRAMS[killer][1]
    assert [e.body.height for e in executions] == list(heights)


def test_programs_do_not_see_each_other(pool):
    leaves = "import math, random\nrandom.trace = 1\ntrace = 1\nquery_cppn = None\n" + walker()
    looks = "random.trace\n" + walker()
    uses_given = walker(inside="    query_cppn(wc, 0, 0, 1, None, None, None)\n    trace")
    for _ in range(2):
        left, looked, used = pool.run([leaves, looks, uses_given])
        assert left.verdict is Verdict.OK
        assert "no attribute 'trace'" in looked.reason
        assert "'trace' is not defined" in used.reason


def test_two_pools_agree_bit_for_bit():
    depends_on_order = HEADER + (
        "def make_walker():\n"
        "    wc = walker_creator()\n"
        "    for name in {'spring', 'joint', 'walker', 'muscle'}:\n"
        "        wc.add_joint(random.random(), len(name))\n"
        "    wc.add_muscle(0, 1)\n"
        "    return wc.get_walker()\n"
    )
    programs = [depends_on_order, *SEEDS.values()]
    digests = []
    for workers in (1, 2):
        with ProgramPool(workers=workers) as pool:
            digests.append([e.body.digest() for e in pool.run(programs * workers)][: len(programs)])
    assert digests[0] == digests[1]


def test_two_texts_get_different_random_numbers(pool):
    draws = walker(inside="    wc.add_joint(random.random(), 5)")
    one, same, other = pool.run([draws, draws, draws + "# another text"])
    assert one.body.digest() == same.body.digest()
    assert not np.array_equal(one.body.joints, other.body.joints)


def test_a_worker_that_crashes_is_blamed_on_the_program_that_crashed_it(monkeypatch):
    # Without the language a program can crash the interpreter; the pool must cope with that.
    monkeypatch.setattr("elmjax.programs.pool.Nursery", BARE)
    crash = "import ctypes\nctypes.string_at(0)"
    with ProgramPool(workers=1, limits=LIMITS) as pool:
        executions = pool.run(["x = 1", crash, "x = 2", crash])
    # Bare programs record no walker: running to the end shows as EMPTY.
    verdicts = [e.verdict for e in executions]
    assert verdicts == [Verdict.EMPTY, Verdict.WORKER_DIED] * 2
    assert "SIGSEGV" in executions[1].reason


# What a worker does that an earlier program has left in another state than a fresh one.
LEAVES = "import builtins\nbuiltins.left = bytearray(90 << 20)"
DOUBTFUL = {
    Verdict.SOFT_TIMEOUT: "while True: pass",
    Verdict.HARD_TIMEOUT: "sum(range(10**12))",
    Verdict.WORKER_DIED: "import ctypes\nctypes.string_at(0)",
    Verdict.MEMORY: "raise MemoryError",
}


@pytest.mark.parametrize("verdict", DOUBTFUL)
def test_what_a_fresh_worker_does_not_repeat_is_not_recorded(monkeypatch, verdict):
    monkeypatch.setattr("elmjax.programs.pool.Nursery", BARE)
    act = DOUBTFUL[verdict].replace("\n", "\n    ")
    once = f"import builtins\nif hasattr(builtins, 'left'):\n    {act}"
    with ProgramPool(workers=1, limits=LIMITS) as pool:
        first, doubtful, certain, last = pool.run([LEAVES, once, DOUBTFUL[verdict], "x = 1"])
    assert [first.verdict, doubtful.verdict, last.verdict] == [Verdict.EMPTY] * 3
    assert certain.verdict is verdict


def test_a_program_run_fresh_meets_nothing_of_the_others(monkeypatch):
    monkeypatch.setattr("elmjax.programs.pool.Nursery", BARE)
    looks = "import builtins\nbuiltins.left"
    with ProgramPool(workers=1, limits=LIMITS) as pool:
        together = pool.run([LEAVES, looks])
        apart = pool.run_fresh([LEAVES, looks, LEAVES])
    assert [e.verdict for e in together] == [Verdict.EMPTY] * 2
    assert [e.verdict for e in apart] == [Verdict.EMPTY, Verdict.RUNTIME, Verdict.EMPTY]
    assert "left" in apart[1].reason


# Programs in command of their worker. Each must cost itself, and nobody else, its reply.
COMMANDS = {
    "noise": ("import os\nos.write(1, b'\\xff' * 100)", Verdict.PROTOCOL),
    "an exit that means a swallowed interruption": ("import os\nos._exit(3)", Verdict.WORKER_DIED),
    "a reply too many": (
        "import os\nfrom elmjax.programs import wire\n"
        "os.write(1, wire.pack_reply(0, wire.Reply(verdict=wire.Verdict.OK)) * 2)",
        Verdict.PROTOCOL,
    ),
    "another to blame": (
        "import gc, os\n"
        "for thing in gc.get_objects():\n"
        "    if type(thing).__name__ == 'Worker':\n"
        "        thing._place[0] = 2\n"
        "os._exit(7)",
        Verdict.WORKER_DIED,
    ),
    "nobody to blame": (
        "import sys, os\n"
        "frame = sys._getframe()\n"
        "while frame:\n"
        "    worker = frame.f_locals.get('self')\n"
        "    if hasattr(worker, '_place'):\n"
        "        worker._place[0] = 2**32 - 1\n"
        "    frame = frame.f_back\n"
        "os._exit(3)",
        Verdict.WORKER_DIED,
    ),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_program_in_command_of_its_worker_costs_itself_alone(monkeypatch, name):
    monkeypatch.setattr("elmjax.programs.pool.Nursery", BARE)
    program, verdict = COMMANDS[name]
    with ProgramPool(workers=1, limits=LIMITS) as pool:
        executions = pool.run(["x = 1", program, "x = 2", "x = 3"])
    verdicts = [e.verdict for e in executions]
    assert verdicts == [Verdict.EMPTY, verdict, Verdict.EMPTY, Verdict.EMPTY]


def test_a_worker_that_neither_computes_nor_answers_is_ended(monkeypatch):
    monkeypatch.setattr("elmjax.programs.pool.Nursery", BARE)
    impatient = dataclasses.replace(LIMITS, silent_seconds=0.8)
    waits = "import os\nos.read(0, 1)"
    drips = (
        "import os, time\nos.write(1, b'\\0')\n"
        "while True:\n    end = time.monotonic() + 0.02\n"
        "    os.read(0, 1)"
    )
    with ProgramPool(workers=1, limits=impatient) as pool:
        executions = pool.run(["x = 1", waits, drips, "x = 2"])
    verdicts = [e.verdict for e in executions]
    assert verdicts[0] is verdicts[3] is Verdict.EMPTY
    assert verdicts[1] is Verdict.WORKER_DIED
    assert verdicts[2] in (Verdict.WORKER_DIED, Verdict.PROTOCOL)


def test_memory_that_a_program_held_is_free_for_the_next():
    # Each needs more than half of what a worker may have, and refers to itself.
    holds = "held = [bytearray(60 << 20)]\nheld.append(held)\n" + walker()
    in_class = f"class Held:\n    data = bytearray(60 << 20)\n{walker()}"
    in_error = (
        "try:\n    data = bytearray(60 << 20)\n    raise ValueError(data)\n"
        "except ValueError as error:\n    kept = error\n"
        "kept.again = kept\n" + walker()
    )
    patient = dataclasses.replace(LIMITS, seconds=5.0, uninterruptible_seconds=10.0)
    with ProgramPool(workers=1, limits=patient) as pool:
        # Judged once: a second judgement in a fresh worker would hide what is left.
        replies = pool._cells[0].run([p.encode() for p in [holds, in_class, in_error] * 5])
    assert {reply.verdict for reply in replies} == {Verdict.OK}


def test_the_depth_of_recursion_is_part_of_the_language(pool):
    # The worker's own frames are a few of the thousand.
    for depth, verdict in ((960, Verdict.OK), (1000, Verdict.RECURSION)):
        down = "def down(n):\n    return n and down(n - 1)\n"
        execution = pool.run_one(walker(before=down, inside=f"    down({depth})"))
        assert execution.verdict is verdict


def test_nothing_to_run(pool):
    assert pool.run([]) == []


def test_a_closed_pool_refuses():
    pool = ProgramPool(workers=1)
    pool.close()
    with pytest.raises(ValueError, match="closed"):
        pool.run([walker()])


def test_no_workers_is_an_error():
    with pytest.raises(ValueError, match="got workers=0"):
        ProgramPool(workers=0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": 0.0},
        {"seconds": 2.0},
        {"memory_mebibytes": 1},
        {"source_bytes": 0},
        {"silent_seconds": 0.0},
    ],
)
def test_limits_that_make_no_sense_are_errors(wrong):
    with pytest.raises(ValueError, match=r"Limits.*got"):
        Limits(**wrong)
