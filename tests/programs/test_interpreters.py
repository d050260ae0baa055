"""The same text gives the same bytes, run after run and on every Python there is.

A run that one machine began must go on the same on another. The worker needs the standard library
alone, so any interpreter can run it.
"""

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from elmjax.programs import SEEDS, WALKERS, Limits, LockdownUnavailable, Verdict, mutate
from elmjax.programs.generate import generate
from elmjax.programs.jail import Jail
from elmjax.programs.tree.mutation import TreeEdit

VERSIONS = ((3, 11), (3, 12), (3, 13))
LIMITS = Limits(seconds=20.0, uninterruptible_seconds=30.0)  # no verdict here is about time

# One joint for each value: every function of the language that computes with floats, over numbers
# of both signs and several sizes.
ARITHMETIC = """
def make_walker():
    wc = walk_creator.walker_creator()
    numbers = [-7.3, -1, -0.31, 0.1, 0.5, 0.99, 1, 2.7, 12, 0.1 + 0.2]
    functions = [math.FUNCTION, lambda x: math.FUNCTION(x, 0.7), lambda x: math.FUNCTION([x] * 9)]
    functions += [lambda x: math.FUNCTION((x, 1.1), (0.3, x)), lambda x: math.FUNCTION(x, 3)]
    for x in numbers:
        for function in functions:
            try:
                wc.add_joint(function(x), x)
            except (TypeError, ValueError, OverflowError):
                pass
    return wc.get_walker()
"""
FUNCTIONS = """
    acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist erf erfc
    exp exp2 expm1 fabs factorial floor fmod fsum gamma gcd hypot isqrt lcm ldexp lgamma log log10
    log1p log2 nextafter perm pow prod radians remainder sin sinh sqrt tan tanh trunc ulp
""".split()  # noqa: SIM905 - a list would take a line for each
OTHERS = {
    "sum": "wc.add_joint(sum([0.1] * 10), sum(x / 7 for x in range(20)))",
    "round": "for k in range(99): wc.add_joint(round(k / 7, 2), (k / 7) ** 0.3)",
    "random": "for k in range(99): wc.add_joint(random.gauss(0, 1), random.uniform(-1, 1))",
    "choice": "for k in range(99): wc.add_joint(random.choice(range(9)), random.randint(0, 99))",
    "shuffle": "xs = list(range(99))\nrandom.shuffle(xs)\nfor x in xs: wc.add_joint(x, 0)",
    "sample": "for x in random.sample(range(99), 50): wc.add_joint(x, random.triangular())",
    "set of text": "for x in {str(k) for k in range(99)}: wc.add_joint(len(x), int(x))",
    "set of numbers": "for x in {k * 0.37 for k in range(99)}: wc.add_joint(x, 0)",
    "frozen sets": "for x in {frozenset({k, k + 1}) for k in range(9)}: wc.add_joint(max(x), 0)",
    "text of floats": "for k in range(99): wc.add_joint(float(f'{k / 7:.3g}'), len(repr(k / 7)))",
    "complex": "for k in range(9): z = (k + 0.3j) ** 1.7; wc.add_joint(z.real, abs(z))",
    "names": "größe = len('\\N{BULLET}é')\nwc.add_joint(größe, ord('\\N{BULLET}'))",
    "numpy": "for k in range(9): wc.add_joint(np.tanh(k / 7), np.arctan2(k, 0.3))",
}


def programs() -> list[str]:
    rng = random.Random(0)
    texts = [*SEEDS.values(), *WALKERS.values()]
    texts += [generate(rng) for _ in range(40)]
    edits = [mutate(text, rng) for text in texts * 3]
    texts += [edit.program for edit in edits if isinstance(edit, TreeEdit)]
    texts += [ARITHMETIC.replace("FUNCTION", name) for name in FUNCTIONS]
    for lines in OTHERS.values():
        inside = lines.replace("\n", "\n    ")
        texts.append(
            "def make_walker():\n    wc = walk_creator.walker_creator()\n"
            f"    {inside}\n    return wc.get_walker()\n"
        )
    return texts


PROGRAMS = programs()


def replies(interpreter: str) -> list:
    jail = Jail(LIMITS, interpreter=interpreter)
    jail.await_ready()
    try:
        return list(jail.run([text.encode() for text in PROGRAMS]))
    finally:
        jail.kill()


@pytest.fixture(scope="module")
def here() -> list:
    try:
        return replies(sys.executable)
    except LockdownUnavailable as reason:
        pytest.skip(f"this machine cannot confine programs: {reason}")


def find(version: tuple[int, int]) -> str | None:
    """A Python of that version: on the path, or where pyenv puts it."""
    name = f"python{version[0]}.{version[1]}"
    installed = Path.home().glob(f".pyenv/versions/{version[0]}.{version[1]}.*/bin/{name}")
    candidates = [shutil.which(name), *map(str, sorted(installed))]
    return next((path for path in candidates if path and _runs(path, version)), None)


def _runs(path: str, version: tuple[int, int]) -> bool:
    # Without an environment, as the jail starts it: a pyenv shim is no interpreter then.
    command = [path, "-c", "import sys; print(*sys.version_info[:2])"]
    done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
    return done.stdout.split() == [str(number) for number in version]


def test_the_programs_do_something(here):
    assert sum(reply.verdict is Verdict.OK for reply in here) > 0.7 * len(PROGRAMS)
    joints = sum(len(reply.joints) for reply in here) // 16
    assert joints > 5_000


def test_two_runs_give_the_same_bytes(here):
    assert replies(sys.executable) == here


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: "{}.{}".format(*version))
def test_another_python_gives_the_same_bytes(version, here):
    if version == sys.version_info[:2]:
        pytest.skip("this is the Python that runs the tests")
    interpreter = find(version)
    if interpreter is None:
        pytest.skip(f"no Python {version[0]}.{version[1]} is installed here")
    for text, reply, other in zip(PROGRAMS, here, replies(interpreter), strict=True):
        assert (reply.verdict, reply.error) == (other.verdict, other.error), text
        assert (reply.joints, reply.springs) == (other.joints, other.springs), text
        # What an exception says is the interpreter's to word; there is nothing to say of the rest.
        if reply.verdict is Verdict.OK:
            assert reply == other
