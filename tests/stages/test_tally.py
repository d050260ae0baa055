import math

import pandas as pd
import pytest

from elmjax.diffs import DiffVerdict, messages
from elmjax.programs import Verdict
from elmjax.qd import Record
from elmjax.stages.tally import tally, totals


def record(
    id: int,
    outcome: str = "ok",
    *,
    program: str | None = None,
    operator: str = "tree",
    message: str = "",
    admitted: bool = False,
    cell: int = -1,
) -> Record:
    built = outcome in (Verdict.OK, Verdict.DIVERGED)
    size = 1.0 if built else math.nan
    return Record(
        id=id,
        parent=0,
        operator=operator,
        message=message,
        diff="",
        program=f"program {id}" if program is None else program,
        outcome=outcome,
        reason="",
        displacement=size,
        fitness=size,
        height=size,
        width=size,
        mass=size,
        admitted=admitted,
        cell=cell,
        step=0,
    )


def test_every_step_on_the_way_into_the_archive_is_counted() -> None:
    records = [
        record(1, str(DiffVerdict.NO_MATCH), program=""),
        record(2, Verdict.SYNTAX),
        record(3, Verdict.RUNTIME),
        record(4, Verdict.DIVERGED),
        record(5, cell=7),  # walks and is not good enough
        record(6, cell=7, admitted=True),  # better than the elite there
        record(7, cell=8, admitted=True),  # a niche that nobody lived in
        record(8, cell=8, admitted=True, program="program 7"),  # where somebody lives by now
    ]
    numbers = tally(records, inhabited=[7])
    assert {name: numbers[name] * 8 for name in numbers if "." not in name} == {
        "applied": 7,
        "parsed": 6,
        "run": 5,
        "valid": 4,
        "unique": 6,  # one is no program, one is there twice
        "admitted": 3,
        "improved": 2,
    }


def test_operators_and_messages_have_rates_of_their_own() -> None:
    changed, small = messages.CHANGED.text, messages.SMALL_CHANGE.text
    records = [
        record(1, operator="diff", message=changed, admitted=True, cell=1),
        record(2, operator="diff", message=small, cell=1),
        record(3, Verdict.RUNTIME, operator="diff", message=small),
        record(4, Verdict.RUNTIME),
    ]
    numbers = tally(records, inhabited=[])
    assert numbers["operator.diff.children"] == 3
    assert numbers["operator.diff.run"] == pytest.approx(2 / 3)
    assert numbers["operator.diff.admitted"] == pytest.approx(1 / 3)
    assert (numbers["operator.tree.children"], numbers["operator.tree.run"]) == (1, 0.0)
    assert (numbers["message.changed.children"], numbers["message.changed.admitted"]) == (1, 1.0)
    assert (numbers["message.small.children"], numbers["message.small.run"]) == (2, 0.5)
    assert not any(name.startswith("message..") for name in numbers)


def test_totals_weigh_iterations_by_their_children() -> None:
    first = tally([record(1, operator="diff"), record(2, operator="tree")], inhabited=[])
    second = tally([record(id, Verdict.RUNTIME, operator="diff") for id in range(3)], inhabited=[])
    of_all = totals(pd.DataFrame([first, second]), "operator")
    assert of_all["diff"]["children"] == 4
    assert of_all["diff"]["run"] == pytest.approx(1 / 4)
    assert (of_all["tree"]["children"], of_all["tree"]["run"]) == (1, 1.0)
    assert totals(pd.DataFrame([first, second]), "message") == {}
