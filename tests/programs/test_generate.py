import ast
import random
from collections import Counter

import numpy as np
import pytest

from elmjax.programs import Verdict, canonical
from elmjax.programs.generate import generate
from elmjax.programs.generate.draft import Draft
from elmjax.programs.generate.generation import LONGEST, SHORTEST, STYLES
from elmjax.programs.generate.shapes import SHAPES, add_helper, call


@pytest.fixture(scope="module")
def programs():
    rng = random.Random(0)
    return [generate(rng) for _ in range(300)]


def nodes(programs, kind):
    return [[n for n in ast.walk(ast.parse(p)) if isinstance(n, kind)] for p in programs]


def test_programs_are_decided_by_the_state_of_the_generator(programs):
    rng = random.Random(0)
    assert [generate(rng) for _ in range(20)] == programs[:20]


def test_programs_have_the_form_of_a_walker_program(programs):
    for program in programs:
        assert program == canonical(program)
        assert SHORTEST <= len(program) <= LONGEST
        assert "from walk_creator import walker_creator\n" in program
        assert "\ndef make_walker():\n" in program
        assert program.endswith(".get_walker()\n")
        # Line tokens go up to 127.
        assert program.count("\n") < 127


def test_programs_run_and_their_walkers_fit_the_map(programs, pool):
    outcomes = pool.run(programs)
    assert Counter(outcome.verdict for outcome in outcomes) == {Verdict.OK: len(programs)}
    bodies = [outcome.body for outcome in outcomes]
    joints = np.array([len(body.joints) for body in bodies])
    assert joints.min() >= 3
    assert joints.max() <= 64
    within = [body.width < 24 and body.height < 24 and body.mass < 300 for body in bodies]
    assert np.mean(within) > 0.95
    oscillating = [not body.rigid.all() for body in bodies]
    assert np.mean(oscillating) > 0.9


def test_programs_are_diverse(programs):
    assert len(set(programs)) == len(programs)
    functions = {node.name for found in nodes(programs, ast.FunctionDef) for node in found}
    assert len(functions) > 30
    loops = [len(found) for found in nodes(programs, ast.For)]
    assert np.mean(np.array(loops) > 0) > 0.8
    assert max(loops) >= 6
    for kind in (ast.ListComp, ast.DictComp, ast.If, ast.IfExp, ast.Lambda, ast.AugAssign):
        assert any(nodes(programs, kind)), kind
    text = "\n".join(programs)
    for call_of in ("enumerate(", "zip(", "math.sin(", "abs(", "is_distance=False", "True)"):
        assert call_of in text


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.__name__)
def test_every_style_runs(style, pool):
    rng = random.Random(1)
    drafts = [Draft(rng) for _ in range(30)]
    for draft in drafts:
        style(draft)
    outcomes = pool.run([draft.program() for draft in drafts])
    assert {outcome.verdict for outcome in outcomes} == {Verdict.OK}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.stems[0])
def test_a_shape_makes_as_many_joints_as_it_says(shape, pool):
    rng = random.Random(2)
    programs, counts = [], []
    for _ in range(8):
        draft = Draft(rng)
        source, count = call(draft, add_helper(draft, shape), "1", "2")
        draft.say(f"joints = {source}", f"for k in range({count}):")
        # A spring to the first and the last joint of the list, by their places.
        draft.say(f"    {draft.creator}.add_muscle(joints[k], joints[{count - 1} - k])")
        programs.append(draft.program())
        counts.append(count)
    bodies = [outcome.body for outcome in pool.run(programs)]
    assert [len(body.joints) for body in bodies] == counts
