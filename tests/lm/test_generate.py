import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.lm import decoder, generate
from elmjax.lm.attention import causal_mask
from elmjax.lm.prompt import Prompt, pad_prompts
from elmjax.lm.sampler import compiled_sample

PROMPTS = [[1, 2, 3, 4, 5, 6, 7], [9, 8, 7], [11]]
CHILDREN, NEW, NO_END = 4, 10, 50  # of the fixture `sample`


@pytest.fixture(scope="module")
def next_scores(config):
    """Scores after every token of sequences that are read whole, without any memory."""

    @jax.jit
    def read(params, embeddings, length):
        rows, time = embeddings.shape[:2]
        position = jnp.broadcast_to(jnp.arange(time), (rows, time))
        mask = causal_mask(length, time)
        hidden = decoder.hidden_states(params, config, embeddings, position, mask)
        return decoder.logits(params, config, hidden)

    def run(params, sequences, prefix=None):
        length = np.array([len(sequence) for sequence in sequences])
        tokens = np.zeros((len(sequences), 20), np.int32)
        for row, sequence in zip(tokens, sequences, strict=True):
            row[: len(sequence)] = sequence
        embeddings = decoder.embed(params, tokens)
        slots = 0
        if prefix is not None:
            slots = prefix.shape[1]
            embeddings = jnp.concatenate([prefix, embeddings], axis=1)
        scores = read(params, embeddings, length + slots)
        return [scores[i, slots : slots + n] for i, n in enumerate(length)]

    return run


@pytest.mark.parametrize("with_prefix", [False, True])
def test_every_log_prob_is_that_of_the_full_forward_pass(
    params, sample, next_scores, prefix, with_prefix
):
    prompt = pad_prompts(PROMPTS, buckets=(8,), prefix=prefix if with_prefix else None)
    drawn = sample(params, prompt, temperature=3.0)
    for child in range(CHILDREN):
        written = np.asarray(drawn.tokens[:, child]).tolist()
        sequences = [tokens + new for tokens, new in zip(PROMPTS, written, strict=True)]
        scores = next_scores(params, sequences, prefix if with_prefix else None)
        for parent, score in enumerate(scores):
            log_probs = jax.nn.log_softmax(score[-NEW - 1 : -1] / 3.0)
            wanted = log_probs[np.arange(NEW), np.array(written[parent])]
            np.testing.assert_allclose(drawn.log_prob[parent, child], wanted, atol=1e-4)


def test_greedy_is_the_argmax_of_the_full_forward_pass(params, sample, next_scores):
    drawn = sample(params, pad_prompts(PROMPTS, buckets=(8,)), temperature=0.0)
    written = np.asarray(drawn.tokens[:, 0]).tolist()
    sequences = [tokens + new for tokens, new in zip(PROMPTS, written, strict=True)]
    for new, scores in zip(written, next_scores(params, sequences), strict=True):
        assert new == np.argmax(scores[-NEW - 1 : -1], axis=-1).tolist()
    assert np.all(drawn.tokens == drawn.tokens[:, :1])


def test_children_differ_and_keys_decide(params, sample):
    prompt = pad_prompts(PROMPTS, buckets=(8,))
    first, same, other = (sample(params, prompt, seed, temperature=3.0) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.tokens, same.tokens)
    assert np.any(first.tokens != other.tokens)
    for parent in range(len(PROMPTS)):
        assert len(np.unique(first.tokens[parent], axis=0)) == CHILDREN


def test_rows_stop_at_the_end_token(params, sample):
    free = sample(params, pad_prompts(PROMPTS, buckets=(8,)), temperature=3.0)
    end = int(free.tokens[0, 0, 4])
    drawn = sample(params, pad_prompts(PROMPTS, buckets=(8,)), temperature=3.0, end_token=end)
    for row in np.ndindex(len(PROMPTS), CHILDREN):
        written = np.asarray(free.tokens[row]).tolist()
        ends = end in written
        length = written.index(end) + 1 if ends else NEW
        assert (int(drawn.length[row]), bool(drawn.finished[row])) == (length, ends)
        assert drawn.tokens[row][:length].tolist() == written[:length]
        np.testing.assert_array_equal(drawn.tokens[row][length:], 0)
        np.testing.assert_array_equal(drawn.log_prob[row][length:], 0.0)
        np.testing.assert_array_equal(drawn.log_prob[row][:length], free.log_prob[row][:length])


def test_the_loop_ends_with_its_last_row(config, params, monkeypatch):
    steps = []

    def fourth_token_ends(logits, temperature, top_p, key):
        jax.debug.callback(lambda: steps.append(1))
        choose = jax.vmap(lambda one: jax.random.randint(one, (), 0, 4))(key.reshape(-1)).reshape(
            key.shape
        )
        return choose, jnp.zeros(choose.shape)

    monkeypatch.setattr(generate, "choose_token", fourth_token_ends)
    drawn = compiled_sample(config, children=4, slots=2, max_new_tokens=200, end_token=3)(
        params,
        pad_prompts([[3]], buckets=(1,)),
        jax.random.key(0),
        {"temperature": 1.0, "top_p": 1.0},
    )
    jax.effects_barrier()
    assert np.all(drawn.finished)
    # Two slots and four children: as soon as one ends, the next begins.
    first, second, *others = drawn.length[0].tolist()
    ends = [first, second]
    for length in others:
        ends[ends.index(min(ends))] += length
    assert len(steps) == max(ends) < 200


def test_refilled_slots_write_the_same_children(params, sample):
    prompt = pad_prompts(PROMPTS, buckets=(8,))
    # What is drawn most often ends children early, and at different lengths.
    free = np.ravel(sample(params, prompt, temperature=10.0).tokens)
    end = int(np.bincount(free).argmax())
    wanted = sample(params, prompt, temperature=10.0, end_token=end)
    drawn = sample(params, prompt, temperature=10.0, end_token=end, slots=3)
    assert len(np.unique(wanted.length)) > 2
    np.testing.assert_array_equal(drawn.tokens, wanted.tokens)
    np.testing.assert_array_equal(drawn.length, wanted.length)
    np.testing.assert_array_equal(drawn.finished, wanted.finished)
    np.testing.assert_allclose(drawn.log_prob, wanted.log_prob, atol=1e-5)


def test_padding_of_prompts_is_inert(params, sample):
    short = pad_prompts(PROMPTS, buckets=(8,))
    garbage = Prompt(tokens=short.tokens.at[1, 3:].set(33), length=short.length)
    longer = Prompt(tokens=jnp.pad(short.tokens, ((0, 0), (0, 5))), length=short.length)
    wanted = sample(params, short)
    for prompt in (garbage, longer):
        drawn = sample(params, prompt)
        np.testing.assert_array_equal(drawn.tokens, wanted.tokens)
        np.testing.assert_allclose(drawn.log_prob, wanted.log_prob, atol=1e-5)


def test_absent_parents_write_nothing(params, sample):
    prompt = pad_prompts(PROMPTS, buckets=(8,))
    with_all = sample(params, prompt)
    drawn = sample(params, prompt.replace(length=prompt.length.at[1].set(0)))
    assert np.all(drawn.length[1] == 0)
    assert np.all(drawn.finished[1])
    np.testing.assert_array_equal(drawn.log_prob[1], 0.0)
    np.testing.assert_array_equal(drawn.tokens[::2], with_all.tokens[::2])


def test_one_child_and_one_token(config, params, next_scores):
    drawn = compiled_sample(config, children=1, max_new_tokens=1, end_token=NO_END)(
        params,
        pad_prompts([[3, 4]], buckets=(8,)),
        jax.random.key(0),
        {"temperature": 0.0, "top_p": 1.0},
    )
    assert drawn.tokens.shape == (1, 1, 1)
    assert int(drawn.tokens[0, 0, 0]) == int(np.argmax(next_scores(params, [[3, 4]] * 3)[0][-1]))
