"""The problems: what the paper says of them, and that text and tree are one function."""

import math

import pytest

from elmjax.experiments.bugs.task import PARITY, QUADRATIC, TASKS, Problem, problems

ALL = [problem for task in TASKS.values() for problem in problems(task)]
by_name = pytest.mark.parametrize("problem", ALL, ids=lambda problem: problem.name)

OPERATIONS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "mod": lambda a, b: a % b,
    "pow": lambda a, b: a**b,
}


def by_text(program: str, function: str, values: tuple[int, ...]) -> float:
    namespace: dict = {}
    exec(program, namespace)  # texts of our own
    try:
        return namespace[function](*values)
    except NameError:
        return math.nan


def by_tree(tree: tuple[str, ...], names: dict[str, float]) -> float:
    stack: list[float] = []
    for symbol in tree:
        if symbol in OPERATIONS:
            right, left = stack.pop(), stack.pop()
            stack.append(OPERATIONS[symbol](left, right))
        else:
            number = symbol.removeprefix("-").isdecimal()
            stack.append(float(symbol) if number else names.get(symbol, math.nan))
    (root,) = stack
    return root


def test_the_paper_has_five_bugs_of_parity_and_two_of_quadratic() -> None:
    assert [problem.name for problem in ALL] == [
        *(f"parity-{bugs}" for bugs in range(1, 6)),
        *(f"quadratic-{bugs}" for bugs in range(1, 3)),
    ]


def test_without_bugs_the_programs_are_right() -> None:
    for values in PARITY.inputs:
        assert by_text(PARITY.write(0), "parity", values) == sum(values) % 2
    for a, b, c, x in QUADRATIC.inputs:
        wanted = a * x * x + b * x + c
        assert by_text(QUADRATIC.write(0), "quadratic", (a, b, c, x)) == wanted


def test_all_sixteen_inputs_of_parity_are_tried() -> None:
    assert ["".join(map(str, values)) for values in PARITY.inputs] == [
        f"{number:04b}" for number in range(16)
    ]
    assert PARITY.expected() == [bin(number).count("1") % 2 for number in range(16)]


def test_the_bugs_of_parity_come_one_after_the_other() -> None:
    sums = [PARITY.write(bugs).split("sum([")[1] for bugs in range(6)]
    assert sums == [
        "b1,b2,b3,b4])\n    return bit_sum % 2\n",
        "c1,b2,b3,b4])\n    return bit_sum % 2\n",
        "c1,c2,b3,b4])\n    return bit_sum % 2\n",
        "c1,c2,c3,b4])\n    return bit_sum % 2\n",
        "c1,c2,c3,c4])\n    return bit_sum % 2\n",
        "c1,c2,c3,c4])\n    return bit_sum % 3\n",
    ]


def test_the_bugs_of_quadratic_turn_plus_into_minus_from_left_to_right() -> None:
    ends = [QUADRATIC.write(bugs).split("return ")[1] for bugs in range(3)]
    assert ends == ["a*pow(x,2)+b*x+c\n", "a*pow(x,2)-b*x+c\n", "a*pow(x,2)-b*x-c\n"]


@by_name
def test_a_problem_is_wrong_and_its_tree_is_wrong_in_the_same_way(problem: Problem) -> None:
    task, right = problem.task, True
    for values, expected in zip(task.inputs, task.expected(), strict=True):
        text = by_text(problem.program, task.function, values)
        tree = by_tree(problem.tree, dict(zip(task.variables, values, strict=True)))
        assert text == tree or (math.isnan(text) and math.isnan(tree))
        right &= text == expected
    assert not right


@by_name
def test_one_symbol_a_bug_stands_between_a_tree_and_the_right_one(problem: Problem) -> None:
    right = problem.task.tree(0)
    wrong = [symbol for symbol, other in zip(problem.tree, right, strict=True) if symbol != other]
    assert len(wrong) == problem.bugs
    assert set(problem.tree) <= {*problem.task.functions, *problem.task.terminals}
