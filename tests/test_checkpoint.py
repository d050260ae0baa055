import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint.experimental.v1 as orbax
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


@pytest.fixture
def three(tmp_path):
    """A folder with checkpoints of the steps 1, 2 and 3."""
    folder = tmp_path / "checkpoints"
    with Checkpoints(folder, keep=3) as checkpoints:
        for step in (1, 2, 3):
            checkpoints.save(step, state(float(step)), {"rows": step})
    return folder


def largest_file(folder):
    return max(
        (path for path in folder.rglob("*") if path.is_file()), key=lambda p: p.stat().st_size
    )


def damage_data(folder) -> None:
    path = largest_file(folder)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def delete_metadata(folder) -> None:
    for path in folder.rglob("*METADATA*"):
        path.unlink()


def spoil_everything(folder) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(b"spoilt")


@pytest.mark.parametrize("damage", [damage_data, delete_metadata, spoil_everything])
def test_a_damaged_checkpoint_is_passed_over_and_said(three, caplog, damage) -> None:
    damage(three / "3")
    with Checkpoints(three, keep=3) as checkpoints:
        step, restored, notes = checkpoints.recover(state(0.0))
        assert (step, notes) == (2, {"rows": 2})
        np.testing.assert_array_equal(restored["params"]["layer"]["kernel"], np.full((3, 2), 2.0))
        checkpoints.save(3, state(3.5), {})  # the step is free again
    assert "checkpoint 3 is passed over" in caplog.text
    assert len(list((three.parent / "checkpoints.damaged").iterdir())) == 1
    with Checkpoints(three, keep=3) as checkpoints:
        assert checkpoints.restore(state(0.0)).step == 3


def test_arrays_that_differ_from_those_written_are_noticed(three, monkeypatch) -> None:
    load = orbax.training.Checkpointer.load

    def load_with_a_flipped_bit(checkpointer, step, like):
        loaded = load(checkpointer, step, like)
        if step == 3:
            loaded["step"] = np.array(4)
        return loaded

    monkeypatch.setattr(orbax.training.Checkpointer, "load", load_with_a_flipped_bit)
    with Checkpoints(three, keep=3) as checkpoints:
        assert checkpoints.restore(state(0.0)).step == 2


def test_checkpoints_that_do_not_fit_are_passed_over(three) -> None:
    def fits(notes) -> str:
        return "" if notes["rows"] < 2 else "the history is shorter"

    with Checkpoints(three, keep=3) as checkpoints:
        assert checkpoints.recover(state(0.0), fits).step == 1
        assert checkpoints.recover(state(0.0), lambda _: "none does") is None
        assert checkpoints.latest() is None


def test_the_best_checkpoint_is_kept_beside_the_newest(tmp_path) -> None:
    with Checkpoints(tmp_path, keep=1, best="reward") as checkpoints:
        for step, reward in enumerate([1.0, 5.0, 2.0, 3.0]):
            checkpoints.save(step, state(step), metrics={"reward": reward})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "3"]


def test_what_is_saved_is_the_state_at_that_moment(tmp_path) -> None:
    changing = {"weights": np.zeros(200_000)}
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, changing)
        changing["weights"][:] = 1.0  # while it is being written
        assert not checkpoints.restore(changing).state["weights"].any()
