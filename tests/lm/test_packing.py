import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elmjax.lm import decoder
from elmjax.lm.attention import causal_mask
from elmjax.lm.loss import target_losses
from elmjax.lm.packing import Document, pack

DOCUMENTS = [
    Document(prompt=[1, 2, 3], continuations=[[10, 11], [20, 21, 22]], prompt_weight=0.2),
    Document(prompt=[4], continuations=[[30], [31, 32]]),
    Document(prompt=[5, 6, 7, 8, 9]),
]


@pytest.fixture(scope="module")
def alone(config, params):
    """Losses of sequence[1:], read on its own from position 0."""
    time = 8

    @jax.jit
    def read(tokens, length):
        embeddings = decoder.embed(params, tokens)
        mask = causal_mask(length[None], time)
        hidden = decoder.hidden_states(params, config, embeddings, jnp.arange(time)[None], mask)
        return jax.nn.log_softmax(decoder.logits(params, config, hidden)[0])

    def run(sequence):
        length = len(sequence) - 1
        tokens = np.zeros((1, time), np.int32)
        tokens[0, :length] = sequence[:-1]
        return -read(tokens, jnp.int32(length))[np.arange(length), np.array(sequence[1:])]

    return run


@pytest.mark.parametrize("row_length", [8, 18, 24])
def test_losses_are_those_of_the_sequences_alone(config, params, alone, row_length):
    batch = pack(DOCUMENTS, row_length).batch
    losses = np.asarray(jax.jit(target_losses, static_argnums=1)(params, config, batch))
    wanted = {}
    for document in DOCUMENTS:
        if len(document.prompt) > 1:
            wanted[tuple(document.prompt)] = alone(document.prompt)
        for continuation in document.continuations:
            sequence = [*document.prompt, *continuation]
            own = alone(sequence)[len(document.prompt) - 1 :]
            wanted[tuple(document.prompt[-1:]) + tuple(continuation)] = own
    for row in range(len(batch.tokens)):
        for group in range(1, batch.group[row].max() + 1):
            for segment in np.unique(batch.segment[row][batch.group[row] == group]):
                here = (batch.group[row] == group) & (batch.segment[row] == segment)
                sequence = (batch.tokens[row][here][0], *batch.targets[row][here])
                np.testing.assert_allclose(losses[row][here], wanted.pop(sequence), atol=1e-4)
    assert not wanted  # every sequence was found


def test_the_layout_of_the_module_text():
    document = Document(prompt=[1, 2, 3], continuations=[[10, 11], [20, 21]], prompt_weight=0.2)
    batch = pack([document], 8).batch
    assert batch.tokens[0].tolist() == [1, 2, 3, 10, 3, 20, 0, 0]
    assert batch.targets[0].tolist() == [2, 3, 10, 11, 20, 21, 0, 0]
    assert batch.position[0].tolist() == [0, 1, 2, 3, 2, 3, 0, 0]
    assert batch.segment[0].tolist() == [0, 0, 1, 1, 2, 2, 0, 0]
    assert batch.group[0].tolist() == [1, 1, 1, 1, 1, 1, 0, 0]
    np.testing.assert_allclose(batch.weights[0], [0.2, 0.2, 1, 1, 1, 1, 0, 0], rtol=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.lists(st.integers(1, 5), max_size=4)),
        min_size=1,
        max_size=12,
    ),
    st.integers(9, 40),
)
def test_nothing_is_lost_or_doubled(lengths, row_length):
    documents = [
        Document(prompt=[index] * prompt, continuations=[[index] * length for length in several])
        for index, (prompt, several) in enumerate(lengths)
    ]
    if all(document.slots > row_length for document in documents):
        return
    packed = pack(documents, row_length)
    for index, document in enumerate(documents):
        held = (packed.batch.group > 0) & (packed.batch.tokens == index)
        wanted = 0 if index in packed.too_long else document.slots
        assert held.sum() == wanted
        assert (index in packed.too_long) == (document.slots > row_length)
    assert packed.filled == pytest.approx(
        sum(d.slots for d in documents if d.slots <= row_length) / packed.batch.tokens.size
    )


def test_first_fit_fills_gaps():
    sizes = [6, 5, 2, 3]  # 6 + 2 and 5 + 3 fill two rows of 8
    documents = [Document(prompt=[size] * (size + 1)) for size in sizes]
    packed = pack(documents, 8)
    assert packed.filled == 1.0
    assert packed.batch.tokens.tolist() == [[6] * 6 + [2] * 2, [5] * 5 + [3] * 3]


def test_rows_can_be_chosen():
    batch = pack(DOCUMENTS, 8).batch
    chosen = batch.rows(np.array([1]))
    assert chosen.tokens.shape == (1, 8)
    np.testing.assert_array_equal(chosen.weights[0], batch.weights[1])


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="none of the 1 documents fits a row of 3 slots"):
        pack([Document(prompt=[1] * 9)], 3)
    with pytest.raises(ValueError, match="at least one token each, got a prompt of 0"):
        Document(prompt=[])
    with pytest.raises(ValueError, match=r"continuations of \[1, 0\]"):
        Document(prompt=[1], continuations=[[1], []])


def test_what_is_given_carries_no_loss_and_is_still_read():
    asked = Document(
        prompt=[1, 2], continuations=[[7, 8, 9], [5, 6]], given=[2, 0], prompt_weight=0.5
    )
    free = Document(prompt=[1, 2], continuations=[[7, 8, 9], [5, 6]], prompt_weight=0.5)
    batch, whole = pack([asked], 8).batch, pack([free], 8).batch
    assert batch.weights[0].tolist() == [0.5, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    for name in ("tokens", "targets", "position", "group", "segment"):
        np.testing.assert_array_equal(getattr(batch, name), getattr(whole, name))


def test_continuations_weigh_alike_or_each_its_own():
    edits = {"prompt": [1, 2], "continuations": [[7, 8], [5]], "given": [1, 0]}
    alike = Document(**edits, continuation_weight=2.0)
    unlike = Document(**edits, continuation_weight=[0.25, 3.0])
    assert pack([alike], 5).batch.weights[0].tolist() == [1.0, 0.0, 2.0, 2.0, 0.0]
    assert pack([unlike], 5).batch.weights[0].tolist() == [1.0, 0.0, 0.25, 3.0, 0.0]
    with pytest.raises(ValueError, match="broadcast"):
        pack([Document(**edits, continuation_weight=[1.0, 1.0, 1.0])], 5)
