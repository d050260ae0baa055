"""The canonical text of a program."""

import ast
import warnings

import pytest

from elmjax.programs import SEEDS, canonical, same_but_for_numbers


@pytest.mark.parametrize("name", SEEDS)
def test_seeds_are_canonical(name):
    assert canonical(SEEDS[name]) == SEEDS[name]


def test_the_tree_is_kept_and_the_rest_made_uniform():
    program = 'x = ( 1+2 )  # three\n\n\n\nif x :\n   y = "two"'
    text = canonical(program)
    assert text == "x = 1 + 2\nif x:\n    y = 'two'\n"
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(program))
    assert canonical(text) == text


@pytest.mark.parametrize("program", ["", "\n\n", "# nothing\n"])
def test_nothing_stays_nothing(program):
    assert canonical(program) == ""


def test_what_is_not_python_is_an_error():
    with pytest.raises(SyntaxError):
        canonical("def f(:")
    with pytest.raises((SyntaxError, ValueError), match="null bytes"):
        canonical("x\0")
    with pytest.raises(ValueError, match="nested too deeply"):
        canonical("x = " + "-" * 20_000 + "1")


def test_doubtful_programs_make_no_noise():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert canonical("x is 1") == "x is 1\n"
        canonical("'\\d'")


@pytest.mark.parametrize(
    ("program", "other", "same"),
    [
        ("f(1, 2.5)", "f(-3, 1e9)", True),
        ("f(-x)", "f(x)", False),
        ("f(- -1)", "f(1)", True),
        ("f(1)", "f(True)", False),
        ("f(1)", "f('1')", False),
        ("f(1)", "f(number)", False),
        ("f(1)", "f(1, 1)", False),
        ("x = 1", "y = 1", False),
    ],
)
def test_numbers_and_nothing_else_may_differ(program, other, same):
    assert same_but_for_numbers(program, other) is same
