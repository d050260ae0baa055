"""Counts of sampled trials against counts of all trees there are."""

import itertools
import math
import time

import pytest

from elmjax.experiments.bugs.node_mutation import BATCH, NodeMutation
from elmjax.experiments.bugs.outcome import Counts, Outcome
from elmjax.experiments.bugs.task import PARITY, Problem

RATE = 0.4


def attempt(problem, trials, seed, rate=RATE):
    operator = NodeMutation(rates={problem.name: rate})
    return sum(operator.attempt(problem, trials, seed), Counts())


def outcome_of(tree, problem):
    """What becomes of a tree of two leaves and a root, by arithmetic on Python's integers."""
    left, right, function = tree
    if tree == problem.tree:
        return Outcome.NO_CHANGE
    if {left, right} & {"c", "d"}:
        return Outcome.RUNTIME
    sign = {"add": 1, "sub": -1}[function]
    rows = [{"a": a, "b": b, "0": 0} for a, b in problem.task.inputs]
    right_everywhere = all(row[left] + sign * row[right] == row["a"] + row["b"] for row in rows)
    return Outcome.FIXED if right_everywhere else Outcome.WRONG


def exact(problem, rate):
    """The probability of each outcome, by writing out every tree."""
    kinds = (problem.task.terminals, problem.task.terminals, problem.task.functions)
    shares = dict.fromkeys((Outcome.FIXED, Outcome.WRONG, Outcome.RUNTIME, Outcome.NO_CHANGE), 0.0)
    for tree in itertools.product(*kinds):
        shares[outcome_of(tree, problem)] += math.prod(
            rate / len(kind) + (1.0 - rate) * (symbol == old)
            for symbol, old, kind in zip(tree, problem.tree, kinds, strict=True)
        )
    return shares


@pytest.mark.parametrize("bugs", [1, 2])
def test_outcomes_are_as_frequent_as_counting_all_trees_says(sum_task, bugs) -> None:
    problem = Problem(task=sum_task, bugs=bugs)
    trials = 100_000
    counts, shares = attempt(problem, trials, seed=1), exact(problem, RATE)
    assert sum(shares.values()) == pytest.approx(1.0)
    for outcome, share in shares.items():
        deviation = math.sqrt(trials * share * (1.0 - share))
        assert abs(counts[outcome] - trials * share) < 5 * deviation, outcome


def test_a_seed_gives_the_same_outcomes_and_another_seed_others(sum_problem) -> None:
    assert attempt(sum_problem, 5000, seed=3) == attempt(sum_problem, 5000, seed=3)
    assert attempt(sum_problem, 5000, seed=3) != attempt(sum_problem, 5000, seed=4)


def test_trials_come_in_batches_of_which_the_last_is_what_is_left(sum_problem) -> None:
    operator = NodeMutation(rates={"sum-1": RATE})
    batches = [some.total() for some in operator.attempt(sum_problem, 2 * BATCH + 7, 0)]
    assert batches == [BATCH, BATCH, 7]


def test_without_mutation_nothing_changes(sum_problem) -> None:
    assert attempt(sum_problem, 100, seed=0, rate=0.0) == {Outcome.NO_CHANGE: 100}


def test_a_hundred_thousand_trials_take_less_than_a_minute() -> None:
    started = time.monotonic()
    counts = attempt(Problem(task=PARITY, bugs=1), 100_000, seed=0, rate=0.2)
    assert time.monotonic() - started < 60.0  # s, on a busy machine; usually half a second
    # One repair is to draw b1 at the first leaf and to leave all else as it is, so that success is
    # at least as frequent as that.
    leaf, inner = 0.8 + 0.2 / 10, 0.8 + 0.2 / 4
    least = 100_000 * 0.2 / 10 * leaf**4 * inner**4
    assert counts[Outcome.FIXED] > least - 5 * math.sqrt(least)
