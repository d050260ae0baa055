"""Accepted diffs: the edits of a diff model that entered the map, as a data set (section 5.1)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from elmjax import diffs
from elmjax.corpus import EditedProgram
from elmjax.diffs import DiffVerdict, numbered
from elmjax.qd import History
from elmjax.qd.history import NO_PARENT


@dataclass(frozen=True, kw_only=True)
class AcceptedDiff:
    """An edit that entered the map."""

    parent: str  # program
    message: str
    edit: str  # in the text of `diffs.numbered`
    gain: float  # m, see `accepted_diffs`


def accepted_diffs(history: History, operator: str = "diff") -> list[AcceptedDiff]:
    """The accepted diffs of one history, in order.

    The gain of a diff is what it added to the QD score: fitness above what the niche held, which
    is nothing in an empty one.

    Args:
        history: of one search.
        operator: what wrote the edits.
    """
    columns = ["parent", "operator", "message", "program", "fitness", "cell"]
    held: dict[int, float] = {}  # fitness by cell
    accepted = []
    for row in history.admitted(columns).to_dict("records"):
        gain = row["fitness"] - held.get(row["cell"], 0.0)
        held[row["cell"]] = row["fitness"]
        if row["parent"] == NO_PARENT or row["operator"] != operator:
            continue
        parent = history.program(row["parent"])
        edit = numbered.render(diffs.between(parent, row["program"]))
        if not isinstance(edit, DiffVerdict):
            accepted.append(
                AcceptedDiff(parent=parent, message=row["message"], edit=edit, gain=gain)
            )
    return accepted


def loss_weights(accepted: Sequence[AcceptedDiff], by: Literal["equal", "gain"]) -> np.ndarray:
    """Weights of accepted diffs in the loss, [diffs], whose mean is 1.

    Gains are finite and not negative, and so are their weights; where none gained anything, all
    weigh the same.
    """
    gains = np.array([diff.gain for diff in accepted])
    if by == "equal" or not gains.any():
        return np.ones(len(accepted))
    return gains / gains.mean()


def by_parent(
    accepted: Sequence[AcceptedDiff], weights: Sequence[float] | np.ndarray
) -> tuple[list[EditedProgram], list[list[float]]]:
    """Every parent once, with all of its accepted diffs and the weight of each."""
    rows = defaultdict(list)
    for diff, weight in zip(accepted, weights, strict=True):
        rows[diff.parent].append(((diff.message, diff.edit), float(weight)))
    edited = [
        EditedProgram(program=parent, edits=tuple(edit for edit, _ in of_parent))
        for parent, of_parent in rows.items()
    ]
    return edited, [[weight for _, weight in of_parent] for of_parent in rows.values()]
