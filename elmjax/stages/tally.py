"""What became of children: of all of them, of each operator's, of those asked for by each message.

Rates are shares of children: `applied` are programs, `parsed` are Python, `run` built a body,
`valid` walked, `unique` are like no earlier child of the iteration, `admitted` entered the archive,
`improved` took a place there that was taken.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from elmjax.diffs import DiffVerdict, messages
from elmjax.programs import Verdict
from elmjax.qd import Record

RATES = ("applied", "parsed", "run", "valid", "unique", "admitted", "improved")

_NO_CHILD = frozenset(map(str, DiffVerdict))
_MESSAGES = {
    messages.CHANGED.text: "changed",
    messages.CHANGED_PARAMETERS.text: "parameters",
    messages.SMALL_CHANGE.text: "small",
}


def tally(records: Sequence[Record], inhabited: Iterable[int]) -> dict[str, float]:
    """Counts one iteration.

    Args:
        records: Of its children, in order.
        inhabited: Cells that held an elite before it.

    Returns:
        The rates of all children by name; those of every operator as `operator.NAME.RATE` and of
        every message as `message.NAME.RATE`, with the number of its children as `.children`.
    """
    taken, first, improved = set(inhabited), set[str](), []
    unique = []
    for record in records:
        improved.append(record.admitted and record.cell in taken)
        if record.admitted:
            taken.add(record.cell)
        unique.append(record.program != "" and record.program not in first)
        first.add(record.program)
    flags = {
        "applied": [record.outcome not in _NO_CHILD for record in records],
        "parsed": [record.outcome not in {*_NO_CHILD, Verdict.SYNTAX} for record in records],
        "run": [math.isfinite(record.height) for record in records],
        "valid": [record.outcome == Verdict.OK for record in records],
        "unique": unique,
        "admitted": [record.admitted for record in records],
        "improved": improved,
    }
    table = np.array([flags[rate] for rate in RATES], float)
    numbers = dict(zip(RATES, table.mean(axis=1).tolist(), strict=True))
    for kind, names in (
        ("operator", [record.operator for record in records]),
        ("message", [_MESSAGES.get(record.message, record.message) for record in records]),
    ):
        for name in dict.fromkeys(filter(None, names)):
            own = table[:, np.array(names) == name]
            numbers[f"{kind}.{name}.children"] = own.shape[1]
            for rate, share in zip(RATES, own.mean(axis=1).tolist(), strict=True):
                numbers[f"{kind}.{name}.{rate}"] = share
    return numbers


def totals(log: pd.DataFrame, kind: str) -> dict[str, dict[str, float]]:
    """The rates of all iterations together, by the names of operators or messages.

    Args:
        log: A row for each iteration, with what `tally` gives.
        kind: "operator" or "message".

    Returns:
        For each name the number of its `children` and its rates.
    """
    found = {}
    for column in map(str, log):
        if not (column.startswith(f"{kind}.") and column.endswith(".children")):
            continue
        group, children = column.removesuffix(".children"), log[column].fillna(0.0)
        rates = {
            rate: float((log[f"{group}.{rate}"].fillna(0.0) * children).sum() / children.sum())
            for rate in RATES
        }
        found[group.removeprefix(f"{kind}.")] = {"children": int(children.sum()), **rates}
    return found
