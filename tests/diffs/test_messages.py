import random
from collections import Counter

import pytest

from elmjax.diffs import MESSAGES, choose


def test_messages_are_the_papers():
    assert {message.text: message.probability for message in MESSAGES} == {
        "Changed make_walker function.": 0.4,
        "Changed parameters in make_walker function.": 0.3,
        "Small change to make_walker function.": 0.3,
    }


def test_draws_follow_the_probabilities():
    rng = random.Random(0)
    draws = 10_000
    counts = Counter(choose(rng) for _ in range(draws))
    for message in MESSAGES:
        # Five standard errors of a share near 0.4.
        assert counts[message] / draws == pytest.approx(message.probability, abs=0.025)
