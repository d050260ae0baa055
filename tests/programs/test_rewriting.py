import ast
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elmjax.programs import SEEDS, canonical
from elmjax.programs.generate import generate
from elmjax.programs.tree import OPERATORS
from elmjax.programs.tree.places import bodies, places
from elmjax.programs.tree.program import Program
from elmjax.programs.tree.rewriting import rewritten, unparsed
from elmjax.programs.tree.walk import children, copied, walk

# Whatever is written differently for what is around it, or takes several lines.
AWKWARD = canonical(
    '''
"""Text."""
import math
size = -3

def plain(x, y=2):
    """Several
    lines."""
    if x < 1:
        y = 1
    elif x < 2:
        y += 2
    else:
        if y:
            x = 4
    return [x + 1, -y]

@decorator(5)
def outer(n):
    total = 1

    def inner(k):
        "text"
        total = k * 2
        return total
    "no docstring"
    text = f"""{n + 1}
    {total:>{10}}"""
    for k in range(3):

        def local(z):
            return z + 7
        total += local(k)
    "none either"
    return total

class Thing:
    number = 8
    "text"

    async def method(self, *rest, key=9):
        n = 1
        "becomes a docstring where the line above is deleted"
        try:
            with open(4) as file:
                n = 2
        except (A, B):
            n -= 3
        else:
            n = 5
        finally:
            n = 6
        match n:
            case 1 | [2, *_]:
                while n > 3:
                    n -= 1
            case {"a": -1}:
                del n
        return n
'''
)
PROGRAMS = st.sampled_from([AWKWARD, *SEEDS.values()]) | st.integers(0, 999).map(
    lambda seed: generate(random.Random(seed))
)
BRIEF = settings(deadline=None, max_examples=100)


def is_mark(node: ast.AST) -> bool:
    return isinstance(node, ast.expr_context | ast.operator | ast.boolop | ast.unaryop | ast.cmpop)


@BRIEF
@given(
    program=PROGRAMS.map(canonical),
    operator=st.sampled_from(OPERATORS),
    seed=st.integers(0, 999),
)
def test_an_edited_program_is_written_as_a_whole_tree_would_be(program, operator, seed):
    subject = Program(program)
    edit = operator.edit(subject, random.Random(seed))
    if edit:
        assert rewritten(subject, edit) == unparsed(subject, edit)


@pytest.mark.parametrize("program", [AWKWARD, *map(canonical, SEEDS.values())])
def test_any_statement_can_be_deleted_doubled_or_swapped(program):
    subject = Program(program)
    for body in bodies(subject.tree):
        statements = body.statements
        for i in range(len(statements)):
            one, two = statements[i : i + 1], statements[i : i + 2]
            for edit in (
                body.with_statements(i, i + 1, one * 2),
                body.with_statements(i, i + 2, two[::-1]),
                body.with_statements(i, i, ast.parse("a = 1\nb = 2").body),
                *([body.with_statements(i, i + 1, [])] if len(statements) > 1 else []),
            ):
                assert rewritten(subject, (edit,)) == unparsed(subject, (edit,))


@pytest.mark.parametrize("program", [AWKWARD, *map(canonical, SEEDS.values())])
def test_any_number_can_be_replaced(program):
    subject = Program(program)
    found = [
        place
        for place in places(subject.tree, ast.Constant)
        if isinstance(place.node, ast.Constant) and isinstance(place.node.value, int)
    ]
    assert found
    for place in found:
        edit = (place.with_node(ast.Constant(value=77)),)
        assert rewritten(subject, edit) == unparsed(subject, edit)
        assert "77" in rewritten(subject, edit)


def test_edits_of_two_functions_are_written_together():
    subject = Program("def f():\n    return 1\n\ndef g():\n    x = 2\n    return x\n")
    one, two = (place for place in places(subject.tree, ast.Constant))
    edit = (one.with_node(ast.Constant(value=3)), two.with_node(ast.Constant(value=4)))
    assert rewritten(subject, edit) == subject.text.replace("1", "3").replace("2", "4")


@pytest.mark.parametrize("program", ["match x:\n    case 1:\n        pass\n", "x: int = 1\n"])
def test_what_is_not_python_is_refused(program):
    subject = Program(program)
    wrong = ast.Name(id="not a name", ctx=ast.Load())
    (place,) = places(subject.tree, ast.Constant)
    with pytest.raises(SyntaxError):
        rewritten(subject, (place.with_node(wrong),))
    assert ast.unparse(subject.tree) + "\n" == program


def test_walks_leave_out_nothing_but_marks():
    tree = ast.parse(AWKWARD)
    assert walk(tree) == [node for node in ast.walk(tree) if not is_mark(node)]
    for node in walk(tree):
        if not isinstance(node, ast.Constant):
            below = [child for child in ast.iter_child_nodes(node) if not is_mark(child)]
            assert children(node) == below


def test_a_copy_can_be_edited_without_its_model():
    tree = ast.parse(AWKWARD)
    twin = copied(tree)
    assert ast.dump(twin, include_attributes=True) == ast.dump(tree, include_attributes=True)
    assert not set(walk(twin)) & set(walk(tree))
