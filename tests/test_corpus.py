import random

import pytest

from elmjax.corpus import edit, edited_programs, grow
from elmjax.diffs import apply, numbered
from elmjax.diffs.messages import MESSAGES
from elmjax.programs import ProgramPool


@pytest.fixture(scope="module")
def pool():
    with ProgramPool(workers=2) as pool:
        yield pool


def test_every_parent_runs_and_every_edit_changes_what_it_builds(pool) -> None:
    rng = random.Random(0)
    parents = grow(12, pool, rng)
    edited = edit(parents, 4, pool, rng)
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
    first, again, other = (
        edit(grow(4, pool, random.Random(seed)), 2, pool, random.Random(seed)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


@pytest.mark.slow
def test_shards_do_not_depend_on_the_number_of_processes() -> None:
    one = list(edited_programs(250, 1, 0, processes=1))
    assert one == list(edited_programs(250, 1, 0, processes=2))
