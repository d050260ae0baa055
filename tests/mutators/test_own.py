import random

import pytest

from elmjax.diffs import DiffVerdict
from elmjax.mutators import NamedMutator, from_rewriting

PARENTS = ["x = 1\n", "y = 2\n"]


def longer(program: str, rng: random.Random) -> str | None:
    return f"{program}z = {rng.random()}\n"


def test_every_parent_has_its_children_in_order() -> None:
    children = from_rewriting(longer, message="m")(PARENTS, 3, 0)
    assert [child.program.split("\n")[0] for child in children] == ["x = 1"] * 3 + ["y = 2"] * 3
    assert len({child.program for child in children}) == 6
    assert all(child.message == "m" and "+z = " in child.diff for child in children)
    assert children == from_rewriting(longer, message="m")(PARENTS, 3, 0)
    assert children != from_rewriting(longer, message="m")(PARENTS, 3, 1)


@pytest.mark.parametrize("rewrite", [lambda program, rng: None, lambda program, rng: program])
def test_what_changes_nothing_is_no_child(rewrite) -> None:
    (child,) = from_rewriting(rewrite)(["x = 1\n"], 1, 0)
    assert (child.program, child.verdict) == (None, DiffVerdict.NO_CHANGE)


def test_children_carry_the_name_of_their_operator() -> None:
    named = NamedMutator("mine", from_rewriting(longer))
    assert {child.operator for child in named(PARENTS, 2, 0)} == {"mine"}


@pytest.mark.parametrize("made", [[], ["x"], ["x", "y"]])
def test_what_an_operator_promises_is_checked(made) -> None:
    with pytest.raises(TypeError, match=r"operator 'mine': got \d of .*, wanted 2 of Child"):
        NamedMutator("mine", lambda parents, children, seed: made)(["x = 1\n"], 2, 0)
