"""Copies of folders in a file system that stands for a bucket."""

import time

import fsspec
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax import cli
from elmjax.checkpoint import Checkpoints
from elmjax.mirror import Mirror, MirrorError, mirrored

URL = "memory://bucket/run"


@pytest.fixture
def bucket():
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()


def names(bucket) -> set[str]:
    return {path.removeprefix("/bucket/run/") for path in bucket.find("/bucket/run")}


def write(folder, **texts: str) -> None:
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_folder_comes_back_as_it_was(bucket, tmp_path) -> None:
    write(tmp_path / "run", config_toml="seed = 1", evolve__history__part_parquet="rows")
    Mirror.open(tmp_path / "run", URL).push()
    assert Mirror.open(tmp_path / "again", URL).fetch()
    assert (tmp_path / "again" / "config.toml").read_text() == "seed = 1"
    assert (tmp_path / "again" / "evolve" / "history" / "part.parquet").read_text() == "rows"


def test_only_what_has_changed_is_copied(bucket, tmp_path) -> None:
    write(tmp_path, a_json="1", b_json="2")
    copy = Mirror.open(tmp_path, URL)
    assert copy.push() == 2
    assert copy.push() == 0
    write(tmp_path, b_json="three")
    assert copy.push() == 1
    assert bucket.cat_file("/bucket/run/b.json") == b"three"


def test_what_is_deleted_goes_from_the_copy_also_by_another_process(bucket, tmp_path) -> None:
    write(tmp_path, old_json="1", kept_json="2")
    Mirror.open(tmp_path, URL).push()
    (tmp_path / "old.json").unlink()
    Mirror.open(tmp_path, URL).push()
    assert names(bucket) == {"kept.json"}


def test_unfinished_files_and_the_lock_are_not_copied(bucket, tmp_path) -> None:
    write(
        tmp_path,
        lock="1234",
        summary_json_tmp="{",
        part_parquet_temporary="half",
        checkpoints__7_orbax="whole",
    )
    (tmp_path / "checkpoints" / "8.orbax-checkpoint-tmp").mkdir()
    (tmp_path / "checkpoints" / "8.orbax-checkpoint-tmp" / "d").write_text("half")
    Mirror.open(tmp_path, URL).push()
    assert names(bucket) == {"checkpoints/7.orbax"}


def test_a_checkpoint_comes_after_the_history_that_it_counts(bucket, tmp_path, monkeypatch) -> None:
    write(tmp_path, a__checkpoints__8__state="x", a__history__part_parquet="y", z_json="z")
    order = []
    copy = Mirror.open(tmp_path, URL)
    monkeypatch.setattr(copy, "_put", order.append)
    copy.push()
    assert order == ["a/history/part.parquet", "z.json", "a/checkpoints/8/state"]


def test_a_folder_that_is_there_is_not_replaced(bucket, tmp_path) -> None:
    write(tmp_path / "run", config_toml="old")
    Mirror.open(tmp_path / "run", URL).push()
    write(tmp_path / "run", config_toml="newer")
    assert not Mirror.open(tmp_path / "run", URL).fetch()
    assert (tmp_path / "run" / "config.toml").read_text() == "newer"


def test_a_fetch_that_breaks_leaves_no_half_folder(bucket, tmp_path, monkeypatch) -> None:
    write(tmp_path / "run", a_json="1", b_json="2")
    Mirror.open(tmp_path / "run", URL).push()
    get = bucket.get_file

    def break_at_b(source: str, place: str) -> None:
        if source.endswith("b.json"):
            raise ConnectionError("the line is cut")
        get(source, place)

    monkeypatch.setattr(type(bucket), "get_file", lambda self, *names: break_at_b(*names))
    with pytest.raises(MirrorError, match="the line is cut"), mirrored(tmp_path / "new", URL):
        pass
    assert not (tmp_path / "new").exists()
    monkeypatch.undo()
    assert Mirror.open(tmp_path / "new", URL).fetch()
    assert (tmp_path / "new" / "b.json").read_text() == "2"


def test_checkpoints_restore_from_a_copy(bucket, tmp_path) -> None:
    state = {"weights": jnp.arange(6.0).reshape(2, 3), "step": jnp.int32(3)}
    with Checkpoints(tmp_path / "run" / "checkpoints") as checkpoints:
        checkpoints.save(3, state, {"rows": 7})
    Mirror.open(tmp_path / "run", URL).push()
    Mirror.open(tmp_path / "again", URL).fetch()
    with Checkpoints(tmp_path / "again" / "checkpoints") as checkpoints:
        restored = checkpoints.recover(state)
    assert restored is not None
    assert restored.step == 3
    assert restored.notes == {"rows": 7}
    np.testing.assert_array_equal(restored.state["weights"], state["weights"])


def test_a_copy_cut_short_falls_back_to_the_checkpoint_before(bucket, tmp_path) -> None:
    state = {"weights": jnp.arange(6.0)}
    with Checkpoints(tmp_path / "run" / "checkpoints") as checkpoints:
        checkpoints.save(1, state, {})
        checkpoints.save(2, {"weights": state["weights"] + 1.0}, {})
    Mirror.open(tmp_path / "run", URL).push()
    largest = max(bucket.find("/bucket/run/checkpoints/2"), key=bucket.size)
    bucket.rm_file(largest)
    Mirror.open(tmp_path / "again", URL).fetch()
    with Checkpoints(tmp_path / "again" / "checkpoints") as checkpoints:
        restored = checkpoints.recover(state)
    assert restored is not None
    assert restored.step == 1


def test_it_copies_while_the_run_goes_on(bucket, tmp_path) -> None:
    with mirrored(tmp_path / "run", URL, every=0.01):
        write(tmp_path / "run", metrics_jsonl="1\n")
        until = time.monotonic() + 10.0
        while "metrics.jsonl" not in names(bucket) and time.monotonic() < until:
            time.sleep(0.01)
        assert names(bucket) == {"metrics.jsonl"}


def test_a_bucket_that_fails_for_a_while_is_tried_again(bucket, tmp_path, monkeypatch) -> None:
    put, failures = Mirror._put, iter([ConnectionError("gone")] * 2)

    def fail_twice(self, name: str) -> None:
        if (error := next(failures, None)) is not None:
            raise error
        put(self, name)

    monkeypatch.setattr(Mirror, "_put", fail_twice)
    with mirrored(tmp_path / "run", URL, every=0.01):
        write(tmp_path / "run", a_json="1")
        time.sleep(0.2)
    assert names(bucket) == {"a.json"}


def test_what_ends_a_run_is_told_also_where_the_bucket_fails(bucket, tmp_path, monkeypatch) -> None:
    write(tmp_path / "run", a_json="1")
    monkeypatch.setattr(Mirror, "_put", lambda *_: (_ for _ in ()).throw(ConnectionError()))
    with pytest.raises(KeyboardInterrupt), mirrored(tmp_path / "run", URL):
        raise KeyboardInterrupt
    lacking = pytest.raises(MirrorError, match="lacks what was written last")
    with lacking, mirrored(tmp_path / "run", URL):
        pass


def test_a_url_that_nothing_reads_is_refused_in_a_line(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["evolve", "--run", "mine", "--mirror", "nothing://bucket/run"]) == 2
    said = capsys.readouterr().err
    assert "nothing://bucket/run" in said
    assert "elmjax[gcs]" in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "mine").exists()


def test_a_command_goes_on_from_a_copy_alone(bucket, tmp_path, monkeypatch) -> None:
    seeds = []
    monkeypatch.setattr(
        "elmjax.stages.pipeline.stage_1", lambda run: seeds.append(run.config.seed) or {}
    )
    monkeypatch.setattr("elmjax.stages.pipeline.show", lambda *_: None)
    told = ["evolve", "--mirror", URL, "--run"]
    assert cli.main([*told, str(tmp_path / "first"), "--seed", "7"]) == 0
    assert "config.toml" in names(bucket)
    # Another machine has nothing but the copy, and is not told the settings again.
    assert cli.main([*told, str(tmp_path / "second")]) == 0
    assert seeds == [7, 7]


def test_without_a_url_nothing_is_copied(bucket, tmp_path) -> None:
    with mirrored(tmp_path / "run", None):
        write(tmp_path / "run", a_json="1")
    assert not bucket.store
