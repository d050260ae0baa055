"""What a program sees, run by the interpreter in this process: no jail is needed to read a name."""

import math
import struct

import pytest

from elmjax.programs import Verdict
from elmjax.programs.interpreter import interpret

HEADER = "from walk_creator import walker_creator\n"


def run(inside, before=""):
    body = "".join(f"    {line}\n" for line in inside.splitlines())
    return interpret(f"{HEADER}{before}\ndef make_walker():\n    wc = walker_creator()\n{body}")


def x_of(expression, before=""):
    """The value of a numeric expression, brought out as a joint's coordinate."""
    reply = run(f"wc.add_joint({expression}, 0)\nreturn wc.get_walker()", before)
    assert reply.verdict is Verdict.OK, reply.reason
    return struct.unpack_from("<d", reply.joints)[0]


def springs_of(*calls):
    joints = "for k in range(3): wc.add_joint(k, 0)\n"
    reply = run(joints + "\n".join(calls) + "\nreturn wc.get_walker()")
    assert reply.verdict is Verdict.OK, reply.reason
    return list(struct.iter_unpack("<5d", reply.springs))


@pytest.mark.parametrize(
    ("arguments", "row"),
    [
        ("0, 1", (0, 1, 1, 0, 0)),
        ("0, 1, True, 30, 0.5", (0, 1, 1, 0, 0)),
        ("0, 1, True, None, 'x'", (0, 1, 1, 0, 0)),
        ("0, 1, False", (0, 1, 0, 1, 0)),
        ("0, 1, 0.0, 3, 2", (0, 1, 0, 3, 2)),
        ("0, 1, False, True, False", (0, 1, 0, 1, 0)),
        ("2, 2, False, -4, -1", (2, 2, 0, -4, -1)),
        ("j0=0, j1=2, is_distance=False, phase=0.5, amplitude=0.25", (0, 2, 0, 0.25, 0.5)),
    ],
)
def test_add_muscle_records_what_was_asked(arguments, row):
    assert springs_of(f"wc.add_muscle({arguments})") == [row]


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("wc.add_muscle(0, 3)", "IndexError: no joint 3: 3 were added"),
        ("wc.add_muscle(-1, 0)", "IndexError"),
        ("wc.add_muscle(0, None)", "TypeError: a joint was wanted, got NoneType"),
        ("wc.add_muscle(0, 1.0)", "TypeError"),
        ("wc.add_muscle(0, (1, 2))", "TypeError"),
        ("wc.add_muscle(0, 1, False, 'much')", "TypeError"),
        ("wc.add_joint('0', 0)", "TypeError"),
        ("wc.add_joint(1j, 0)", "TypeError"),
        ("wc.add_joint(1)", "TypeError"),
        ("wc.add_joint(10**400, 0)", "OverflowError"),
    ],
)
def test_calls_that_make_no_sense_raise(call, reason):
    reply = run(f"for k in range(3): wc.add_joint(k, 0)\n{call}")
    assert reply.verdict is Verdict.RUNTIME
    assert reply.reason.startswith(reason)


def test_a_caught_error_leaves_no_half_a_joint():
    call = "try:\n    wc.add_joint(1, 'x')\nexcept TypeError:\n    pass\nwc.add_joint(2, 3)"
    reply = run(call + "\nreturn wc.get_walker()")
    assert struct.unpack("<2d", reply.joints) == (2.0, 3.0)


def test_get_walker_is_a_snapshot():
    reply = run("wc.add_joint(1, 2)\nw = wc.get_walker()\nwc.add_joint(3, 4)\nreturn w")
    assert struct.unpack("<2d", reply.joints) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("math.cos(1)", math.cos(1)),
        ("np.sign(-3)", -1),
        ("np.sign(0.0)", 0),
        ("np.pi + numpy.arctan2(1, 2)", math.pi + math.atan2(1, 2)),
        ("np.clip(5, 0, 2)", 2),
        ("np.maximum(1, 4) + np.abs(-2)", 6),
        ("np.mod(-1, 3)", 2),
        ("__name__ == 'walker'", 1),
    ],
)
def test_names_that_need_no_import(expression, value):
    assert x_of(expression) == pytest.approx(value)


@pytest.mark.parametrize(
    ("statement", "expression"),
    [
        ("import math", "math.sqrt(4)"),
        ("from math import *", "sqrt(4)"),
        ("import numpy", "numpy.sqrt(4)"),
        ("import numpy as n", "n.sqrt(4)"),
        ("from np import sqrt as root", "root(4)"),
        ("import random\nrandom.seed(3)", "2 + 0 * random.randint(1, 6)"),
    ],
)
def test_imports(statement, expression):
    assert x_of(expression, statement) == 2


def test_an_import_that_fails_can_be_caught():
    before = "try:\n    import torch\nexcept ImportError:\n    torch = 7"
    assert x_of("torch", before) == 7


def test_random_numbers_follow_from_the_text():
    assert x_of("random.random()") == x_of("random.random()")
    assert x_of("random.random()") != x_of(" random.random()")
    assert x_of("(random.seed(), random.random())[1]") == x_of(
        "(random.seed(), random.random())[1]"
    )


def test_query_cppn_skips_what_the_papers_test_skips():
    before = "asked = []\ndef connect(*pair):\n    asked.append(pair)"
    call = "query_cppn(wc, 2, 2, 1.5, connect, None, None)\nraise ValueError(asked)"
    reply = run(call, before)
    # x1 == y1 and x2 == y2 leaves out (0,0)-(0,0), (0,0)-(1,1) and (1,1)-(1,1).
    wanted = [(0, 0, 0, 1), (0, 0, 1, 0), (0, 1, 0, 1), (0, 1, 1, 1), (1, 0, 1, 0), (1, 0, 1, 1)]
    assert reply.reason.startswith(f"ValueError: {wanted}")


@pytest.mark.parametrize(
    ("functions", "entry"),
    [
        ("def make_walker(): return M\ndef z(): return Z", "make_walker"),
        ("def a(): return M\ndef walker(size=3, *, k=1, **more): return Z", "walker"),
        ("def z(): return Z\ndef make_walker(a): return M", "z"),
        ("def b(): return M\ndef a(): return Z\ndef b(): return Z", "b"),
        ("def a(*parts): return Z\ndef b(*, k): return M", "a"),
        ("make_walker = 3\ndef a(): return Z", "a"),
    ],
)
def test_the_entry_is_make_walker_or_the_last_that_can_be_called(functions, entry):
    reply = interpret(functions.replace("M", "1").replace("Z", "1"))
    assert reply.verdict is Verdict.WRONG_RETURN
    assert reply.reason.startswith(f"{entry} returned int")


def test_classes_and_generators_of_a_programs_own_work():
    before = (
        "class Leg:\n"
        "    def __init__(self, length): self.length = length\n"
        "    def __add__(self, other): return Leg(self.length + other.length)\n"
        "class Long(Leg):\n"
        "    def __init__(self): super().__init__(5)\n"
        "def legs():\n"
        "    yield Long()\n"
        "    yield Leg(2)\n"
    )
    assert x_of("sum(legs(), Leg(0)).length", before) == 7


@pytest.mark.parametrize(
    "program",
    [
        "math.sin.x = 1",
        "np.sign.x = 1",
        "del math.pi",
        "walk_creator.walker_creator = 1",
        "walk_creator.walker_creator.x = 1",
        "walk_creator.walker_creator().add_joint.x = 1",
        "query_cppn.x = 1",
        "print.x = 1",
    ],
)
def test_what_programs_share_cannot_be_changed(program):
    reply = interpret(program)
    assert (reply.verdict, reply.reason.split(":")[0]) == (Verdict.RUNTIME, "AttributeError")


@pytest.mark.parametrize(
    "program",
    [
        "().__class__.__base__.__subclasses__()",
        "(lambda: 0).__globals__",
        "print.__self__",
        "math.sin.__self__",
        "from math import __loader__",
        "import math.__loader__",
        "getattr(math, 'pi')",
        "type(math)",
        "globals()",
        "eval('1')",
        "exec('1')",
        "vars(math)",
        "super.__self_class__",
        "(i for i in ()).gi_frame",
        "def f():\n    return [].__len__.__self__.__class__",
        "try:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__.tb_frame",
        "'{0}'.format_map({})",
        "class C:\n    def __del__(self): pass",
        "class C:\n    __getattribute__ = None",
        "match math:\n    case object(__class__=c): pass",
        "wc = walk_creator.walker_creator()\nwc._WalkerCreator__joints",
    ],
)
def test_what_is_out_of_reach(program):
    assert interpret(program).verdict is Verdict.FORBIDDEN


def test_sums_add_from_left_to_right():
    # Ten times the double nearest to 0.1, rounded after each addition, misses 1 by one unit.
    assert x_of("sum([0.1] * 10)") == 0.9999999999999999
    assert x_of("sum([[1], [2, 3]], [])[2]") == 3
    assert run("sum(['a'], '')").reason.startswith("TypeError")


@pytest.mark.parametrize("name", ["math.sumprod", "math.fma", "random.binomialvariate"])
def test_what_later_pythons_add_is_not_there(name):
    assert interpret(name).reason.startswith("AttributeError")
