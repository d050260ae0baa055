from collections import Counter

import numpy as np
import pytest

from elmjax.qd import Bandit, FixedWeights


@pytest.mark.parametrize("count", [1, 7, 16])
def test_fixed_weights_are_kept_to_within_one_parent(count) -> None:
    weights = {"diff": 3.0, "tree": 1.0, "rewrite": 0.0, "crossover": 0.5}
    totals: Counter[str] = Counter()
    for seed in range(300):
        chosen = Counter(FixedWeights(weights).choose(np.random.default_rng(seed), count))
        assert chosen.total() == count
        for name, weight in weights.items():
            assert abs(chosen[name] - count * weight / 4.5) < 1
        totals += chosen
    for name, weight in weights.items():
        # A parent more or less is a coin of its own: the mean of 300 lies within 0.1.
        assert totals[name] / 300 == pytest.approx(count * weight / 4.5, abs=0.1)


def test_equal_weights_split_an_even_batch_in_halves() -> None:
    chosen = FixedWeights({"diff": 1.0, "tree": 1.0}).choose(np.random.default_rng(0), 16)
    assert chosen == ["diff"] * 8 + ["tree"] * 8


def play(bandit: Bandit, rates: dict[str, float], batches: int, seed: int) -> Counter[str]:
    """Gives out 16 parents a batch; children are admitted at the given rates."""
    rng = np.random.default_rng(seed)
    chosen: Counter[str] = Counter()
    for _ in range(batches):
        operators = bandit.choose(rng, 16)
        chosen.update(operators)
        bandit.learn(operators, [rng.random() < rates[name] for name in operators])
    return chosen


def test_a_bandit_finds_what_pays_and_notices_when_that_changes() -> None:
    bandit = Bandit(("a", "b"), discount=0.9)
    first = play(bandit, {"a": 0.5, "b": 0.1}, 60, seed=0)
    assert first["a"] > 0.75 * first.total()
    play(bandit, {"a": 0.05, "b": 0.5}, 30, seed=1)  # time to notice
    second = play(bandit, {"a": 0.05, "b": 0.5}, 60, seed=2)
    assert second["b"] > 0.75 * second.total()


def test_a_bandit_that_knows_nothing_tries_everything() -> None:
    chosen = Counter(Bandit(("a", "b", "c"), 1.0).choose(np.random.default_rng(0), 300))
    assert min(chosen.values()) > 60


def test_posteriors_are_those_of_discounted_counts() -> None:
    bandit = Bandit(("a", "b"), discount=0.5)
    bandit.learn(["a", "a", "b"], [True, False, False])
    bandit.learn(["a"], [True])
    # a: admitted 1/2 + 1, refused 1/2 + 0; b: admitted 0, refused 1/2. Each plus one.
    wanted = np.random.default_rng(3).beta([2.5, 1.0], [1.5, 1.5], size=(50, 2)).argmax(axis=1)
    chosen = bandit.choose(np.random.default_rng(3), 50)
    assert chosen == [("a", "b")[i] for i in wanted]
