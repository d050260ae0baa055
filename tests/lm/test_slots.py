import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from elmjax.lm.slots import Slots
from elmjax.lm.transcript import Transcript


def play(lengths, slots):
    """Writes children of given lengths: (child, age) by step and slot, idle slots as None."""
    state = Slots.start(jnp.array([True]), slots, len(lengths))
    steps = []
    while np.any(np.asarray(state.child) < len(lengths)):
        child, age = np.asarray(state.child)[0], np.asarray(state.age)[0]
        steps.append(
            [(c, a) if c < len(lengths) else None for c, a in zip(child, age, strict=True)]
        )
        length = np.array([*lengths, 0])[np.minimum(child, len(lengths))]
        state = state.after(jnp.asarray(age + 1 == length)[None])
    return steps


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=9), st.data())
def test_every_child_is_written_once_and_no_slot_idles_before_the_last_has_begun(lengths, data):
    slots = data.draw(st.integers(1, len(lengths)))
    steps = play(lengths, slots)
    written = [place for step in steps for place in step if place is not None]
    assert sorted(written) == [(c, a) for c, n in enumerate(lengths) for a in range(n)]
    last_begins = next(i for i, step in enumerate(steps) if (len(lengths) - 1, 0) in step)
    assert all(None not in step for step in steps[:last_begins])
    room = Transcript.empty(Slots.start(jnp.array([True]), slots, len(lengths)), len(lengths), 6)
    assert len(steps) <= room.token.shape[0]


def test_a_child_stays_in_its_slot_and_the_next_follows_in_order_of_slots() -> None:
    assert play([1, 3, 1, 2], 2) == [
        [(0, 0), (1, 0)],
        [(2, 0), (1, 1)],
        [(3, 0), (1, 2)],
        [(3, 1), None],
    ]


def test_slots_of_absent_parents_are_idle() -> None:
    state = Slots.start(jnp.array([True, False]), 2, 3)
    assert np.asarray(state.child).tolist() == [[0, 1], [3, 3]]
    after = state.after(jnp.ones((2, 2), bool))
    assert np.asarray(after.child[0]).tolist() == [2, 3]
    assert np.all(np.asarray(after.child[1]) >= 3)
