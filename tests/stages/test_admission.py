import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from elmjax.config import Evolve
from elmjax.diffs import DiffVerdict
from elmjax.evaluate import Evaluation
from elmjax.mutators import Child
from elmjax.programs import Verdict
from elmjax.qd import Archive, Grid, History, Rule
from elmjax.stages.admission import (
    Found,
    Offspring,
    admit,
    admitted_shares,
    confirm,
    outside_grid,
)
from elmjax.stages.outcomes import error_counts, outcome_counts
from physics.body import Body


def walker(height: float, displacement: float) -> Evaluation:
    body = Body(
        joints=np.array([[0, 0], [1, height]], np.float32),
        ends=np.array([[0, 1]], np.int32),
        rigid=np.array([True]),
        amplitude=np.zeros(1, np.float32),
        phase=np.zeros(1, np.float32),
    )
    return Evaluation(
        verdict=Verdict.OK,
        reason="",
        body=body,
        displacement=displacement,
        fitness=abs(displacement),
    )


def born(
    evaluation: Evaluation | None, verdict: DiffVerdict | None = None, program: str | None = "x"
) -> Offspring:
    program = None if verdict else program
    child = Child(operator="tree", message="", diff="", program=program, verdict=verdict)
    return Offspring(-1, child, evaluation)


@pytest.fixture
def found(tmp_path) -> Found:
    return Found(Archive(Grid()), History.open(tmp_path))


def test_every_child_is_recorded_and_only_walkers_are_offered(found) -> None:
    family = [
        born(walker(5, -3.0)),
        born(None, DiffVerdict.NO_MATCH),
        born(Evaluation(verdict=Verdict.SYNTAX, reason="no")),
        born(walker(5.5, 2.0)),
        born(walker(5.5, -4.0)),
    ]
    records = admit(Evolve(), found, family, step=3)
    assert [record.id for record in records] == [0, 1, 2, 3, 4] == list(range(len(found.history)))
    assert [record.outcome for record in records] == ["ok", "no_match", "syntax", "ok", "ok"]
    # Fitness is the distance: 3, then 2 in the same niche, then 4.
    assert [record.admitted for record in records] == [True, False, False, False, True]
    assert [record.fitness for record in records if record.outcome == "ok"] == [3.0, 2.0, 4.0]
    assert records[0].cell == records[3].cell
    assert [record.cell for record in records[1:3]] == [-1, -1]
    assert math.isnan(records[1].fitness)


def test_the_scale_moves_niches_and_the_history_stays_in_metres(found) -> None:
    # 5 m high; in the grid's units 20, then 30 beyond its 24.
    family = [born(replace(walker(5, 3.0), scale=(1.0, y))) for y in (1.0, 4.0, 6.0)]
    family.append(born(None, DiffVerdict.NO_MATCH))
    assert outside_grid(found.archive.grid, family).tolist() == [False, False, True, False]
    records = admit(Evolve(outside_grid="reject"), found, family, step=0)
    assert [record.height for record in records[:3]] == [5.0] * 3
    assert [record.cell // 144 for record in records[:2]] == [2, 10]
    assert [record.admitted for record in records] == [True, True, False, False]
    assert found.archive.measures[records[1].cell, 0] == 20.0


@pytest.mark.parametrize(("rule", "admitted"), [("clip", True), ("reject", False)])
def test_a_tower_outside_the_grid(found, rule, admitted) -> None:
    (record,) = admit(Evolve(outside_grid=rule), found, [born(walker(150, 60.0))], step=0)
    assert record.admitted is admitted
    assert (record.outcome, record.fitness) == ("ok", 60.0)
    assert found.archive.occupied.any() == admitted


def test_a_batch_without_a_walker_changes_nothing(found) -> None:
    admit(Evolve(), found, [born(None, DiffVerdict.NO_CHANGE)], step=0)
    assert not found.archive.occupied.any()


def test_runtime_errors_are_counted_by_their_class() -> None:
    rows = pd.DataFrame(
        {
            "outcome": ["runtime", "ok", "runtime", "syntax", "runtime"],
            "reason": [
                "ValueError: no (line 3)",
                "",
                "Exception Mine (line 1)",
                "SyntaxError: invalid syntax (line 1)",
                "ValueError (line 9)",
            ],
        }
    )
    assert error_counts(rows) == {"ValueError": 2, "Exception": 1}
    assert outcome_counts(rows) == {"runtime": 3, "ok": 1, "syntax": 1}


class Doubter:
    """Confirms no walker above some fitness."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.asked: list[float] = []

    def confirm(self, programs, evaluations):
        self.asked += [evaluation.fitness for evaluation in evaluations]
        no = Evaluation(verdict=Verdict.UNREPEATABLE, reason="no")
        return [no if each.fitness > self.limit else each for each in evaluations]


def test_only_what_enters_is_run_again_and_what_is_not_confirmed_stays_out(found) -> None:
    # All in one niche. 3 enters, 2 does not, 9 enters and is refused; 5 enters only because of
    # that, so it is asked for in a second round; 4 never does.
    family = [born(walker(5, fitness)) for fitness in (3.0, 2.0, 9.0, 5.0, 4.0)]
    family.insert(1, born(Evaluation(verdict=Verdict.SYNTAX, reason="no")))
    doubter = Doubter(limit=8.0)
    confirmed = confirm(Evolve(), found.archive, doubter, family)
    assert doubter.asked == [3.0, 9.0, 5.0]
    assert not found.archive.occupied.any()
    records = admit(Evolve(), found, confirmed, step=0)
    outcomes = ["ok", "syntax", "ok", "unrepeatable", "ok", "ok"]
    assert [record.outcome for record in records] == outcomes
    assert [record.admitted for record in records] == [True, False, False, False, True, False]


def test_what_is_no_better_than_its_elite_is_not_run_again(found) -> None:
    admit(Evolve(), found, [born(walker(5, 3.0))], step=0)
    doubter = Doubter(limit=math.inf)
    confirm(Evolve(), found.archive, doubter, [born(walker(5, 3.0)), born(walker(5, 1.0))])
    assert doubter.asked == []


def test_judged_at_once_all_that_beat_the_elite_are_run_again_in_one_round(tmp_path) -> None:
    found = Found(Archive(Grid(), Rule(order="batch")), History.open(tmp_path))
    admit(Evolve(), found, [born(walker(5, 2.5))], step=0)
    # 3, 9, 5 and 4 beat the elite of 2.5; 9 is refused, and none of the others enter by that.
    family = [born(walker(5, fitness)) for fitness in (3.0, 2.0, 9.0, 5.0, 4.0)]
    doubter = Doubter(limit=8.0)
    confirmed = confirm(Evolve(), found.archive, doubter, family)
    assert doubter.asked == [3.0, 9.0, 5.0, 4.0]
    records = admit(Evolve(), found, confirmed, step=1)
    assert [record.admitted for record in records] == [True, False, False, True, True]
    assert found.archive.elite[found.archive.occupied].tolist() == [records[3].id]


@pytest.mark.parametrize("order", ["sequential", "batch"])
def test_shares_of_both_orders_are_told_whatever_the_rule(tmp_path, order) -> None:
    found = Found(Archive(Grid(), Rule(order=order)), History.open(tmp_path))
    # One niche, empty: 3 and 5 enter in turn, all three walkers at once; the fourth is none.
    family = [born(walker(5, fitness)) for fitness in (3.0, 2.0, 5.0)]
    family.append(born(None, DiffVerdict.NO_MATCH))
    shares = admitted_shares(Evolve(), found.archive, family)
    assert shares == {"admitted_sequential": 0.5, "admitted_batch": 0.75}
    assert not found.archive.occupied.any()
    records = admit(Evolve(), found, family, step=0)
    share = sum(record.admitted for record in records) / len(records)
    assert share == shares[f"admitted_{order}"]


def test_parsimony_compares_the_programs(tmp_path) -> None:
    found = Found(Archive(Grid(), Rule(parsimony=0.1)), History.open(tmp_path))
    family = [
        born(walker(5, fitness), program=program)
        for fitness, program in [(4.0, "long"), (3.8, "less"), (3.8, "few"), (4.1, "longer")]
    ]
    records = admit(Evolve(), found, family, step=0)
    assert [record.admitted for record in records] == [True, False, True, False]


def test_who_enters_only_because_a_shorter_one_was_refused_is_run_again_too(tmp_path) -> None:
    found = Found(Archive(Grid(), Rule(parsimony=0.1)), History.open(tmp_path))
    # 9.0 is refused; 5.2 is longer and no more than a near-tie of 5.0, which enters without it.
    family = [
        born(walker(5, fitness), program=program)
        for fitness, program in [(9.0, "x"), (5.0, "xxx"), (5.2, "xxxx"), (4.8, "xx")]
    ]
    doubter = Doubter(limit=8.0)
    confirmed = confirm(Evolve(), found.archive, doubter, family)
    assert doubter.asked == [9.0, 5.0, 4.8]
    records = admit(Evolve(), found, confirmed, step=0)
    assert [record.admitted for record in records] == [False, True, False, True]
