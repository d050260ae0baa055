"""A task so small that all trees of its structure can be counted, and a judge."""

import itertools

import pytest

from elmjax.experiments.bugs.judge import Judge
from elmjax.experiments.bugs.task import Problem, Task
from elmjax.programs import Limits, LockdownUnavailable, open_engine


@pytest.fixture(scope="session")
def sum_task() -> Task:
    return Task(
        name="sum",
        title="Sum",
        function="total",
        variables=("a", "b"),
        inputs=tuple(itertools.product((-1, 2), repeat=2)),
        reference=lambda a, b: a + b,
        most_bugs=2,
        write=lambda bugs: f"def total(a, b):\n    return {'c' if bugs else 'a'} + b\n",
        tree=lambda bugs: ("c" if bugs else "a", "d" if bugs > 1 else "b", "add"),
        functions=("add", "sub"),
        terminals=("a", "b", "c", "d", "0"),
    )


@pytest.fixture(scope="session")
def sum_problem(sum_task) -> Problem:
    return Problem(task=sum_task, bugs=1)


@pytest.fixture(scope="session")
def judge():
    try:
        with open_engine("auto", workers=1, limits=Limits()) as pool:
            yield Judge(pool, 1000)
    except LockdownUnavailable as reason:
        pytest.skip(f"this machine cannot confine programs: {reason}")
