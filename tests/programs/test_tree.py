import ast
import bisect
import inspect
import random
import re
import textwrap
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elmjax.programs import SEEDS, Verdict, canonical
from elmjax.programs.generate import generate
from elmjax.programs.tree import (
    OPERATORS,
    EditClass,
    TreeEdit,
    constants,
    expressions,
    inference,
    mutate,
    mutation,
    springs,
    statements,
    variables,
)
from elmjax.programs.tree.edit import Assignment, Edit
from elmjax.programs.tree.program import Program
from elmjax.programs.tree.rewriting import rewritten, unparsed
from elmjax.programs.tree.variables import Kind, Value

SQUARE = SEEDS["square"]
PROGRAMS = st.sampled_from(list(SEEDS.values())) | st.integers(0, 999).map(
    lambda seed: generate(random.Random(seed))
)
CHANCE = st.integers(0, 2**32).map(random.Random)
# Editing takes milliseconds, and on a busy machine some examples take a hundred.
BRIEF = settings(deadline=None, max_examples=50)


def walker(*body: str) -> str:
    """A program that says `body` between making the creator and returning the walker."""
    lines = ["wc = walker_creator()", *body, "return wc.get_walker()"]
    text = "from walk_creator import walker_creator\n\ndef make_walker():\n    "
    return canonical(text + "\n    ".join(lines))


def edited(operator, program: str, seed: int) -> str | None:
    subject = Program(program)
    edit = operator(subject, random.Random(seed))
    return canonical(unparsed(subject, edit)) if edit else None


def children(operator, program: str, number: int = 40) -> set[str]:
    found = {edited(operator, program, seed) for seed in range(number)} - {None}
    assert found
    return found


def without_numbers(program: str) -> str:
    """The program with a zero for each of its numbers, their signs included."""

    class Mask(ast.NodeTransformer):
        def visit_Constant(self, node):
            number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
            return ast.Constant(value=0) if number else node

        def visit_UnaryOp(self, node):
            node = self.generic_visit(node)
            number = isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)
            return node.operand if number else node

    return ast.dump(Mask().visit(ast.parse(program)))


def calls_of(name: str, program: str) -> int:
    return sum(constants.is_call_of(node, name) for node in ast.walk(ast.parse(program)))


def added_lines(parent: str, child: str) -> Counter[str]:
    return Counter(child.splitlines()) - Counter(parent.splitlines())


@BRIEF
@given(program=PROGRAMS, rng=CHANCE)
def test_a_child_parses_and_differs_or_is_declared_unchanged(program, rng):
    edit = mutate(program, rng)
    assert edit.program == canonical(edit.program)
    assert edit.changed == bool(edit.edits) == (edit.program != canonical(program))
    assert len(edit.edits) <= 4


@BRIEF
@given(program=PROGRAMS, seed=st.integers(0, 999))
def test_a_child_is_decided_by_the_state_of_the_generator(program, seed):
    assert mutate(program, random.Random(seed)) == mutate(program, random.Random(seed))


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.edit.__name__)
@settings(parent=BRIEF, max_examples=10)
@given(program=PROGRAMS.map(canonical), seed=st.integers(0, 999))
def test_what_was_found_out_about_a_program_stays_true(operator, program, seed):
    used = Program(program)
    for other in OPERATORS:
        edit = other.edit(used, random.Random(seed))
        if edit:
            rewritten(used, edit)
    assert ast.dump(used.tree, include_attributes=True) == ast.dump(
        ast.parse(program), include_attributes=True
    )
    edit = operator.edit(used, random.Random(seed))
    child = unparsed(used, edit) if edit else None
    fresh = edited(operator.edit, program, seed)
    assert child == fresh


@BRIEF
@given(program=PROGRAMS, rng=CHANCE)
def test_edits_of_constants_touch_numbers_only(program, rng):
    edit = mutate(program, rng)
    if set(edit.edits) == {EditClass.CONSTANT}:
        assert without_numbers(edit.program) == without_numbers(program)


@settings(parent=BRIEF, max_examples=20)
@given(rng=CHANCE, module=st.sampled_from([bisect, textwrap, variables, springs]))
def test_any_python_can_be_edited(rng, module):
    edit = mutate(inspect.getsource(module), rng)
    ast.parse(edit.program)
    assert edit.changed


@pytest.mark.parametrize("program", ["", "pass", "x = y", "def f():\n    return None"])
def test_a_program_without_anything_to_edit_has_no_child(program):
    assert mutate(program, random.Random(0)) == TreeEdit(program=canonical(program), edits=())


@pytest.mark.parametrize("program", ["def f(:", "x = \0"])
def test_only_python_is_edited(program):
    with pytest.raises(ValueError, match=r"null|wanted Python"):
        mutate(program, random.Random(0))


def test_edits_that_undo_each_other_are_no_child(monkeypatch):
    toggle = mutation.Operator(edit=springs.toggle_rigid, weight=1.0)
    monkeypatch.setattr(mutation, "OPERATORS", (toggle,))
    oscillating = walker("wc.add_muscle(a, b, False, 0.5, 0.0)")
    edits = [mutate(oscillating, random.Random(seed)) for seed in range(40)]
    rigid = oscillating.replace("False", "True")
    assert {edit.program for edit in edits} == {oscillating, rigid}
    assert all(edit.changed == (edit.program == rigid) for edit in edits)


def marking(name: str, weight: float) -> mutation.Operator:
    """An operator that leaves its name in the program."""

    def mark(program: Program, rng: random.Random) -> Edit:
        body = program.tree.body
        return (Assignment(program.tree, "body", body + ast.parse(f"{name} = {len(body)}").body),)

    return mutation.Operator(edit=mark, weight=weight)


def test_edits_are_drawn_by_weight_and_their_number_is_geometric(monkeypatch):
    monkeypatch.setattr(mutation, "OPERATORS", (marking("often", 3.0), marking("rarely", 1.0)))
    draws = 2000
    made = [mutate("x = 0", random.Random(seed)) for seed in range(draws)]
    text = "".join(edit.program for edit in made)
    # Shares within five standard errors.
    share = text.count("often") / (text.count("often") + text.count("rarely"))
    assert share == pytest.approx(0.75, abs=0.04)
    numbers = Counter(len(edit.edits) for edit in made)
    for number, probability in ((1, 0.55), (2, 0.45 * 0.55), (3, 0.45**2 * 0.55), (4, 0.45**3)):
        assert numbers[number] / draws == pytest.approx(probability, abs=0.056)


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda operator: operator.edit.__name__)
def test_every_operator_finds_something_in_the_square(operator):
    found = children(operator.edit, SQUARE)
    assert found - {SQUARE}
    if operator.edit_class is EditClass.CONSTANT:
        assert {without_numbers(child) for child in found} == {without_numbers(SQUARE)}


def test_most_children_of_the_square_run_and_have_another_body(pool):
    rng = random.Random(0)
    edits = [mutate(SQUARE, rng) for _ in range(200)]
    parent = pool.run_one(SQUARE).body.digest()
    outcomes = pool.run([edit.program for edit in edits])
    good = [
        outcome.verdict is Verdict.OK and outcome.body.digest() != parent for outcome in outcomes
    ]
    # A throw-away prototype of this operator had 54 %.
    assert sum(good) / len(good) > 0.6


# Constants


def test_perturbing_moves_one_number_a_little():
    parent = walker("wc.add_joint(5, -2.5)")
    found = children(constants.perturb_constant, parent)
    assert len(found) > 10
    for child in found:
        call = ast.parse(child).body[1].body[1].value
        x, y = (ast.literal_eval(argument) for argument in call.args)
        assert (x == 5) != (y == -2.5)
        assert abs(x - 5) < 8
        assert abs(y + 2.5) < 5
        # Few digits, as people write them.
        assert round(x, 3) == x
        assert round(y, 3) == y


@given(value=st.integers(-(10**6), 10**6), rng=CHANCE)
def test_an_integer_moves_to_another_integer(value, rng):
    near = constants.perturb(value, rng)
    assert isinstance(near, int)
    assert near != value


@given(value=st.floats(-100, 100), rng=CHANCE)
def test_a_fraction_moves_to_another_one_with_three_digits(value, rng):
    near = constants.perturb(value, rng)
    assert near != value
    assert "e" not in repr(near)
    assert near == value + 1.0 or near == round(float(f"{near:.3g}"), 3)


@pytest.mark.parametrize("operator", [constants.perturb_constant, constants.replace_constant])
def test_counts_and_indices_stay_integers(operator):
    for child in children(operator, "def f(a):\n    for k in range(7):\n        a[3] = a[k + 1]"):
        assert all(
            isinstance(node.value, int)
            for node in ast.walk(ast.parse(child))
            if isinstance(node, ast.Constant)
        )


def test_replacing_draws_common_numbers_and_those_of_the_program():
    found = children(constants.replace_constant, walker("wc.add_joint(123, 456)"), 200)
    assert walker("wc.add_joint(456, 456)") in found
    assert walker("wc.add_joint(123, 0.5)") in found
    assert walker("wc.add_joint(-2, 456)") in found


# Statements


def test_a_duplicate_stands_behind_its_statement_with_other_numbers():
    parent = walker("wc.add_muscle(a, b, False, 0.5, 0.25)")
    for child in children(statements.duplicate_statement, parent):
        assert len(child.splitlines()) == len(parent.splitlines()) + 1
        assert set(parent.splitlines()) < set(child.splitlines())
        assert without_numbers(child).count("add_muscle") == 2


def test_a_duplicate_without_numbers_joins_other_joints():
    joints = [f"{name} = wc.add_joint({name!r}, {name!r})" for name in "abc"]
    parent = walker(*joints, "wc.add_muscle(a, b)")
    found = children(statements.duplicate_statement, parent)
    added = {line.strip() for child in found for line in added_lines(parent, child)}
    assert added == {f"wc.add_muscle({x}, {y})" for x, y in ("cb", "bb", "ac", "aa")}


def test_deleting_keeps_names_that_are_read():
    parent = walker("a = wc.add_joint(0, 0)", "b = 1", "wc.add_muscle(a, a)", "c = 2")
    lines = parent.splitlines()
    found = children(statements.delete_statement, parent)
    gone = {line for child in found for line in set(lines) - set(child.splitlines())}
    assert gone == {"    b = 1", "    wc.add_muscle(a, a)", "    c = 2"}


def test_swapping_exchanges_neighbours_that_do_not_need_each_other():
    parent = walker("a = 1", "b = 2", "wc.add_joint(b, b)")
    swapped = walker("b = 2", "a = 1", "wc.add_joint(b, b)")
    assert children(statements.swap_statements, parent) == {swapped}


def test_a_loop_lets_one_number_grow():
    found = children(statements.wrap_in_loop, walker("wc.add_joint(7, 0)"), 100)
    assert any("wc.add_joint(7 + k * 2, 0)" in child for child in found)
    assert any("wc.add_joint(7, 0 + i)" in child for child in found)
    for child in found:
        loop = ast.parse(child).body[1].body[1]
        assert isinstance(loop, ast.For)
        assert loop.target.id in {node.id for node in ast.walk(loop.body[0]) if hasattr(node, "id")}


# Expressions


def test_an_operator_is_exchanged_for_one_of_its_family():
    parent = "def f(x, y):\n    x += 1\n    return x < y * 2 and 'a' + 'b' in [x] + [y]"
    found = children(expressions.change_operator, parent, 100)
    assert all("'a' + 'b' in [x] + [y]" in child for child in found)
    text = "\n".join(found)
    assert "y // 2" in text
    assert "x -= 1" in text
    assert "x >= y" in text


def test_an_argument_becomes_an_expression_of_itself_or_a_variable():
    parent = walker("size = 4", "a = wc.add_joint(7, 9)", "wc.add_muscle(a, a, False, 1.5, 0.5)")
    found = children(expressions.change_argument, parent, 300)
    assert parent.replace("(7, 9)", "(7 + 2, 9)") in found
    assert parent.replace("(7, 9)", "(7, size)") in found
    assert parent.replace("(7, 9)", "(size, 9)") in found
    # Joints and the flag of a spring are no numbers, and no joint is used as one.
    assert all("add_muscle(a, a, False, " in child for child in found)
    assert not any("add_joint(a" in child for child in found)


def test_a_variable_gives_way_to_one_of_its_kind_that_is_bound_above():
    body = ["a = wc.add_joint(0, 0)", "b = wc.add_joint(1, 0)", "size = 3", "wc.add_muscle(a, b)"]
    below = ["c = wc.add_joint(1, 1)"]
    found = children(expressions.change_variable, walker(*body, *below))
    assert found == {
        walker(*body[:-1], f"wc.add_muscle({ends})", *below) for ends in ("a, a", "b, b")
    }


def test_a_function_gives_way_to_one_with_as_many_parameters():
    parent = "def f(x):\n    return x\n\ndef g(y):\n    return y\n\ndef h(x, y):\n    return f(x)\n"
    assert children(expressions.change_variable, parent) >= {parent.replace("f(x)\n", "g(x)\n")}
    assert not any("h(x)" in child for child in children(expressions.change_variable, parent))


# The walker's body


def bodies(pool, programs):
    outcomes = pool.run(sorted(programs))
    assert {outcome.verdict for outcome in outcomes} == {Verdict.OK}
    return [outcome.body for outcome in outcomes]


TRIANGLE = walker(
    "a = wc.add_joint(0.1, 0.2)",
    "b = wc.add_joint(3.3, 0.1)",
    "c = wc.add_joint(0.2, 4.1)",
    "wc.add_muscle(a, b)",
)


def test_an_added_joint_is_held_by_springs(pool):
    for body in bodies(pool, children(springs.add_joint_with_springs, TRIANGLE)):
        assert len(body.joints) == 4
        # Below two where all springs drawn have one anchor, or the joint comes before the others.
        held = (body.ends == body.ends.max()).any(axis=1).sum()
        assert 1 <= held <= 3


def test_an_added_spring_joins_two_joints_that_are_there(pool):
    parent = TRIANGLE.replace("    wc.add_muscle(a, b)", "    wc.add_muscle(a, b)\n    size = 3")
    found = children(springs.add_spring, parent)
    assert {calls_of("add_muscle", child) for child in found} == {2}
    assert {len(body.ends) for body in bodies(pool, found)} == {1, 2}


def test_a_repeated_part_is_connected_to_its_model(pool):
    found = children(springs.repeat_part, SQUARE)
    assert {calls_of("make_square", child) for child in found} == {2}
    for child, body in zip(sorted(found), bodies(pool, found), strict=True):
        assert "corners_2 = make_square(wc, " in child
        assert calls_of("add_muscle", child) > calls_of("add_muscle", SQUARE)
        assert len(body.joints) > 5


def test_all_pairs_of_two_lists_are_connected(pool):
    parent = walker(
        "left = [wc.add_joint(0, y) for y in range(3)]",
        "right = [wc.add_joint(5, y) for y in range(4)]",
        "wc.add_muscle(left[0], right[0])",
    )
    counts = {len(body.ends) for body in bodies(pool, children(springs.connect_all_pairs, parent))}
    # 3 x 4 pairs; before the second list is there, the 3 pairs of the first, and the spring.
    assert counts == {12, 4}


def test_dictionaries_of_joints_are_lists_of_joints_too(pool):
    parent = walker(
        "grid = {(x, y): wc.add_joint(x, y) for x in range(2) for y in range(2)}",
        "wc.add_muscle(grid[0, 0], grid[1, 1])",
    )
    found = children(springs.connect_all_pairs, parent)
    assert {len(body.ends) for body in bodies(pool, found)} == {6}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a, b", r"a, b, False, [\d.]+, [\d.]+"),
        ("a, b, False, 0.5, 0.25", "a, b, True, 0.5, 0.25"),
        ("a, b, True", "a, b, False"),
        ("a, b, 0.0", "a, b, True"),
        ("a, b, is_distance=False", "a, b, is_distance=True"),
        ("a, b, amplitude=0.5", "a, b, False, amplitude=0.5"),
    ],
)
def test_toggling_makes_rigid_springs_oscillate_and_back(before, after):
    (call,) = {
        line.strip()
        for child in children(springs.toggle_rigid, walker(f"wc.add_muscle({before})"), 1)
        for line in child.splitlines()
        if "muscle" in line
    }
    expected = after.replace("(", r"\(")
    assert re.fullmatch(rf"wc\.add_muscle\({expected}\)", call)


# What names stand for


def test_kinds_are_inferred_from_assignments_uses_and_returns():
    program = """
def make(wc, x, n):
    nodes = []
    for k in range(n):
        nodes.append(wc.add_joint(x + k, 0))
    return nodes

def corners(body):
    a = body.add_joint(0, 0)
    return a, body.add_joint(1, 0)

def make_walker():
    wc = walker_creator()
    ring = make(wc, 1, 2)
    pair = corners(wc)
    grid = {}
    for index, (p, q) in enumerate(zip(ring, pair)):
        wc.add_muscle(p, q, False, index)
    first, second = pair
    part = ring[1:] + pair
    sizes = [1, 2.5]
    return wc.get_walker()
"""
    make, corners, make_walker = inference.scopes(Program(program))
    kinds = [
        {name: value.kind for name, value in scope.values.items()}
        for scope in (make, corners, make_walker)
    ]
    functions = dict.fromkeys(("make", "corners", "make_walker"), Kind.FUNCTION)
    assert kinds[0] == functions | {
        "wc": Kind.CREATOR,
        "x": Kind.NUMBER,
        "n": Kind.NUMBER,
        "k": Kind.NUMBER,
        "nodes": Kind.JOINTS,
    }
    assert kinds[1] == functions | {"body": Kind.CREATOR, "a": Kind.JOINT}
    joints = dict.fromkeys(("p", "q", "first", "second"), Kind.JOINT)
    assert kinds[2] == functions | joints | {
        "wc": Kind.CREATOR,
        "ring": Kind.JOINTS,
        "pair": Kind.JOINTS,
        "part": Kind.JOINTS,
        "grid": Kind.JOINT_MAP,
        "index": Kind.NUMBER,
        "sizes": Kind.NUMBERS,
    }
    assert make_walker.values["pair"] == Value(kind=Kind.JOINTS, length=2)
