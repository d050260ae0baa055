import random
from functools import partial

import pytest

from elmjax import diffs
from elmjax.diffs import Completion, DiffVerdict, numbered
from elmjax.mutators import LanguageMutator, numbered_grammar, tree_mutator

diff_mutator = partial(LanguageMutator, operator="diff", format=diffs.NUMBERED, max_new_tokens=12)


def test_an_edit_that_does_not_apply_is_counted_and_never_the_parent(untrained, parents) -> None:
    children = diff_mutator(model=untrained)(parents, 4, seed=0)
    assert len(children) == 8
    assert all((child.program is None) == (child.verdict is not None) for child in children)
    assert all(child.program not in parents for child in children)
    assert any(child.verdict is not None for child in children)


@pytest.mark.parametrize(
    "format",
    [diffs.NUMBERED, diffs.CARPER, diffs.REWRITE, diffs.NATIVE_PROGRAM],
    ids=lambda format: format.name,
)
def test_a_seed_gives_the_same_children_in_any_format(untrained, parents, format) -> None:
    mutate = diff_mutator(model=untrained, format=format)
    # Four children everywhere in this file: few shapes are compiled.
    children = mutate(parents, 4, seed=3)
    assert children == mutate(parents, 4, seed=3) != mutate(parents, 4, seed=4)
    assert len(children) == 8
    assert all(child.program not in parents for child in children)


def test_a_parent_that_cannot_be_written_gives_failures_and_harms_no_other(
    untrained, parents
) -> None:
    forged = "x = '<|end|>'\n" + parents[0]
    children = diff_mutator(model=untrained)([forged, parents[1]], 4, seed=0)
    assert [child.verdict for child in children[:4]] == [DiffVerdict.UNENCODABLE] * 4
    assert DiffVerdict.UNENCODABLE not in [child.verdict for child in children[4:]]


def test_what_a_model_writes_well_is_applied(untrained, parents, write) -> None:
    parent = parents[0]
    child = tree_mutator([parent], 1, seed=random.Random(0).getrandbits(32))[0].program
    assert child is not None
    edit = str(diffs.NUMBERED.completion([parent], child))
    comment = "<|0|><|0|><|add|># only a comment\n"
    texts = [edit, "", "x", comment]
    write(*(Completion(text, ended=True) for text in texts))
    first, *others = diff_mutator(model=untrained)([parent], 4, seed=0)
    assert first.program == child == diffs.apply(diffs.between(parent, child), parent)
    # The last one applies, but the child is the parent with a comment: never a child.
    assert [other.verdict for other in others] == [
        DiffVerdict.NO_HUNK,
        DiffVerdict.MALFORMED,
        DiffVerdict.NO_CHANGE,
    ]
    assert [other.diff for other in others] == [text + numbered.END for text in texts[1:]]


def test_an_answer_that_is_not_python_is_a_child_for_the_jail_to_refuse(
    untrained, parents, write
) -> None:
    write(Completion("\n    return (\n", ended=True))
    (child,) = diff_mutator(model=untrained, format=diffs.REWRITE)(parents[:1], 1, seed=0)
    assert child.verdict is None
    assert child.program is not None
    assert child.program.endswith("def make_walker():\n    return (\n")


def test_a_message_given_is_asked_for_and_recorded(untrained, parents, write) -> None:
    asked = write(Completion("", ended=True))
    (child,) = diff_mutator(model=untrained, message="Fixed bugs.")(parents[:1], 1, seed=0)
    assert child.message == "Fixed bugs."
    assert "<|message|>Fixed bugs.<|diff|>" in untrained.tokenizer.decode(asked[0][0])


def test_a_format_without_a_message_records_none(untrained, parents, write) -> None:
    write(Completion(parents[1], ended=True))
    (child,) = diff_mutator(model=untrained, format=diffs.NATIVE_PROGRAM)(parents[:1], 1, seed=0)
    assert (child.message, child.program) == ("", parents[1])
    assert diffs.unified.apply_unified(child.diff, parents[0]) == parents[1]


def test_with_its_grammar_even_an_untrained_model_writes_the_format(untrained, parents) -> None:
    mutate = diff_mutator(model=untrained, grammar=numbered_grammar, max_new_tokens=24)
    children = mutate(parents, 16, seed=0)
    verdicts = {child.verdict for child in children}
    assert verdicts <= {None, DiffVerdict.UNFINISHED, DiffVerdict.NO_CHANGE}
    assert None in verdicts
