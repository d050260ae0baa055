import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.lm.sampling import choose_token

PROBS = np.array([0.5, 0.05, 0.3, 0.15], np.float32)


def keys(count, seed=0):
    return jax.random.split(jax.random.key(seed), count)


def draws(probs, temperature, top_p, count=20_000):
    logits = jnp.broadcast_to(jnp.log(probs), (count, len(probs)))
    token, log_prob = jax.jit(choose_token)(logits, temperature, top_p, keys(count))
    return np.asarray(token), np.asarray(log_prob)


def nucleus_by_sorting(probs, top_p):
    kept = np.zeros_like(probs)
    for token in np.argsort(-probs):
        if kept.sum() >= top_p:
            break
        kept[token] = probs[token]
    return kept / kept.sum()


@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
@pytest.mark.parametrize("top_p", [1.0, 0.9, 0.6, 0.1])
def test_draws_from_the_distribution_it_reports(temperature, top_p):
    tempered = PROBS ** (1 / temperature)
    wanted = nucleus_by_sorting(tempered / tempered.sum(), top_p)
    token, log_prob = draws(PROBS, temperature, top_p)
    np.testing.assert_allclose(np.exp(log_prob), wanted[token], rtol=1e-5)
    share = np.bincount(token, minlength=4) / len(token)
    deviation = np.sqrt(wanted * (1 - wanted) / len(token))
    assert np.all(np.abs(share - wanted) <= 5 * deviation)  # exactly 0 outside the nucleus


def test_zero_temperature_is_greedy_and_certain():
    token, log_prob = draws(PROBS, 0.0, 1.0, count=100)
    assert np.all(token == 0)
    np.testing.assert_allclose(log_prob, 0.0, atol=1e-6)


def test_nucleus_agrees_with_sorting_on_large_vocabularies():
    logits = 3 * np.random.default_rng(0).normal(size=(64, 1170)).astype(np.float32)
    probs = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    token, log_prob = choose_token(jnp.asarray(logits), 1.0, 0.8, keys(64, 1))
    for row, chosen in enumerate(np.asarray(token)):
        wanted = nucleus_by_sorting(probs[row], 0.8)
        assert np.exp(log_prob[row]) == pytest.approx(wanted[chosen], rel=1e-4)


def test_impossible_tokens_are_never_drawn():
    logits = jnp.where(jnp.arange(1170) % 7 == 0, 0.0, -jnp.inf)
    token, log_prob = choose_token(jnp.broadcast_to(logits, (5000, 1170)), 1.0, 1.0, keys(5000, 2))
    assert np.all(np.asarray(token) % 7 == 0)
    np.testing.assert_allclose(log_prob, -np.log(168), rtol=1e-5)
