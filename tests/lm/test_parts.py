import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from elmjax.lm.parts import cut, join
from elmjax.lm.transcript import Completions


@given(st.integers(1, 9), st.integers(0, 4), st.integers(1, 70), st.integers(1, 5))
def test_parts_are_equal_and_hold_every_child_once(prompts, absent, children, threads):
    parts = cut(prompts, parents=prompts + absent, children=children, threads=threads)
    assert 1 <= len(parts) <= threads
    assert len({(part.parents, part.children) for part in parts}) == 1
    number = np.arange(100 * 400).reshape(100, 400)
    drawn = [
        Completions(*[number[part.rows, part.first_child :][:, : part.children]] * 4)
        for part in parts
    ]
    whole = join(parts, drawn, prompts=prompts, children=children)
    np.testing.assert_array_equal(whole.length, number[:prompts, :children])


def test_prompts_are_cut_before_children():
    assert [part.rows for part in cut(3, parents=4, children=99, threads=2)] == [
        slice(0, 2),
        slice(2, 4),
    ]
    by_child = cut(1, parents=1, children=40, threads=2)
    assert [(part.first_child, part.children) for part in by_child] == [(0, 20), (20, 20)]
    assert len(cut(1, parents=1, children=16, threads=2)) == 1
