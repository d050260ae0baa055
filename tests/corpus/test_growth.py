import random
import re

import pytest

from elmjax.corpus import FUNCTIONS, WALKERS, Order, edited_programs, grow, keep
from elmjax.diffs import MESSAGES, apply, numbered
from elmjax.mutators import tree_mutator

PATTERNS = [
    re.compile(re.escape(message.about("NAME")).replace("NAME", r"(\w+)")) for message in MESSAGES
]


@pytest.mark.parametrize("kind", [WALKERS, FUNCTIONS], ids=["walkers", "functions"])
def test_every_parent_runs_and_every_edit_changes_what_it_does(kind, pool):
    parents = grow(12, kind, pool, random.Random(0))
    edited = keep(parents, tree_mutator(parents, 6, 0), 4, kind, pool)
    assert len(edited) >= 10
    for parent in edited:
        assert 1 <= len(parent.edits) <= 4
        children = [apply(numbered.parse(written), parent.program) for _, written in parent.edits]
        before, *after = kind.digests([parent.program, *children], pool)
        assert before is not None
        assert None not in after
        assert before not in after
        for message, _ in parent.edits:
            (found,) = filter(None, (pattern.fullmatch(message) for pattern in PATTERNS))
            assert f"def {found[1]}(" in parent.program


def test_the_same_seed_gives_the_same_data(pool):
    kind = WALKERS
    first, again, other = (grow(4, kind, pool, random.Random(seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.slow
def test_shards_do_not_depend_on_the_number_of_processes():
    order = Order(parents=260, edits=1, functions=0.2, bugs=0.1, seed=0)
    one = list(edited_programs(order, processes=1))
    assert one == list(edited_programs(order, processes=2))
    # Those of 260 that have an edit, and a tenth of them once more with a bug.
    assert 230 <= len(one) <= 286
