import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from elmjax.checkpoint import Checkpoints


def state(scale: float) -> dict:
    params = {"layer": {"kernel": jnp.full((3, 2), scale), "bias": jnp.arange(4)}}
    return {"params": params, "optimizer": optax.adamw(1e-3).init(params), "step": np.array(3)}


def test_newest_state_and_notes_come_back_bit_for_bit(tmp_path) -> None:
    with Checkpoints(tmp_path) as checkpoints:
        assert checkpoints.latest() is None
        checkpoints.save(1, state(1.0), {"rows": 10})
        checkpoints.save(4, state(1 / 3), {"rows": 40})
    with Checkpoints(tmp_path) as checkpoints:
        step, restored, notes = checkpoints.restore(state(0.0))
    assert (step, notes) == (4, {"rows": 40})
    assert jax.tree.structure(restored) == jax.tree.structure(state(0.0))
    for got, wanted in zip(jax.tree.leaves(restored), jax.tree.leaves(state(1 / 3)), strict=True):
        assert got.dtype == wanted.dtype
        np.testing.assert_array_equal(got, wanted)


def test_older_checkpoints_are_deleted(tmp_path) -> None:
    with Checkpoints(tmp_path, keep=2) as checkpoints:
        for step in range(5):
            checkpoints.save(step, state(step))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3", "4"]


def test_nothing_to_restore_is_said(tmp_path) -> None:
    with Checkpoints(tmp_path) as checkpoints, pytest.raises(FileNotFoundError, match="holds no"):
        checkpoints.restore(state(0.0))


def test_a_write_that_was_cut_off_is_not_read(tmp_path) -> None:
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, state(1.0))
    torn = tmp_path / "2.orbax-checkpoint-tmp-1"
    torn.mkdir()
    (torn / "half").write_text("half")
    with Checkpoints(tmp_path) as checkpoints:
        assert checkpoints.latest() == 1
