"""The rule of admission: which solutions of a batch enter the niches they fall into."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, NamedTuple

Order = Literal["sequential", "batch"]


class Status(IntEnum):
    """What became of a solution offered to the archive (the numbers are those of pyribs)."""

    REJECTED = 0
    IMPROVED = 1  # beat the elite of its cell
    NEW = 2  # found its cell empty


class Solution(NamedTuple):
    """What a solution is judged by."""

    objective: float  # higher is better
    length: int  # of its program, characters; equal for all where length does not count


class Niche(NamedTuple):
    """What a solution has to beat."""

    elite: Solution
    peak: float  # best objective ever admitted
    position: int | None = None  # of the elite in the batch that is judged; None if it is older


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What the solutions of one batch are judged against, and how much length counts.

    `order` says against what:

    - sequential: the archive as it is when their turn comes. Of several in a cell, each one that
      is admitted beat all before it.
    - batch: the archive as it was before the batch, as in the paper. All that beat it are
      admitted, and the best of them, the first at a tie, becomes the elite.

    Without parsimony the elites are the same under both. What differs is who else counts as
    admitted, and with it the data set of stage 2, "every solution ever admitted": at 512 children
    an iteration `batch` admits 8 % more.

    `parsimony` p, at least 0 and less than 1, is the share of fitness that a shorter program may
    lose. The paper names a parsimony pressure and leaves it undefined; here x is a
    near-tie of y where x >= (1 - p) y, and in an inhabited niche

    - a shorter program enters if it is a near-tie of the niche's peak, the best objective ever
      admitted to it;
    - a longer one enters only if the elite is no near-tie of it;
    - one of the same length enters if it is better.

    Near-ties are measured from the peak, not from the elite: measured from the elite, a hundred of
    them in a row could each lose a share p of what the last one left. So the elite never falls
    below (1 - p) of the peak, and every new elite raises the peak, is shorter than the last one, or
    is better at its length: niches cannot go round in circles. With p = 0 length counts for
    nothing, not even at exact ties, where the first wins.

    Raises:
        ValueError: The parsimony is out of range.
    """

    order: Order = "sequential"
    parsimony: float = 0.0

    def __post_init__(self) -> None:
        """Checks the parsimony; at 1 no program could ever be replaced by a longer one."""
        if not 0.0 <= self.parsimony < 1.0:
            raise ValueError(f"parsimony is {self.parsimony}; wanted at least 0 and less than 1")

    def judge(
        self, cells: Sequence[int], solutions: Sequence[Solution], niches: Mapping[int, Niche]
    ) -> tuple[list[Status], dict[int, Niche]]:
        """Judges a batch.

        Args:
            cells: [n] cell of each solution.
            solutions: [n]
            niches: The inhabited cells among them, before the batch.

        Returns:
            [n] statuses, and the niches after the batch.
        """
        # Dictionaries and Python floats: faster than indexing arrays for every solution.
        after = dict(niches)
        statuses: list[Status] = []
        everyone = range(len(cells))
        for turn in [everyone] if self.order == "batch" else [[each] for each in everyone]:
            admitted = defaultdict(list)
            for position in turn:
                cell = cells[position]
                status = self._status(solutions[position], after.get(cell))
                statuses.append(status)
                if status is not Status.REJECTED:
                    admitted[cell].append(position)
            for cell, positions in admitted.items():
                after[cell] = self._occupy(after.get(cell), positions, solutions)
        return statuses, after

    def _status(self, solution: Solution, niche: Niche | None) -> Status:
        if niche is None:
            return Status.NEW
        return Status.IMPROVED if self._beats(solution, niche) else Status.REJECTED

    def _beats(self, solution: Solution, niche: Niche) -> bool:
        if solution.length < niche.elite.length:
            return solution.objective >= self._least_near_tie(niche.peak)
        if solution.length > niche.elite.length:
            return self._least_near_tie(solution.objective) > niche.elite.objective
        return solution.objective > niche.elite.objective

    def _occupy(
        self, niche: Niche | None, positions: Sequence[int], solutions: Sequence[Solution]
    ) -> Niche:
        """The niche with the best of those admitted to it at once."""
        peak = max(solutions[position].objective for position in positions)
        if niche is not None:
            peak = max(peak, niche.peak)
        least = self._least_near_tie(peak)
        best = min(
            (position for position in positions if solutions[position].objective >= least),
            key=lambda position: (solutions[position].length, -solutions[position].objective),
        )
        return Niche(solutions[best], peak, best)

    def _least_near_tie(self, objective: float) -> float:
        # Objectives are not negative in ELM, but the archive allows it.
        return objective * (1.0 - math.copysign(self.parsimony, objective))
