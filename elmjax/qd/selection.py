"""Which operator mutates which parent: by fixed weights, or learned from what pays.

Adaptive operator selection as in Multi-Emitter MAP-Elites (Cully 2021, arXiv 2007.05352): what pays
is an admission to the archive. Parents of a batch are given out before any of their children is
judged, so that each draws its operator by discounted Thompson sampling (Raj and Kalyani 2017, arXiv
1707.09727), which tries several operators in one batch where upper confidence bounds would try one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np


class Selection(Protocol):
    """Chooses operators for parents."""

    def choose(self, rng: np.random.Generator, count: int) -> list[str]:
        """The operator of each of `count` parents."""
        ...

    def learn(self, operators: Sequence[str], admitted: Sequence[bool]) -> None:
        """Takes in one batch of children: what wrote each, and whether it was admitted."""
        ...


@dataclass(frozen=True)
class FixedWeights:
    """Gives every operator its share of the parents, rounded up or down by chance.

    Attributes:
        weights: Of each operator, not negative, not all zero.
    """

    weights: Mapping[str, float]

    def choose(self, rng: np.random.Generator, count: int) -> list[str]:
        """Operators in the order of `weights`, each a run of its own.

        Points one apart, the first at random, fall into intervals of length share x count: no
        operator is ever more than one parent away from its share.
        """
        names = list(self.weights)
        shares = np.array([self.weights[name] for name in names]) * count
        ends = np.cumsum(shares / sum(self.weights.values()))
        places = np.searchsorted(ends, rng.random() + np.arange(count), side="right")
        # The last end may lie a rounding error below `count`.
        return [names[min(place, len(names) - 1)] for place in places]

    def learn(self, operators: Sequence[str], admitted: Sequence[bool]) -> None:
        """Nothing: the weights are fixed."""


@dataclass(frozen=True)
class Bandit:
    """Prefers the operators whose children are admitted most often of late.

    An operator's rate of admission has the posterior Beta(1 + admitted, 1 + refused); every parent
    goes to the operator with the highest of one draw from each. Rates fall as an archive fills, so
    that what was seen counts less with every batch.

    Attributes:
        names: Of the operators.
        discount: Weight of a batch against that of the batch after it, in (0, 1].
    """

    names: tuple[str, ...]
    discount: float
    _admitted: dict[str, float] = field(default_factory=dict)
    _refused: dict[str, float] = field(default_factory=dict)

    def choose(self, rng: np.random.Generator, count: int) -> list[str]:
        """One draw from every posterior for each parent."""
        admitted = [1.0 + self._admitted.get(name, 0.0) for name in self.names]
        refused = [1.0 + self._refused.get(name, 0.0) for name in self.names]
        best = rng.beta(admitted, refused, size=(count, len(self.names))).argmax(axis=1)
        return [self.names[i] for i in best]

    def learn(self, operators: Sequence[str], admitted: Sequence[bool]) -> None:
        """Discounts what is known and adds a batch."""
        batch = Counter(zip(operators, admitted, strict=True))
        for counts, wanted in ((self._admitted, True), (self._refused, False)):
            for name in self.names:
                counts[name] = self.discount * counts.get(name, 0.0) + batch[name, wanted]
