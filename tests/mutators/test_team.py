import threading

import pytest

from elmjax.mutators import Child, Team


def writer(name: str):
    def mutate(parents, children, seed):
        return [
            Child(operator=name, message=str(seed), diff="", program=f"{parent}{number}")
            for parent in parents
            for number in range(children)
        ]

    return mutate


def test_children_come_in_the_order_of_their_parents() -> None:
    team = Team({"one": writer("one"), "two": writer("two")})
    made = team(["two", "one", "two"], ["a", "b", "c"], 2, seed=5)
    assert [child.program for child in made] == ["a0", "a1", "b0", "b1", "c0", "c1"]
    assert [child.operator for child in made] == ["two", "two", "one", "one", "two", "two"]


def test_a_member_has_the_same_seed_whoever_else_works() -> None:
    team = Team({"one": writer("one"), "two": writer("two")})
    alone = team(["two"], ["a"], 1, seed=5)[0].message
    together = {child.operator: child.message for child in team(["one", "two"], ["a", "a"], 1, 5)}
    assert together["two"] == alone != together["one"]
    assert team(["two"], ["a"], 1, seed=6)[0].message != alone


def test_members_work_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=10)

    def meet(parents, children, seed):
        meeting.wait()
        return writer("x")(parents, children, seed)

    assert len(Team({"one": meet, "two": meet})(["one", "two"], ["a", "b"], 1, 0)) == 2


def test_what_a_member_raises_is_raised() -> None:
    def fail(parents, children, seed):
        raise RuntimeError("no device")

    with pytest.raises(RuntimeError, match="no device"):
        Team({"one": fail})(["one"], ["a"], 1, 0)
