"""What a search in memory has found: the archive, and every program with its parent."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from elmjax.mutators import Child
from elmjax.qd import NO_PARENT, Archive, ArchiveMetrics, archive_metrics
from elmjax.search.domain import OK, Score


@dataclass(kw_only=True)
class Discoveries:
    """An archive with the programs that its ids lead to.

    Attributes:
        archive: The elites, by id.
        rows: Of all programs, by id.
        curve: Metrics of the archive after every iteration.
    """

    archive: Archive
    rows: list[dict[str, Any]] = field(default_factory=list, repr=False)
    curve: list[ArchiveMetrics] = field(default_factory=list, repr=False)

    @property
    def history(self) -> pd.DataFrame:
        """A row for each program: lineage, edit, outcome, fitness, measures, admission."""
        return pd.DataFrame(self.rows)

    @property
    def elites(self) -> pd.DataFrame:
        """The rows of the elites, with their cells, the best first."""
        cells = np.flatnonzero(self.archive.occupied)
        ids = self.archive.elite[cells]
        return self.history.loc[ids].assign(cell=cells).sort_values("fitness", ascending=False)

    @property
    def best(self) -> str:
        """The program of the highest fitness.

        Raises:
            LookupError: the archive is empty.
        """
        metrics = archive_metrics(self.archive)
        if metrics.niches == 0:
            raise LookupError("the archive is empty: no program came to an outcome of 'ok'")
        return self.program(metrics.best_id)

    def program(self, id: int) -> str:
        """Text of a program by its id."""
        return self.rows[id]["program"]

    def lineage(self, id: int) -> list[int]:
        """Ids from the seed down to a program, itself included."""
        line = [id]
        while (parent := self.rows[line[-1]]["parent"]) != NO_PARENT:
            line.append(parent)
        return line[::-1]

    def offer(
        self, children: list[Child], parents: list[int], scores: list[Score | None], step: int
    ) -> None:
        """Takes in children with what became of each; None where a child is no program."""
        first, names = len(self.rows), self.archive.grid.names
        sound = [
            place for place, score in enumerate(scores) if score is not None and score.outcome == OK
        ]
        good = [score for score in scores if score is not None and score.outcome == OK]
        entered = self.archive.add(
            [first + place for place in sound],
            [score.fitness for score in good],
            [list(score.measures) for score in good],
            [len(children[place].program or "") for place in sound],
        )
        admitted = {place for place, status in zip(sound, entered, strict=True) if status}
        for place, (child, parent, score) in enumerate(zip(children, parents, scores, strict=True)):
            shown = score or Score(outcome=str(child.verdict))
            measures = shown.measures if shown.outcome == OK else [np.nan] * len(names)
            self.rows.append(
                {
                    "id": first + place,
                    "parent": parent,
                    "operator": child.operator,
                    "message": child.message,
                    "diff": child.diff,
                    "program": child.program or "",
                    "outcome": shown.outcome,
                    "reason": shown.reason,
                    "fitness": float(shown.fitness),
                    **dict(zip(names, map(float, measures), strict=True)),
                    "admitted": place in admitted,
                    "step": step,
                }
            )
        self.curve.append(archive_metrics(self.archive))
