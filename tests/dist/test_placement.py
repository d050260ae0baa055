"""How devices are laid out, and how rows and parameters are cut, on the one device of a test."""

import jax
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from elmjax.dist.placement import AXES, Placement
from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig
from elmjax.lm.rows import Deal
from elmjax.lm.split import decoder_cut
from elmjax.lm.transcript import Completions

CONFIG = DecoderConfig(vocab_size=64, layers=2, width=24, heads=4, hidden=32, key_value_heads=2)


class Shape(Placement):
    """Stands for a mesh of many devices; of it only sizes are asked."""

    def __init__(self, **sizes: int) -> None:
        object.__setattr__(self, "mesh", type("Mesh", (), {"shape": sizes}))


def test_all_devices_are_on_data_unless_told() -> None:
    mesh = Placement.over().mesh
    assert mesh.axis_names == AXES
    assert dict(mesh.shape) == {"data": len(jax.devices()), "fsdp": 1, "tensor": 1}


@pytest.mark.parametrize("shape", [{"data": 99}, {"fsdp": 7, "tensor": 9}])
def test_more_devices_than_there_are_are_refused(shape) -> None:
    with pytest.raises(ValueError, match=r"mesh: got data .* for \d+ devices?, wanted"):
        Placement.over(**shape)


def test_heads_that_are_not_shared_equally_are_refused() -> None:
    with pytest.raises(ValueError, match=r"mesh.tensor: got 3, wanted a divisor of the 4 heads"):
        decoder_cut(CONFIG, 3)


def test_rows_are_cut_over_the_axes_that_divide_them() -> None:
    mesh = Shape(data=2, fsdp=3, tensor=5)
    assert [mesh.row_shards, mesh.padded(1), mesh.padded(12), mesh.padded(13)] == [6, 6, 12, 18]


@pytest.mark.parametrize(
    ("tensor", "wanted"),
    [
        # Two heads of keys are two parts, and the four of queries; norms are nobody's part.
        (2, {"query_key_value": 2, "attention_out": 1, "gate_up": 2, "down": 1, "embedding": 0}),
        # Four parts: heads of keys stay together, and with them the matrix that they share.
        (4, {"attention_out": 1, "gate_up": 2, "down": 1, "embedding": 0}),
    ],
)
def test_heads_hidden_units_and_entries_are_cut(tensor, wanted) -> None:
    cut = decoder_cut(CONFIG, tensor)
    found = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(decoder.abstract_params(CONFIG)):
        names = tuple(key.key for key in path)
        if (axis := cut(names, leaf.shape)) is not None:
            assert leaf.shape[axis] % tensor == 0
            found[names[-2]] = axis
    assert found == wanted


@pytest.mark.parametrize(
    ("prompts", "parents", "children", "shards", "rows", "each"),
    [(8, 8, 4, 8, 8, 4), (5, 8, 4, 8, 8, 4), (3, 3, 10, 8, 16, 4), (1, 1, 5, 8, 8, 1), (9, 9, 2, 8, 16, 2)],
)
def test_every_child_is_written_once(prompts, parents, children, shards, rows, each) -> None:
    deal = Deal.of(prompts, parents=parents, children=children, shards=shards)
    assert (deal.rows, deal.children) == (rows, each)
    number = deal.parent[:, None] * 100 + deal.first_child[:, None] + np.arange(deal.children)
    drawn = deal.join(
        Completions(tokens=number[..., None], length=number, log_prob=number, finished=number),
        children=children,
    )
    wanted = 100 * np.arange(prompts)[:, None] + np.arange(children)
    np.testing.assert_array_equal(drawn.length, wanted)
    spread = deal.spread(np.arange(prompts) + 1.0, absent=0)
    np.testing.assert_array_equal(spread[spread > 0], deal.parent[deal.parent < prompts] + 1)


def test_matrices_are_cut_along_their_largest_axis_but_never_by_layer() -> None:
    mesh = Shape(data=1, fsdp=2, tensor=1)
    assert mesh._largest(("blocks", "down", "kernel"), (8, 6, 4), None) == 1
    assert mesh._largest(("blocks", "down", "kernel"), (8, 6, 4), 1) == 2
    assert mesh._largest(("blocks", "norm", "scale"), (8, 6), None) is None
    assert mesh._largest(("embedding", "embedding"), (7, 4), None) == 1
    assert PartitionSpec() == Placement.over().everywhere.spec
