import random

import pytest

from elmjax.corpus import edited_programs, grow, keep
from elmjax.diffs import apply, numbered
from elmjax.diffs.messages import CHANGED_PARAMETERS, MESSAGES, SMALL_CHANGE
from elmjax.mutators import Child, tree_mutator
from elmjax.programs import SEEDS, ProgramPool


@pytest.fixture(scope="module")
def pool():
    with ProgramPool(workers=2) as pool:
        yield pool


def test_every_parent_runs_and_every_edit_changes_what_it_builds(pool) -> None:
    rng = random.Random(0)
    parents = grow(12, pool, rng)
    edited = keep(parents, tree_mutator(parents, 6, 0), 4, pool)
    assert len(edited) >= 10
    messages = {message.text for message in MESSAGES}
    for parent in edited:
        before = pool.run_one(parent.program).body
        assert before is not None
        assert 1 <= len(parent.edits) <= 4
        for message, written in parent.edits:
            child = apply(numbered.parse(written), parent.program)
            after = pool.run_one(child).body
            assert after is not None
            assert after.digest() != before.digest()
            assert message in messages


def test_the_same_seed_gives_the_same_data(pool) -> None:
    first, again, other = (grow(4, pool, random.Random(seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_edits_whose_message_is_not_true_are_left_out(pool) -> None:
    parent = SEEDS["square"]
    number = parent.replace("10", "11", 1)
    structure = parent.replace("    return wc", "    wc.add_joint(1, 2)\n    return wc", 1)
    assert parent not in (number, structure)
    children = [
        Child(operator="diff", message=message.text, diff="", program=program)
        for message in MESSAGES
        for program in (number, structure)
    ]
    (kept,) = keep([parent], children, 9, pool)
    # Both edits are small changes, the last message that is true of each.
    assert [message for message, _ in kept.edits] == [SMALL_CHANGE.text] * 2
    (parameters,) = keep([parent], children[2:4], 9, pool)
    assert [message for message, _ in parameters.edits] == [CHANGED_PARAMETERS.text]
    (changed,) = keep([parent], children[:2], 9, pool)
    assert "add_joint(1, 2)" in changed.edits[0][1]
    assert len(changed.edits) == 1


@pytest.mark.slow
def test_shards_do_not_depend_on_the_number_of_processes() -> None:
    one = list(edited_programs(250, 1, 0, processes=1))
    assert one == list(edited_programs(250, 1, 0, processes=2))
