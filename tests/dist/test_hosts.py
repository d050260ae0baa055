"""Two real processes on this machine, as on two hosts: the run of one, but for rounding."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from elmjax.dist import hosts
from elmjax.programs import Execution, Verdict
from elmjax.qd import History
from physics.body import Body

CONFIG = """
seconds = 0.5
[programs]
workers = 1
[evolve]
operators = ["tree", "diff"]
model = "{model}"
iterations = 3
parents = 4
children = 4
max_new_tokens = 12
checkpoint_every = 2
[finetune]
init = "{model}"
test_share = 0.2
threshold = 0.0
samples = 4
max_new_tokens = 12
checkpoint_every = 2
compare_base = false
optimiser = {{steps = 3, learning_rate = 1e-3, rows = 2, row_length = 1024}}
[conditional]
terrains = ["flat"]
iterations = 2
batch = 8
max_new_tokens = 12
evaluation_samples = 4
ppo = {{minibatches = 2}}
"""
PATIENCE = 900


def start(
    words: list[str], index: int, count: int, port: int, devices: int = 1
) -> subprocess.Popen:
    told = {hosts.COORDINATOR: f"127.0.0.1:{port}", hosts.COUNT: str(count), hosts.INDEX: str(index)}
    flags = f"--xla_force_host_platform_device_count={devices}"
    return subprocess.Popen(
        [sys.executable, *words],
        env=os.environ
        | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
        | (told if count > 1 else {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def finish(processes: list[subprocess.Popen]) -> list[tuple[int, str, str]]:
    try:
        said = [process.communicate(timeout=PATIENCE) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, *each) for process, each in zip(processes, said, strict=True)]


def on_hosts(count: int, *words: str, devices: int = 1) -> list[tuple[int, str, str]]:
    """Exit code, output and errors of a command on so many hosts of so many devices."""
    port = free_port()
    return finish([start(list(words), index, count, port, devices) for index in range(count)])


def test_executions_are_told_to_the_last_bit() -> None:
    body = Body(
        joints=np.float32([[0.1, 1 / 3], [2, 7e-20]]),
        ends=np.int32([[0, 1]]),
        rigid=np.array([False]),
        amplitude=np.float32([0.1]),
        phase=np.float32([0.7]),
    )
    told = json.loads(json.dumps(Execution(verdict=Verdict.OK, body=body).plain()))
    heard = Execution.from_plain(told).body
    assert heard is not None
    assert heard.digest() == body.digest()
    failed = Execution(verdict=Verdict.RUNTIME, reason="no", error="KeyError")
    again = Execution.from_plain(json.loads(json.dumps(failed.plain())))
    assert (again.verdict, again.reason, again.error, again.body) == (
        *(Verdict.RUNTIME, "no", "KeyError"),
        None,
    )


@pytest.mark.parametrize("name", [hosts.COORDINATOR, hosts.COUNT, hosts.INDEX])
def test_an_incomplete_environment_is_refused(name, monkeypatch) -> None:
    for key, value in {hosts.COORDINATOR: "a:1", hosts.COUNT: "2", hosts.INDEX: "1"}.items():
        monkeypatch.setenv(key, "" if key == name else value)
    with pytest.raises(ValueError, match=f"hosts: got .*{name}=''.*; wanted an address"):
        hosts.join("auto")


TELLING = """
import threading
from elmjax.dist import hosts
hosts.join("auto")
import jax
me = jax.process_index()
double = lambda items: [2 * item for item in items]
plain = {"tell": str, "read": int}
assert hosts.shared("a", range(7), double, **plain) == [0, 2, 4, 6, 8, 10, 12]
assert hosts.shared("a", [], double, **plain) == []
# Threads tell in whatever order.
heard = {}
def tell(name):
    heard[name] = [hosts.gather(name, [name, turn, me]) for turn in range(20)]
names = ["b", "c"] if me else ["c", "b"]
threads = [threading.Thread(target=tell, args=(name,)) for name in names]
[thread.start() for thread in threads]; [thread.join() for thread in threads]
assert all(heard[n] == [[[n, t, 0], [n, t, 1]] for t in range(20)] for n in names)
assert hosts.gather("long", "x" * 3_000_000 + str(me))[1][-1] == "1"
assert hosts.any_of("d", me == 1) and not hosts.any_of("d", False)
order = []
hosts.in_turn(lambda: order.append(me))
assert order == [me]
def fail():
    raise ValueError("full")
try:
    hosts.once(fail)
except ValueError:
    assert me == 0
except OSError as error:
    assert me == 1 and str(error) == "host 0: full"
else:
    raise AssertionError
print("done")
"""


@pytest.mark.slow
def test_hosts_tell_each_other_in_order() -> None:
    for code, output, errors in on_hosts(2, "-c", TELLING):
        assert code == 0, errors[-2000:]
        assert output == "done\n"


# By name: hosts, virtual devices of each, and settings.
RUNS: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "one": (1, 1, ()),
    "hosts": (2, 1, ()),
    "mesh": (1, 8, ("--mesh.fsdp", "2", "--mesh.tensor", "2")),
}


@pytest.fixture(scope="module")
def runs(model_folder, tmp_path_factory) -> dict[str, Path]:
    """The folders of whole small runs."""
    folder = tmp_path_factory.mktemp("hosts")
    config = folder / "small.toml"
    config.write_text(CONFIG.format(model=model_folder))
    for name, (count, devices, settings) in RUNS.items():
        words = ("-m", "elmjax.cli", "run", "--config", str(config), *settings)
        run = on_hosts(count, *words, "--run", str(folder / name), devices=devices)
        for index, (code, output, errors) in enumerate(run):
            assert code == 0, errors[-3000:]
            assert ("Walks on" in output) == (index == 0)  # host 0 speaks for all
    return {name: folder / name for name in RUNS}


def history(folder: Path, operator: str) -> pd.DataFrame:
    return History.open(folder / f"evolve-{operator}" / "history").frame()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hosts", "mesh"])
def test_archive_and_history_of_equal_programs_are_those_of_one_process(runs, name) -> None:
    one, other = (history(runs[each], "tree") for each in ("one", name))
    assert one.equals(other)
    assert (one["outcome"] == "ok").sum() > 10
    # What a model samples may differ by rounding.
    one, other = (history(runs[each], "diff") for each in ("one", name))
    assert (one["diff"] == other["diff"]).mean() > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hosts", "mesh"])
def test_training_and_sampling_agree(runs, name) -> None:
    logs = [pd.read_json(runs[each] / "metrics.jsonl", lines=True) for each in ("one", name)]
    for stage, column, apart in (("finetune", "loss", 1e-4), ("conditional", "entropy", 1e-3)):
        one, other = (log.loc[log["stage"] == stage, column].to_numpy() for log in logs)
        assert len(one) >= 2
        np.testing.assert_allclose(one, other, rtol=apart)


@pytest.mark.slow
def test_a_run_of_two_hosts_leaves_what_one_leaves(runs) -> None:
    names = [
        {str(path.relative_to(runs[name])) for path in runs[name].rglob("*") if path.is_file()}
        for name in ("one", "hosts")
    ]
    without = [{name for name in each if "checkpoints" not in name} for each in names]
    assert without[0] == without[1]


@pytest.mark.slow
def test_a_stop_of_one_host_stops_all_and_they_go_on(runs, model_folder, tmp_path) -> None:
    config = tmp_path / "small.toml"
    config.write_text(CONFIG.format(model=model_folder))
    folder, port = tmp_path / "run", free_port()
    words = ["-m", "elmjax.cli", "evolve", "--config", str(config), "--run", str(folder)]
    processes = [start(words, index, 2, port) for index in range(2)]
    log = folder / "metrics.jsonl"
    deadline = time.monotonic() + PATIENCE
    while not (log.is_file() and log.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    processes[1].send_signal(signal.SIGTERM)
    assert [code for code, _, _ in finish(processes)] == [143, 143]
    for code, _, errors in on_hosts(2, *words):
        assert code == 0, errors[-3000:]
    assert history(folder, "tree").equals(history(runs["one"], "tree"))
