import typing

import jax
import pytest

from elmjax.config import SIZES, Finetune, Model, Size, shape_of
from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig

# Table 1 of the paper: layers, width, heads; and the parameters that it states.
TABLE_1 = {
    "0.1M": (2, 64, 4, 0.1e6),
    "85M": (12, 768, 12, 85e6),
    "300M": (24, 1024, 16, 350e6),
    "680M": (24, 1536, 16, 760e6),
}
GPT_VOCABULARY = 50_257  # with which Table 1's 350M and 760M are counted


def weights(model: Model, vocabulary: int) -> int:
    shape = DecoderConfig(vocab_size=vocabulary, **vars(model))
    params = decoder.abstract_params(shape)
    return sum(leaf.size for leaf in jax.tree.leaves(params))


@pytest.mark.parametrize("name", TABLE_1)
def test_shapes_are_those_of_table_1(name) -> None:
    layers, width, heads, stated = TABLE_1[name]
    model = SIZES[name]
    assert (model.layers, model.width, model.heads) == (layers, width, heads)
    # Table 1 counts embeddings for its two large models alone.
    counted = weights(model, GPT_VOCABULARY if stated > 1e8 else 1)
    assert counted == pytest.approx(stated, rel=0.05)


@pytest.mark.parametrize("name", ["1M", "3M", "10M"])
def test_small_sizes_have_about_as_many_weights_as_they_say(name) -> None:
    assert weights(SIZES[name], 1159) == pytest.approx(1e6 * float(name[:-1]), rel=0.05)


def test_every_size_can_be_configured() -> None:
    assert set(SIZES) == set(typing.get_args(Size))
    assert shape_of(Finetune(size="3M")) == SIZES["3M"]
    assert shape_of(Finetune(model=Model(layers=3))) == Model(layers=3)
