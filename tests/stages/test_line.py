import threading

import pytest

from elmjax.mutators import Child
from elmjax.programs import Execution, Verdict
from elmjax.stages.line import Draw, Line


def draw(iteration: int) -> Draw:
    return Draw(iteration=iteration, parents=[iteration], operators=["tree"])


def children(drawn: Draw) -> list[Child]:
    programs = [f"program {drawn.iteration}", None]
    return [Child(operator="tree", message="", diff="", program=text) for text in programs]


def run(programs) -> list[Execution]:
    return [Execution(verdict=Verdict.RUNTIME, reason=program) for program in programs]


def test_broods_come_in_the_order_of_their_draws() -> None:
    with Line(children, run) as line:
        for iteration in range(4):
            line.start(draw(iteration))
        assert line.drawn == [draw(iteration) for iteration in range(4)]
        for iteration in range(4):
            brood = line.take()
            assert brood.draw == draw(iteration)
            assert brood.children == children(draw(iteration))
            assert [each.reason for each in brood.executions] == [f"program {iteration}"]
        assert line.drawn == []


def test_children_are_made_while_programs_run() -> None:
    made_second, ran_first = threading.Event(), threading.Event()

    def make(drawn: Draw) -> list[Child]:
        if drawn.iteration == 1:
            made_second.set()
        return children(drawn)

    def run_first_last(programs) -> list[Execution]:
        # The first programs run until the second children are made: apart, this would never end.
        assert made_second.wait(timeout=10)
        ran_first.set()
        return run(programs)

    with Line(make, run_first_last) as line:
        line.start(draw(0))
        line.start(draw(1))
        assert [line.take().draw.iteration for _ in range(2)] == [0, 1]
    assert ran_first.is_set()


@pytest.mark.parametrize("failing", ["make", "execute"])
def test_what_a_thread_raises_is_raised_where_it_is_waited_for(failing) -> None:
    def fail(_given):
        raise RuntimeError("no device")

    parts = {"make": children, "execute": run} | {failing: fail}
    with Line(**parts) as line:
        line.start(draw(0))
        with pytest.raises(RuntimeError, match="no device"):
            line.take()


def test_leaving_early_ends_the_threads() -> None:
    def leave_early() -> None:
        with Line(children, run) as line:
            for iteration in range(3):
                line.start(draw(iteration))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave_early()
    names = [thread.name for thread in threading.enumerate()]
    assert not any(name.startswith(("mutation", "execution")) for name in names)


def test_settling_waits_for_the_children_that_are_being_made() -> None:
    go, made = threading.Event(), list[int]()

    def make(drawn: Draw) -> list[Child]:
        assert go.wait(timeout=10)
        made.append(drawn.iteration)
        return children(drawn)

    with Line(make, run) as line:
        for iteration in range(3):
            line.start(draw(iteration))
        threading.Timer(0.1, go.set).start()
        line.settle()
        assert made == [0, 1, 2]
