import numpy as np

from elmjax.experiments.bugs.exhaustive import right_trees
from elmjax.experiments.bugs.task import problems
from elmjax.experiments.bugs.tuning import RATES, best_rate


def test_the_best_rate_is_the_one_that_calculus_gives(sum_task) -> None:
    right = np.concatenate(list(right_trees(sum_task)))

    def with_one_bug(rate: float) -> float:
        """c + b becomes a + b or b + a."""
        leaf, root, drawn = 1 - rate + rate / 5, 1 - rate + rate / 2, rate / 5
        return (drawn * leaf + drawn**2) * root

    def with_two(rate: float) -> float:
        """c + d becomes a + b or b + a: rate^2 (1 - rate / 2), which grows up to 4 / 3."""
        return rate**2 * (1 - rate / 2)

    one, two = problems(sum_task)
    assert best_rate(one, right) == max(RATES, key=with_one_bug)
    assert best_rate(two, right) == max(RATES, key=with_two) == 1.0
