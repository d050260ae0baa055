import random

import jax
import pytest

from elmjax.diffs import DiffVerdict, apply, between, unified
from elmjax.lm import decoder
from elmjax.lm.store import LanguageModel
from elmjax.lm.tokenizer import Tokenizer
from elmjax.mutators import DiffMutator, describe, mixed, tree_mutator
from elmjax.programs import SEEDS, canonical
from elmjax.programs.tree import EditClass

PARENTS = [canonical(SEEDS[name]) for name in ("square", "radial")]


@pytest.fixture(scope="module")
def untrained() -> LanguageModel:
    """A diff model that knows nothing: nearly all that it writes does not apply."""
    tokenizer = Tokenizer.train(PARENTS, entries=300)
    config = decoder.DecoderConfig(
        vocab_size=tokenizer.vocab_size, layers=1, width=16, heads=2, hidden=32
    )
    params = decoder.init(config, jax.random.key(0))
    return LanguageModel(params=params, config=config, tokenizer=tokenizer)


def test_children_come_parent_by_parent_and_say_how_they_came() -> None:
    children = tree_mutator(PARENTS, 5, seed=1)
    assert len(children) == 10
    for child, parent in zip(children, [p for p in PARENTS for _ in range(5)], strict=True):
        if child.program is None:
            assert child.verdict is DiffVerdict.NO_CHANGE
        else:
            assert child.program != parent
            assert unified.apply_unified(child.diff, parent) == child.program


def test_seed_decides_everything() -> None:
    assert tree_mutator(PARENTS, 5, seed=1) == tree_mutator(PARENTS, 5, seed=1)
    assert tree_mutator(PARENTS, 5, seed=1) != tree_mutator(PARENTS, 5, seed=2)


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ([EditClass.CONSTANT] * 3, "Changed parameters in make_walker function."),
        ([EditClass.STRUCTURE], "Small change to make_walker function."),
        ([EditClass.STRUCTURE, EditClass.CONSTANT], "Changed make_walker function."),
    ],
)
def test_message_is_true_of_the_edits(edits: list[EditClass], message: str) -> None:
    assert describe(edits) == message


def test_a_diff_that_does_not_apply_is_counted_and_never_the_parent(untrained) -> None:
    mutate = DiffMutator(model=untrained, max_new_tokens=12)
    children = mutate(PARENTS, 4, seed=0)
    assert len(children) == 8
    assert all((child.program is None) == (child.verdict is not None) for child in children)
    assert all(child.program not in PARENTS for child in children)
    assert any(child.verdict is not None for child in children)


def test_diff_mutator_repeats_itself_for_a_seed(untrained) -> None:
    mutate = DiffMutator(model=untrained, max_new_tokens=12)
    assert mutate(PARENTS, 2, seed=3) == mutate(PARENTS, 2, seed=3)


def test_a_parent_that_cannot_be_written_gives_failures_and_harms_no_other(untrained) -> None:
    forged = "x = '<|end|>'\n" + PARENTS[0]
    children = DiffMutator(model=untrained, max_new_tokens=12)([forged, PARENTS[1]], 3, seed=0)
    assert [child.verdict for child in children[:3]] == [DiffVerdict.UNENCODABLE] * 3
    assert DiffVerdict.UNENCODABLE not in [child.verdict for child in children[3:]]


def test_mixed_gives_each_operator_half_of_the_parents(untrained) -> None:
    mutate = mixed(DiffMutator(model=untrained, max_new_tokens=12), tree_mutator)
    operators = [child.operator for child in mutate([*PARENTS, PARENTS[0]], 2, seed=0)]
    assert operators == ["diff"] * 4 + ["tree"] * 2


def test_what_a_model_writes_well_is_applied(untrained, monkeypatch) -> None:
    from elmjax.diffs import numbered

    parent = PARENTS[0]
    child = tree_mutator([parent], 1, seed=random.Random(0).getrandbits(32))[0].program
    assert child is not None
    edit = between(parent, child)
    comment = "<|0|><|0|><|add|># only a comment\n<|end|>"
    written = [str(numbered.render(edit)), "<|end|>", "x<|end|>", comment]
    monkeypatch.setattr(DiffMutator, "_complete", lambda *_: [written])
    first, *others = DiffMutator(model=untrained, max_new_tokens=12)([parent], 4, seed=0)
    assert first.program == child == apply(edit, parent)
    # The last one applies, but the child is the parent with a comment: never a child.
    assert [other.verdict for other in others] == [
        DiffVerdict.NO_HUNK,
        DiffVerdict.MALFORMED,
        DiffVerdict.NO_CHANGE,
    ]
