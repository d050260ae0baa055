"""The mutation rate of `gp`, tuned for every problem.

Success at every rate of a grid is known exactly, so that no random numbers are spent on the choice,
and each problem gets the rate that repairs it most often: no other rate could do better for `gp`.
"""

import numpy as np

from elmjax.experiments.bugs.exhaustive import success
from elmjax.experiments.bugs.task import Problem

RATES = tuple(step / 100 for step in range(1, 101))


def best_rate(problem: Problem, right: np.ndarray) -> float:
    """The rate of the grid at which a mutation most probably repairs a problem.

    Args:
        problem: To be repaired.
        right: [trees, nodes], see `exhaustive.right_trees`.
    """
    return max(RATES, key=lambda rate: success(problem, right, rate))
