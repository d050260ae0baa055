import pytest

from elmjax.cache import Cache


def test_what_was_kept_is_found():
    cache = Cache(3)
    cache.keep("a", 1)
    assert cache.find(["a", "b"]) == {"a": 1}


def test_the_least_recently_used_goes_first():
    cache = Cache(2)
    cache.keep("a", 1)
    cache.keep("b", 2)
    cache.find(["a"])
    cache.keep("c", 3)
    assert cache.find("abc") == {"a": 1, "c": 3}
    assert len(cache) == 2


def test_the_rate_counts_every_asking_that_needed_no_computing():
    cache = Cache(4)
    cache.keep("a", 1)
    # `a` is there; `b` is computed once for both who ask; `c` is computed.
    cache.find(["a", "b", "b", "c"])
    assert cache.take_rate() == 0.5
    assert cache.take_rate() == 0.0


def test_an_empty_cache_finds_nothing():
    cache = Cache(0)
    cache.keep("a", 1)
    assert cache.find(["a"]) == {}


def test_what_was_forgotten_is_gone():
    cache = Cache(1)
    cache.keep("a", 1)
    cache.forget("a")
    cache.forget("a")
    assert cache.find(["a"]) == {}


def test_a_negative_size_is_an_error():
    with pytest.raises(ValueError, match="got entries=-1"):
        Cache(-1)
