"""The guard, on edits written by hand, and on those of a tiny model and of its distortions."""

import dataclasses

import jax
import numpy as np
import pytest

from elmjax.config import Guard
from elmjax.diffs import DiffVerdict
from elmjax.lm.store import load
from elmjax.mutators import Child
from elmjax.programs import SEEDS
from elmjax.stages import collapse
from elmjax.stages.collapse import Drift, between, guarded, unique_share, written
from elmjax.stages.run import Run

PARENTS = list(SEEDS.values())


def child(program: str | None, diff: str = "") -> Child:
    verdict = DiffVerdict.MALFORMED if program is None else None
    return Child(operator="diff", message="Fix.", diff=diff, program=program, verdict=verdict)


@pytest.fixture
def run(tmp_path, small_config):
    guard = Guard(parents=4, children=4, unique=0.7, divergence=0.1, retreats=2)
    operator = dataclasses.replace(small_config.operator, guard=guard)
    with Run.open(tmp_path / "run", dataclasses.replace(small_config, operator=operator)) as run:
        yield run


@pytest.fixture(scope="module")
def model(model_folder):
    return load(model_folder)


def louder(model, by: float):
    params = jax.tree.map(lambda leaf: leaf * by, model.params)
    return dataclasses.replace(model, params=params)


def test_different_programs_are_counted_by_parent_and_failures_are_none() -> None:
    children = [child(text) for text in ("a", "a", None, "a", "b", "c")]
    assert unique_share(children, 2) == (1 + 3) / 6
    assert unique_share([child(None)] * 6, 2) == 0.0


def test_what_was_written_is_read_back() -> None:
    children = [child("a = 2\n"), child(None, "<|0|>?"), child(None), child(None)]
    edited = written(["a = 1\n", "b = 1\n"], children)
    assert [parent.program for parent in edited] == ["a = 1\n"]
    texts = [text for _, text in edited[0].edits]
    assert texts == ["<|0|><|1|><|add|>a = 2\n<|end|>", "<|0|>?"]


@pytest.mark.parametrize(
    ("unique", "divergence", "passes"),
    [(0.7, 0.1, True), (0.69, 0.1, False), (0.7, 0.11, False), (1.0, float("nan"), False)],
)
def test_either_limit_refuses(unique, divergence, passes) -> None:
    drift = Drift(share=1.0, unique=unique, base_unique=1.0, divergence=divergence)
    assert drift.is_within(Guard(unique=0.7, divergence=0.1)) is passes


def test_a_share_of_the_way_is_that_share_of_every_weight(model) -> None:
    quarter = between(model, louder(model, 3.0), 0.25)  # 1 + (3 - 1) / 4
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, 1.5 * b, rtol=1e-6), quarter.params, model.params
    )


def test_a_model_that_did_not_change_passes_and_is_not_apart(run, model) -> None:
    used, (drift,) = guarded(
        run, base=model, start=model, tuned=model, parents=PARENTS, purpose="same"
    )
    assert used is model
    assert drift.divergence == 0.0
    assert drift.unique == drift.base_unique


def test_what_moved_too_far_is_halved_and_then_refused(run, model) -> None:
    far = louder(model, 30.0)
    used, drifts = guarded(run, base=model, start=model, tuned=far, parents=PARENTS, purpose="far")
    assert used is model
    assert [drift.share for drift in drifts] == [1.0, 0.5, 0.25]
    apart = [drift.divergence for drift in drifts]
    assert apart[0] > apart[1] > apart[2] > 0.1


def test_what_is_left_of_an_update_that_passes_is_used(run, model, monkeypatch) -> None:
    limit = 2.0

    def apart(_run, at, base, _written):
        """Largest weight over that of the base: 4 at first, then 2.5, then 1.75."""
        return max(map(float, map(np.max, jax.tree.leaves(at.params)))) / max(
            map(float, map(np.max, jax.tree.leaves(base.params)))
        )

    monkeypatch.setattr(collapse, "_divergence", apart)
    guard = dataclasses.replace(run.config.operator.guard, divergence=limit, unique=0.0)
    operator = dataclasses.replace(run.config.operator, guard=guard)
    run = dataclasses.replace(run, config=dataclasses.replace(run.config, operator=operator))
    used, drifts = guarded(
        run, base=model, start=model, tuned=louder(model, 4.0), parents=PARENTS, purpose="part"
    )
    assert [drift.divergence for drift in drifts] == pytest.approx([4.0, 2.5, 1.75])
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, 1.75 * b, rtol=1e-5), used.params, model.params
    )


def test_a_model_that_writes_one_edit_over_and_over_is_refused(run, model, monkeypatch) -> None:
    tuned = dataclasses.replace(model)

    def make(_config, _operator, asked):
        def mutate(parents, children, _seed):
            numbers = range(children) if asked is model else [0] * children
            return [child(f"{parent}a = {n}\n") for parent in parents for n in numbers]

        return mutate

    monkeypatch.setattr(collapse, "language_mutator", make)
    monkeypatch.setattr(collapse, "between", lambda _start, end, _share: end)
    used, drifts = guarded(
        run, base=model, start=model, tuned=tuned, parents=PARENTS, purpose="dull"
    )
    assert used is model
    assert {(drift.unique, drift.base_unique) for drift in drifts} == {(0.25, 1.0)}  # 1 of 4
    assert {drift.divergence for drift in drifts} == {0.0}
