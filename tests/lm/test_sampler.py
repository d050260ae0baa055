import dataclasses

import jax
import numpy as np
import pytest

from elmjax.lm import generate
from elmjax.lm.sampler import Sampler, compiled_sample, slots_for


@pytest.fixture(scope="module")
def sampler(config):
    return Sampler(config=config, children=3, max_new_tokens=4, end_token=50, prompt_buckets=(4, 8))


def test_temperature_nucleus_and_length_within_a_bucket_compile_nothing(
    params, sampler, monkeypatch
):
    traces = []

    def counted(*arguments, **options):
        traces.append(1)
        return choose(*arguments, **options)

    choose = generate.choose_token
    monkeypatch.setattr(generate, "choose_token", counted)
    compiled_sample.cache_clear()
    key = jax.random.key(0)
    sampler(params, [[1, 2], [3]], key)
    once = len(traces)
    assert once > 0
    for temperature, top_p in ((0.0, 1.0), (0.7, 0.9), (2.0, 0.5)):
        sampler(params, [[1, 2, 4, 5], [3, 6]], key, temperature=temperature, top_p=top_p)
        dataclasses.replace(sampler)(params, [[1], [2]], key, temperature=temperature)
    assert len(traces) == once
    sampler(params, [[1] * 5, [3]], key)  # the next bucket
    assert len(traces) == 2 * once


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
