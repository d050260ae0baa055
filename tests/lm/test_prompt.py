import numpy as np
import pytest

from elmjax.lm.prompt import bucket_for, pad_prompts


def test_the_smallest_bucket_that_holds_is_chosen():
    assert [bucket_for(length, (4, 8)) for length in (1, 4, 5, 8)] == [4, 4, 8, 8]
    with pytest.raises(ValueError, match="9 tokens but the largest bucket holds 8"):
        bucket_for(9, (4, 8))


def test_rows_hold_the_prompts_and_their_lengths():
    prompt = pad_prompts([[5, 6, 7], [8]], buckets=(4, 8), parents=3)
    assert prompt.tokens.shape == (3, 4)
    assert prompt.tokens[0, :3].tolist() == [5, 6, 7]
    assert int(prompt.tokens[1, 0]) == 8
    assert prompt.length.tolist() == [3, 1, 0]


def test_prefix_comes_first():
    prefix = np.ones((2, 3, 4), np.float32)
    prompt = pad_prompts([[5, 6], [8]], buckets=(4,), parents=3, prefix=prefix)
    assert prompt.slots == 3
    assert prompt.prefix.shape == (3, 3, 4)
    assert prompt.total_length.tolist() == [5, 4, 3]
    joined = prompt.with_prefix(np.zeros((3, 4, 4), np.float32))
    assert joined[0, :, 0].tolist() == [1, 1, 1, 0, 0, 0, 0]
    assert prompt.position()[0].tolist() == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("prompts", "options", "message"),
    [
        ([], {}, "at least one token"),
        ([[1], []], {}, "at least one token"),
        ([[1], [2]], {"parents": 1}, "at least the 2 prompts, got 1"),
        ([[1], [2]], {"prefix": np.zeros((3, 1, 4))}, "got 3 for 2"),
    ],
)
def test_mistakes_are_named(prompts, options, message):
    with pytest.raises(ValueError, match=message):
        pad_prompts(prompts, **options)
