import jax
import numpy as np
import pytest

from elmjax.lm import decoder
from elmjax.lm.log_prob import completion_log_probs
from elmjax.lm.prompt import pad_prompts

PROMPTS = [[1, 2, 3, 4, 5, 6, 7], [9, 8, 7], [11]]
TEMPERATURE = 2.0


@pytest.fixture(scope="module")
def score(config):
    compiled = jax.jit(completion_log_probs, static_argnums=1)

    def run(params, prompt, tokens, length, temperature=TEMPERATURE):
        return compiled(params, config, prompt, tokens, length, temperature=temperature)

    return run


@pytest.fixture(scope="module", params=["without prefix", "with prefix"])
def prompt(request, prefix):
    with_prefix = request.param == "with prefix"
    return pad_prompts(PROMPTS, buckets=(8,), prefix=prefix if with_prefix else None)


def test_log_probs_are_those_of_the_sampler(params, sample, score, prompt):
    drawn = sample(params, prompt, temperature=TEMPERATURE, end_token=5)
    assert np.any(drawn.finished)
    assert not np.all(drawn.finished)
    for child in range(drawn.length.shape[1]):
        scored = score(params, prompt, drawn.tokens[:, child], drawn.length[:, child])
        np.testing.assert_allclose(scored.log_prob, drawn.log_prob[:, child], atol=1e-4)


def test_hidden_states_yield_the_log_probs_and_the_entropy(config, params, sample, score, prompt):
    drawn = sample(params, prompt)
    tokens, length = drawn.tokens[:, 0], drawn.length[:, 0]
    scored = score(params, prompt, tokens, length)
    scores = np.asarray(decoder.logits(params, config, scored.hidden), np.float64) / TEMPERATURE
    probs = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    chosen = np.take_along_axis(probs, np.asarray(tokens)[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(scored.log_prob, np.log(chosen), atol=1e-4)
    entropy = -(probs * np.log(np.maximum(probs, 1e-300))).sum(-1)
    np.testing.assert_allclose(scored.entropy, entropy, atol=1e-4)


def test_what_stands_after_the_end_is_inert(params, sample, score, prompt):
    tokens = np.array(sample(params, prompt).tokens[:, 0])
    length = np.array([10, 4, 0])
    wanted = score(params, prompt, tokens, length)
    tokens[1, 4:], tokens[2] = 33, 44
    got = score(params, prompt, tokens, length)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), got, wanted)
    for leaf in jax.tree.leaves(got):
        assert np.all(np.asarray(leaf)[1, 4:] == 0.0)
        assert np.all(np.asarray(leaf)[2] == 0.0)
