import random

import numpy as np
import pytest

from elmjax.diffs import NUMBERED, DiffVerdict, numbered
from elmjax.lm.tokenizer import Tokenizer
from elmjax.mutators import tree_mutator
from elmjax.mutators.grammar import numbered_automaton
from elmjax.programs import SEEDS, canonical


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.train([canonical(text) for text in SEEDS.values()], entries=400)


@pytest.fixture(scope="module")
def automaton(tokenizer):
    return numbered_automaton(tokenizer, [3, 127], tokenizer.vocab_size + 5)


def accepts(automaton, tokenizer, text, parent=1):
    """Whether the text with its end token may be written."""
    state = 0
    for token in tokenizer.encode(text + numbered.END):
        if automaton.following[state, token] < 0 or not automaton.permitted[parent, token]:
            return False
        state = int(automaton.following[state, token])
    return state == 0


def test_every_edit_of_the_format_may_be_written(tokenizer, automaton) -> None:
    parents = [canonical(text) for text in SEEDS.values()]
    children = tree_mutator(parents, 6, seed=random.Random(0).getrandbits(32))
    edits = [
        NUMBERED.write([parents[i // 6]], child.program)
        for i, child in enumerate(children)
        if child.program is not None
    ]
    written = [edit for edit in edits if not isinstance(edit, DiffVerdict)]
    assert len(written) > 10
    assert all(accepts(automaton, tokenizer, edit) for edit in written)


@pytest.mark.parametrize(
    "text",
    [
        "",  # no hunk
        "<|2|>",  # no end of the range
        "<|2|><|1|><|add|>x\n",  # backwards
        "<|2|><|2|>",  # nothing taken away, nothing added
        "<|0|><|2|><|1|><|2|>",  # overlapping hunks
        "<|0|><|1|>x\n",  # no mark of an added line
        "<|0|><|1|><|add|>x",  # no newline
        "<|0|><|1|><|add|>x\n<|program|>",
        "<|add|>x\n",
    ],
)
def test_what_the_format_cannot_read_cannot_be_written(tokenizer, automaton, text) -> None:
    assert not accepts(automaton, tokenizer, text)


def test_lines_beyond_the_parent_cannot_be_named(tokenizer, automaton) -> None:
    assert accepts(automaton, tokenizer, "<|3|><|3|><|add|>x\n", parent=0)
    assert not accepts(automaton, tokenizer, "<|3|><|4|>", parent=0)
    assert accepts(automaton, tokenizer, "<|3|><|4|>", parent=1)


def test_no_reachable_state_is_a_dead_end(automaton) -> None:
    following, permitted = (np.asarray(leaf) for leaf in (automaton.following, automaton.permitted))
    for may in permitted:
        reached, fresh = {0}, [0]
        while fresh:
            after = following[fresh.pop(), may]
            assert np.any(after >= 0)
            more = set(after[after >= 0].tolist()) - reached
            reached |= more
            fresh += more
