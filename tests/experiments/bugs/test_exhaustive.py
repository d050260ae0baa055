import dataclasses
import math

import numpy as np
import pytest

from elmjax.experiments.bugs import exhaustive, expression
from elmjax.experiments.bugs.exhaustive import right_trees, success
from elmjax.experiments.bugs.node_mutation import NodeMutation
from elmjax.experiments.bugs.outcome import Counts, Outcome
from elmjax.experiments.bugs.task import PARITY, QUADRATIC, problems


def found(task):
    shape, _ = expression.encode(task, task.tree(0))
    trees = np.concatenate(list(right_trees(task)))
    return {expression.decode(task, shape, tree) for tree in trees}, trees


def test_all_trees_that_are_right_are_found_and_no_other(sum_task) -> None:
    # a - (-b) has another structure, and a - b, 0 + a and the like are wrong somewhere.
    assert found(sum_task)[0] == {("a", "b", "add"), ("b", "a", "add")}


def test_chunks_change_nothing(sum_task, monkeypatch) -> None:
    whole, _ = found(sum_task)
    monkeypatch.setattr(exhaustive, "CHUNK", 7)  # of 50 trees
    assert found(sum_task)[0] == whole
    assert exhaustive.chunks(sum_task) == 8


def test_success_is_a_product_over_the_nodes(sum_task) -> None:
    _, right = found(sum_task)
    rate = 0.3
    leaf, root, drawn = 0.7 + 0.3 / 5, 0.7 + 0.3 / 2, 0.3 / 5
    one, two = problems(sum_task)
    # c + b becomes a + b or b + a; c + d needs both leaves for either.
    assert success(one, right, rate) == pytest.approx((drawn * leaf + drawn**2) * root)
    assert success(two, right, rate) == pytest.approx(2 * drawn**2 * root)
    assert success(one, right, 0.0) == 0.0


def test_the_numbers_of_trees_are_those_of_the_documentation() -> None:
    trees = {}
    for task in (PARITY, QUADRATIC):
        shape, _ = expression.encode(task, task.tree(0))
        trees[task.name] = math.prod(shape.choices(task).tolist())
    assert trees == {"parity": 4**4 * 10**5, "quadratic": 4**5 * 5**6}


@pytest.mark.slow
def test_sampled_and_exact_success_agree_on_4_parity() -> None:
    _, right = found(PARITY)
    for problem in problems(PARITY)[:3]:
        operator = NodeMutation(rates={problem.name: 0.3})
        counts = sum(operator.attempt(problem, 1_000_000, seed=problem.bugs), Counts())
        wanted = 1_000_000 * success(problem, right, 0.3)
        assert abs(counts[Outcome.FIXED] - wanted) < 5 * math.sqrt(wanted)


def test_a_structure_of_one_leaf_has_as_many_trees_as_there_are_terminals(sum_task) -> None:
    leaf = dataclasses.replace(sum_task, tree=lambda _: ("a",), reference=lambda a, _: a)
    assert found(leaf)[0] == {("a",)}
