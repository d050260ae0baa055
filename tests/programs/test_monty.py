"""The second engine gives honest programs the bodies that the jail gives them, or says why not."""

import random

import pytest

from elmjax.programs import SEEDS, Limits, LockdownUnavailable, ProgramPool, Verdict, open_engine
from elmjax.programs.generate import generate
from elmjax.programs.monty import MontyMissing, MontyPool, find_entry, rewrite_imports

LIMITS = Limits(seconds=0.6, uninterruptible_seconds=1.2, memory_mebibytes=128)
WALKER = """
from walk_creator import walker_creator
def make_walker():
    wc = walker_creator()
    a, b = wc.add_joint(0, 0), wc.add_joint(1, 0)
    wc.add_muscle(a, b)
    INSIDE
    return wc.get_walker()
"""


def walker(inside: str) -> str:
    return WALKER.replace("INSIDE", inside.replace("\n", "\n    "))


@pytest.fixture(scope="module")
def monty():
    try:
        pool = MontyPool(workers=2, limits=LIMITS)
    except MontyMissing as reason:
        pytest.skip(str(reason))
    with pool:
        yield pool


@pytest.fixture(scope="module")
def jail():
    try:
        pool = ProgramPool(workers=1)
    except LockdownUnavailable as reason:
        pytest.skip(f"this machine cannot confine programs: {reason}")
    with pool:
        yield pool


def test_honest_programs_build_the_same_bodies_as_in_the_jail(monty, jail):
    rng = random.Random(0)
    programs = [*SEEDS.values(), *(generate(rng) for _ in range(60))]
    # Random numbers come from the text in both, by the same generator.
    programs += [walker("wc.add_joint(random.random(), random.uniform(2, 3))")]
    programs += [walker("wc.add_joint(np.sin(2), sum([0.1] * 10))")]
    programs += [walker("for k in range(3):\n    wc.add_joint(random.gauss(0, 1), k)")]
    executions = monty.run(programs)
    wanted = jail.run(programs)
    assert [e.verdict for e in executions] == [Verdict.OK] * len(programs), [
        (e.reason) for e in executions if e.verdict is not Verdict.OK
    ]
    assert [e.body.digest() for e in executions] == [e.body.digest() for e in wanted]


# Each means the same in both engines.
SHARED = {
    "syntax": ("def make_walker(:", Verdict.SYNTAX),
    "import": ("import torch", Verdict.FORBIDDEN),
    "open": (walker("open('/etc/passwd')"), Verdict.FORBIDDEN),
    "undefined": (walker("x"), Verdict.RUNTIME),
    "raises": ("raise ValueError('no')", Verdict.RUNTIME),
    "wrong handle": (walker("wc.add_muscle(0, 9)"), Verdict.RUNTIME),
    "text for a number": (walker("wc.add_joint('0', 0)"), Verdict.RUNTIME),
    "loop": ("while True: pass", Verdict.SOFT_TIMEOUT),
    "loop in entry": (walker("while True: pass"), Verdict.SOFT_TIMEOUT),
    "memory": ("x = [0]\nwhile True: x = x + x", Verdict.MEMORY),
    "recursion": ("def f(): f()\nf()", Verdict.RECURSION),
    "no entry": ("x = 1", Verdict.NO_ENTRY),
    "entry with arguments": ("def walk(a): pass", Verdict.NO_ENTRY),
    "returns a number": ("def make_walker(): return 3", Verdict.WRONG_RETURN),
    "no springs": (
        "def make_walker():\n    return walk_creator.walker_creator().get_walker()",
        Verdict.EMPTY,
    ),
    "nan": (walker("wc.add_joint(float('nan'), 0)"), Verdict.NON_FINITE),
    "many joints": (walker("for k in range(10_000): wc.add_joint(k, 5)"), Verdict.TOO_LARGE),
    "endless joints": (walker("while True: wc.add_joint(0, 0)"), Verdict.TOO_LARGE),
    "long": ("#" * (LIMITS.source_bytes + 1), Verdict.TOO_LONG),
}


@pytest.mark.parametrize("name", SHARED)
def test_verdicts_are_those_of_the_jail(monty, name):
    program, verdict = SHARED[name]
    execution = monty.run_one(program)
    assert execution.verdict is verdict, execution.reason
    assert execution.reason
    assert execution.reason.isprintable()
    assert len(execution.reason) < 300


# What Monty's own Python lacks: the list in docs/security.md.
LACKING = {
    "yield": "def legs():\n    yield 1",
    "inheritance": "class Leg: pass\nclass Long(Leg): pass",
}


@pytest.mark.parametrize("name", LACKING)
def test_what_the_smaller_language_lacks_is_forbidden(monty, name):
    execution = monty.run_one(LACKING[name] + walker(""))
    assert execution.verdict is Verdict.FORBIDDEN
    assert "does not yet support" in execution.reason


@pytest.mark.parametrize(
    "returned",
    [
        "class Walker:\n    def __init__(self):\n        self.joints = [(0, 0)]",
        "class Walker:\n    def __init__(self):\n        self.joints, self.springs = 3, 4",
        "class Walker:\n    def __init__(self):\n        self.joints, self.springs = [(0,)], []",
        "class Walker:\n    def __init__(self):\n        self.joints, self.springs = [], [(1, 2)]",
        "class Walker:\n    def __init__(self):\n"
        "        self.joints, self.springs = [(0, 0)], [(0, 7, 1, 0, 0)]",
        "class Walker:\n    def __init__(self):\n"
        "        self.joints, self.springs = [(10**400, 0)], []",
    ],
)
def test_a_forged_walker_is_malformed(monty, returned):
    program = f"{returned}\ndef make_walker():\n    return Walker()\n"
    assert monty.run_one(program).verdict is Verdict.PROTOCOL


def test_programs_do_not_see_each_other(monty):
    left, looked = monty.run(["trace = 1\n" + walker(""), walker("trace")])
    assert (left.verdict, looked.verdict) == (Verdict.OK, Verdict.RUNTIME)


def test_two_runs_agree(monty):
    draws = walker("wc.add_joint(random.random(), 5)")
    one, other = monty.run([draws, draws])
    assert one.body.digest() == other.body.digest()


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("import walk_creator\n", "walk_creator = walk_creator\n"),
        ("import numpy as np", "np = numpy"),
        (
            "  from walk_creator import walker_creator",
            "  walker_creator = walk_creator.walker_creator",
        ),
        ("from numpy import sin as s", "s = numpy.sin"),
        ("import math", "import math"),
        ("import walk_creator_two", "import walk_creator_two"),
    ],
)
def test_imports_of_the_language_become_assignments(text, rewritten):
    assert rewrite_imports(text) == rewritten


def test_the_entry_is_found_in_the_text():
    assert find_entry("def a(): pass\ndef make_walker(): pass\ndef b(): pass") == "make_walker"
    assert find_entry("def a(): pass\ndef b(): pass\ndef c(x): pass") == "b"
    assert find_entry("x = 1") is None


class TestChoice:
    """Which engine `auto` means."""

    @pytest.fixture
    def no_jail(self, monkeypatch):
        def refuse(**_):
            raise LockdownUnavailable("this kernel has no seccomp")

        monkeypatch.setattr("elmjax.programs.engine.ProgramPool", refuse)

    @pytest.fixture
    def no_monty(self, monkeypatch):
        def refuse(**_):
            raise MontyMissing

        monkeypatch.setattr("elmjax.programs.engine.MontyPool", refuse)

    def test_the_jail_where_it_can_be_built(self, jail, no_monty):
        for engine in ("auto", "jail"):
            with open_engine(engine, workers=1, limits=LIMITS) as pool:
                assert isinstance(pool, ProgramPool)

    def test_monty_where_it_cannot(self, monty, no_jail):
        for engine in ("auto", "monty"):
            with open_engine(engine, workers=1, limits=LIMITS) as pool:
                assert isinstance(pool, MontyPool)

    def test_never_neither(self, no_jail, no_monty):
        with pytest.raises(LockdownUnavailable, match="no seccomp") as jail_alone:
            open_engine("jail", workers=1, limits=LIMITS)
        with pytest.raises(LockdownUnavailable, match="no seccomp; pydantic-monty is not") as both:
            open_engine("auto", workers=1, limits=LIMITS)
        for error in (jail_alone, both):
            assert "pip install 'elmjax[monty]'" in str(error.value)
