import pytest

from elmjax.experiments.bugs.task import PARITY, QUADRATIC, TASKS, problems
from elmjax.programs import canonical


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_the_function_without_bugs_is_right_and_no_problem_is(judge, task) -> None:
    assert judge.outcomes(task, [task.write(0), canonical(task.write(0))]) == ["fixed"] * 2
    buggy = [problem.program for problem in problems(task)]
    # A name that is not defined raises; a wrong sign only gives another number.
    wanted = "runtime" if task is PARITY else "wrong"
    assert judge.outcomes(task, buggy) == [wanted] * len(buggy)


def test_any_way_to_compute_parity_is_a_repair(judge) -> None:
    ways = [
        "return b1 ^ b2 ^ b3 ^ b4",
        "return (b1 + b2 + b3 + b4) % 2 == 1",
        "return (b1 - b2 - b3 - b4) % 2",
        "return float(sum([b1, b2, b3, b4]) % 2)",
    ]
    programs = [f"def parity(b1, b2, b3, b4):\n    {way}\n" for way in ways]
    assert judge.outcomes(PARITY, programs) == ["fixed"] * 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("parity", "b1 ^ b2 ^ b3 ^ b4 if b1 + b2 + b3 + b4 < 4 else 1"),
        ("parity", "(b1 + b2 + b3 + b4) % -2"),  # -1 for odd
        ("quadratic", "a * x ** 2 + b * x + abs(c)"),
    ],
)
def test_right_for_most_inputs_is_wrong(judge, name, value) -> None:
    task = TASKS[name]
    program = f"def {name}({', '.join(task.variables)}):\n    return {value}\n"
    assert judge.outcomes(task, [program]) == ["wrong"]


def test_other_failures_are_told_apart(judge) -> None:
    programs = [
        "def quadratic(a, b, c, x):\n    return (\n",
        "import os\n\ndef quadratic(a, b, c, x):\n    return 1\n",
        "def quadratic(a, b, c, x):\n    return 'a'\n",
        "x = 1\n",
    ]
    wanted = ["syntax", "forbidden", "runtime", "runtime"]
    assert judge.outcomes(QUADRATIC, programs) == wanted
    assert judge.outcomes(QUADRATIC, []) == []
