import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.bench.timing import compile_time
from elmjax.lm.config import DecoderConfig
from elmjax.lm.log_prob import completion_log_probs
from elmjax.lm.prompt import pad_prompts
from elmjax.lm.sampler import Sampler, compile_once, slots_for


@pytest.fixture(scope="module")
def config():
    return DecoderConfig(vocab_size=50, layers=1, width=16, heads=2, hidden=16)


@pytest.fixture(scope="module")
def params(config, loud_params):
    return loud_params(config)


@pytest.fixture(scope="module")
def sampler(config):
    return Sampler(
        config=config,
        children=3,
        max_new_tokens=4,
        end_token=50,
        prompt_buckets=(4, 8),
        threads=1,
    )


def test_at_most_one_compilation_per_bucket(params, sampler):
    compile_once.cache_clear()
    key, other = jax.random.split(jax.random.key(0))

    def compilations():
        return compile_once.cache_info().misses

    sampler(params, [[1, 2], [3]], key)
    assert compilations() == 1
    with compile_time() as durations:
        for seed, (temperature, top_p) in enumerate(((0.0, 1.0), (0.7, 0.9), (2.0, 0.5))):
            sampler(params, [[1, 2, 4, 5], [3, 6]], key, temperature=temperature, top_p=top_p)
            dataclasses.replace(sampler)(params, [[seed], [2]], key, temperature=temperature)
        sampler(params, [[1, 2], [3]], other)
    assert compilations() == 1
    assert len(durations) == 0
    sampler(params, [[1] * 5, [3]], key)  # the next bucket
    assert compilations() == 2


@pytest.mark.parametrize(("prompts", "children"), [([[1, 2], [3], [4, 5, 6]], 3), ([[7, 8]], 33)])
def test_threads_draw_the_same_children(params, sampler, prompts, children):
    one, two = (
        dataclasses.replace(sampler, children=children, threads=threads)(
            params, prompts, jax.random.key(0)
        )
        for threads in (1, 2)
    )
    assert one.tokens.shape == (len(prompts), children, 4)
    np.testing.assert_array_equal(one.tokens, two.tokens)
    np.testing.assert_allclose(one.log_prob, two.log_prob, atol=1e-5)


def test_bfloat16_reports_the_log_probs_of_what_it_drew(config, params, sampler):
    prompts, key = [[1, 2, 3], [4]], jax.random.key(0)
    drawn = dataclasses.replace(sampler, dtype=jnp.dtype(jnp.bfloat16))(params, prompts, key)
    assert drawn.log_prob.dtype == np.float32
    assert np.all((drawn.tokens >= 0) & (drawn.tokens < config.vocab_size))
    narrow = jax.tree.map(lambda weight: weight.astype(jnp.bfloat16), params)
    scored = completion_log_probs(
        narrow, config, pad_prompts(prompts, buckets=(4,)), drawn.tokens[:, 0], drawn.length[:, 0]
    )
    # bfloat16 has eight bits, and the weights of this model are large on purpose.
    np.testing.assert_allclose(scored.log_prob, drawn.log_prob[:, 0], atol=0.5)


def test_rows_of_padding_parents_are_cut_off(params, sampler):
    wide = dataclasses.replace(sampler, parents=4)
    drawn = wide(params, [[1, 2], [3]], jax.random.key(0))
    assert drawn.tokens.shape == (2, 3, 4)
    assert isinstance(drawn.tokens, np.ndarray)
    assert np.all(drawn.length == 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -0.1}, "temperature must be at least 0, got -0.1"),
        ({"temperature": float("nan")}, "temperature must be at least 0"),
        ({"top_p": 0.0}, "top_p must be above 0 and at most 1, got 0.0"),
        ({"top_p": 1.5}, "got 1.5"),
    ],
)
def test_impossible_settings_are_refused(params, sampler, options, message):
    with pytest.raises(ValueError, match=message):
        sampler(params, [[1]], jax.random.key(0), **options)


@pytest.mark.parametrize(("children", "slots"), [(1, 1), (16, 16), (20, 16), (64, 16), (258, 65)])
def test_slots_are_fewer_than_children_where_these_are_many(children, slots):
    assert slots_for(children) == slots


def test_impossible_counts_are_refused(sampler):
    with pytest.raises(ValueError, match="slots must be at least 1 or None, got 0"):
        dataclasses.replace(sampler, slots=0)
    with pytest.raises(ValueError, match="children must be at least 1, got 0"):
        dataclasses.replace(sampler, children=0)
