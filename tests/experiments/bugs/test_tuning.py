import dataclasses
import math

import pytest

from elmjax.experiments.bugs.tuning import BATCH, RATES, Trial, best, try_rates


def trial(rate, *fixed):
    return Trial(rate=rate, fixed=fixed, trials=999)


def test_the_score_is_the_mean_logarithm_of_success() -> None:
    assert trial(0.1, 9, 99).score == pytest.approx(
        (math.log(9.5 / 1000) + math.log(99.5 / 1000)) / 2
    )


def test_the_same_factor_counts_the_same_on_every_number_of_bugs() -> None:
    assert best([trial(0.1, 200, 20), trial(0.2, 100, 60), trial(0.3, 90, 10)]) == 0.2


def test_a_problem_that_is_never_solved_decides_nothing() -> None:
    assert best([trial(0.1, 30, 0), trial(0.2, 40, 0)]) == 0.2


def test_the_best_rate_is_near_the_one_that_calculus_gives(sum_task) -> None:
    def success(rate: float) -> float:
        """c + b becomes a + b, or b + a."""
        leaf, root, drawn = 1 - rate + rate / 5, 1 - rate + rate / 2, rate / 5
        return (drawn * leaf + drawn**2) * root

    tried = list(try_rates(dataclasses.replace(sum_task, most_bugs=1), 100_000, seed=5))
    assert [one.rate for one in tried] == list(RATES)
    for one in tried:
        wanted = success(one.rate)
        deviation = math.sqrt(wanted * (1 - wanted) / one.trials)
        assert abs(one.fixed[0] / one.trials - wanted) < 5 * deviation
    assert abs(best(tried) - max(RATES, key=success)) < 0.101


def test_trials_are_rounded_up_to_whole_batches(sum_task) -> None:
    first = next(try_rates(sum_task, 1, seed=0))
    assert first.trials == BATCH
    assert len(first.fixed) == 2
