import random

import pytest

from elmjax.dataset import family
from elmjax.programs import SEEDS, canonical, mutate
from elmjax.programs.syntax import same_but_for_numbers


@pytest.mark.parametrize("number", ["2", "-2", "0.25", "-17.5", "1e-05", "1.5e+16", "2j", "1_000"])
def test_numbers_do_not_tell_near_duplicates_apart(number) -> None:
    assert family(f"f(x, {number})") == family("f(x, 7)")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("joint1 = 2", "joint3 = 2"),  # a number in a name is the name's
        ("f(x - 2)", "f(x + 2)"),
        ("f(x - 2)", "f(x, -2)"),
        ("f(x, 2)", "f(x, 2, 2)"),
        ("f(x, 2)", "f(x, y)"),
        ("x[1].y", "x[1].z"),
    ],
)
def test_everything_else_does(one, other) -> None:
    assert family(one) != family(other)


@pytest.mark.parametrize("seed", sorted(SEEDS))
def test_families_of_mutants_are_those_of_the_syntax_tree(seed) -> None:
    parent = canonical(SEEDS[seed])
    children = [canonical(mutate(parent, random.Random(number)).program) for number in range(60)]
    same = [same_but_for_numbers(parent, child) for child in children]
    assert [family(child) == family(parent) for child in children] == same
    assert any(same)
    assert not all(same)
