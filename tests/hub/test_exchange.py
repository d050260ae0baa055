"""What is pushed comes back as it was; what the hub refuses is told in a line."""

import dataclasses
import shutil
import subprocess
import sys

import numpy as np
import pytest

import elmjax
from elmjax import lock
from elmjax.cli import main
from elmjax.config import Config
from elmjax.endpoint import EndpointConfig
from elmjax.hub import Kind, pull
from elmjax.lm import store
from elmjax.qd import History
from elmjax.stages.evolve import evolve, open_found
from elmjax.stages.run import Run
from tests.hub.stand_in import Hub, serve


@pytest.fixture
def hub(monkeypatch):
    stand_in = Hub()
    server = serve(stand_in)
    monkeypatch.setenv("HF_ENDPOINT", stand_in.address)
    monkeypatch.setenv("HF_TOKEN", stand_in.token)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    yield stand_in
    server.shutdown()
    server.server_close()


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_run_comes_back_as_it_was(run_folder, hub, tmp_path, capsys) -> None:
    assert main(["push", str(run_folder), "me/run"]) == 0
    assert f"{hub.address}/datasets/me/run" in capsys.readouterr().out
    back = tmp_path / "runs" / "back"
    assert main(["pull", "me/run", str(back)]) == 0
    assert "a run" in capsys.readouterr().out
    came, had = contents(back), contents(run_folder)
    assert "elmjax pull me/run runs/run" in came.pop("README.md").decode()
    assert came == {path: had[path] for path in came}
    assert {"config.toml", "metrics.jsonl", "evolve-tree/summary.json"} <= set(came)
    assert not any("checkpoints" in path or path == "lock" for path in came)
    there, here = elmjax.load(back), elmjax.load(run_folder)
    assert there.archive.frame.equals(here.archive.frame)
    assert there.history.equals(here.history)
    assert list(back.parent.iterdir()) == [back]  # nothing is left beside it
    with Run.open(run_folder, here.config) as run, Run.open(back, here.config) as pulled:
        was, now = open_found(run, "tree").archive, open_found(pulled, "tree").archive
    for array, wanted in zip(now.state().values(), was.state().values(), strict=True):
        np.testing.assert_array_equal(array, wanted)


def test_a_pulled_search_goes_on_where_it_was(small_config, hub, tmp_path) -> None:
    search = dataclasses.replace(small_config.evolve, operators=("tree",))
    config = dataclasses.replace(small_config, evolve=search)
    folder, back = tmp_path / "run", tmp_path / "back"
    with Run.open(folder, config) as run:
        evolve(run, "tree")
    # As if it had been stopped within its last iteration.
    (folder / "evolve-tree" / "summary.json").unlink()
    whole = History.open(folder / "evolve-tree" / "history")
    frame = whole.frame()
    whole.truncate(1 + 3 * 16 + 5)
    assert main(["push", str(folder), "me/run"]) == 0
    pull("me/run", back)
    with Run.open(back, config) as run:
        evolve(run, "tree")
    assert History.open(back / "evolve-tree" / "history").frame().equals(frame)


def test_what_is_gone_goes_there_too(run_folder, hub, tmp_path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    (folder / "report.html").write_text("old")
    assert main(["push", str(folder), "me/run"]) == 0
    hub.repositories["datasets/me/run"]["notes.md"] = b"of a person"
    (folder / "report.html").unlink()
    assert main(["push", str(folder), "me/run"]) == 0
    files = hub.repositories["datasets/me/run"]
    assert "report.html" not in files
    assert files["notes.md"] == b"of a person"


def test_a_model_comes_back_and_loads(model_folder, hub, tmp_path) -> None:
    assert main(["push", str(model_folder), "me/model", "--private"]) == 0
    assert hub.private == {"models/me/model"}
    pulled = pull("me/model", tmp_path / "model")
    assert pulled.kind is Kind.MODEL
    assert contents(tmp_path / "model") == contents(model_folder)
    store.load(tmp_path / "model")


def test_only_data_comes(model_folder, hub, tmp_path) -> None:
    main(["push", str(model_folder), "me/model"])
    files = hub.repositories["models/me/model"]
    files |= {"modeling.py": b"raise SystemExit", "pytorch_model.bin": b"\x80", "x/../y.py": b""}
    pull("me/model", tmp_path / "model")
    assert set(contents(tmp_path / "model")) == set(contents(model_folder))


def test_code_that_a_configuration_names_is_told(hub, tmp_path, capsys) -> None:
    own = dataclasses.replace(Config().evolve, own={"mine": "my_operators:mutate"})
    with Run.open(tmp_path / "run", dataclasses.replace(Config(), evolve=own)):
        pass
    assert main(["push", str(tmp_path / "run"), "me/run"]) == 0
    assert main(["pull", "me/run", str(tmp_path / "back")]) == 0
    assert "names code" in (told := capsys.readouterr().out)
    assert "my_operators:mutate" in told
    assert "endpoint" not in told


def test_an_endpoint_that_a_configuration_names_is_told(hub, tmp_path, capsys) -> None:
    asking = dataclasses.replace(
        Config().evolve, model="endpoint", endpoint=EndpointConfig(url="http://elsewhere/v1")
    )
    with Run.open(tmp_path / "run", dataclasses.replace(Config(), evolve=asking)):
        pass
    assert main(["push", str(tmp_path / "run"), "me/run"]) == 0
    assert main(["pull", "me/run", str(tmp_path / "back")]) == 0
    assert "endpoint, which is asked then: http://elsewhere/v1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["push", "{empty}", "me/run"], "holds neither a run nor a model"),
        (["push", "{model}", "me//run"], "NAME: got 'me//run', wanted OWNER/NAME"),
        (["pull", "me/absent", "{new}"], "has no such dataset or model, or it is private; log in"),
        (["pull", "me/model", "{model}"], "is there already; give another folder"),
        (["pull", "me/model", "{new}", "--revision", "v9"], "no such branch, tag or commit"),
        (["pull", "me/broken", "{new}"], "holds no config.json with *.safetensors"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(words, said, hub, model_folder, tmp_path, capsys) -> None:
    main(["push", str(model_folder), "me/model"])
    hub.repositories["models/me/broken"] = {"notes.md": b""}
    capsys.readouterr()
    (tmp_path / "empty").mkdir()
    places = {"empty": tmp_path / "empty", "model": model_folder, "new": tmp_path / "new"}
    assert main([word.format(**places) for word in words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "new").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_who_is_not_known_is_told_how_to_log_in(
    model_folder, hub, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert main(["push", str(model_folder), "me/model"]) == 2
    assert "log in with hf auth login, or set HF_TOKEN" in capsys.readouterr().err
    assert hub.repositories == {}


def test_a_hub_that_is_not_there_is_told(model_folder, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_TOKEN", "hf_x")
    assert main(["push", str(model_folder), "me/model"]) == 2
    assert "cannot reach http://127.0.0.1:9" in capsys.readouterr().err


def test_a_run_that_goes_on_is_not_pushed(run_folder, hub, capsys) -> None:
    hold = (
        "import sys, time, pathlib; from elmjax import lock; "
        "lock.hold(pathlib.Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", hold, str(run_folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout.readline() == b"held\n"
            assert main(["push", str(run_folder), "me/run"]) == 2
        finally:
            other.kill()
    assert "writes to this folder" in capsys.readouterr().err
    assert hub.repositories == {}
    lock.hold(run_folder)
    lock.release(run_folder)
