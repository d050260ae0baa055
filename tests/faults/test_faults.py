"""Faults of machines and files, and what a run makes of them. Minutes long: `make faults`.

Every broken run is compared with one that nothing happened to: histories, models, samples and
metrics, bit for bit.
"""

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.endpoint.server import Say, Server
from tests.endpoint.walkers import rewrite
from tests.faults.harness import (
    SEED,
    Command,
    Table,
    kill,
    redone,
    steps,
    wait_for_steps,
)
from tests.faults.sameness import differences

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="kills and mounts as Linux does"),
]

STAGES = {
    "pretrain": "pretrain",
    "evolve-diff": "run",
    "evolve-tree": "run",
    "finetune": "run",
    "conditional": "run",
}
LENGTHS = {"pretrain": 16, "evolve-diff": 10, "evolve-tree": 10, "finetune": 16, "conditional": 6}
# Steps between the checkpoints of a training; the others lose what is under way.
ALLOWED = {"pretrain": 4, "finetune": 4}


def finish(command: Command, folder: Path, *before: str) -> None:
    for stage in (*before, "run"):
        code, said = command.run(stage, folder)
        assert code == 0, said


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_a_run_that_ends_at_random_moments_of_every_stage(
    command, unbroken, table: Table, tmp_path, number
) -> None:
    rng = random.Random(SEED + number)
    folder, again, slowest, tried = tmp_path / "run", [], 0.0, 0
    for stage, name in STAGES.items():
        process = command.start(name, folder)
        wait_for_steps(process, folder, stage, rng.randrange(1, LENGTHS[stage] - 1))
        time.sleep(0.3 * rng.random())
        if process.poll() is not None:
            continue  # the stage was over before its moment came
        began = time.monotonic()
        said = kill(process, number)
        slowest = max(slowest, time.monotonic() - began)
        tried += 1
        if number == signal.SIGTERM:
            # Or it came to its end within the grace.
            assert process.returncode in (143, 0), said
        lost = redone(folder, stage)
        again.append(lost)
        assert lost <= (ALLOWED.get(stage, 1) if number == signal.SIGKILL else 0), stage
    finish(command, folder, "pretrain")
    differing = differences(folder, unbroken)
    took = f", left within {slowest:.1f} s" if number == signal.SIGTERM else ""
    table.add(
        f"{signal.Signals(number).name} in {', '.join(STAGES)}",
        tried,
        0 if differing else tried,
        f"{len(differing)} results; {sum(again)} steps done again{took} {differing or ''}".rstrip(),
    )
    assert tried >= 4
    assert slowest < 20


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 3, len(content), max(1, len(content) // 50)):
        content[place] ^= 0x55
    path.write_bytes(content)


def contents(checkpoint: Path) -> list[Path]:
    """Its files of arrays, without descriptions and locks."""
    return [path for path in checkpoint.rglob("d/*") if path.is_file()]


@pytest.mark.parametrize("damage", [cut, flip])
@pytest.mark.parametrize("what", ["history", "checkpoints"])
def test_damaged_files(command, unbroken, table: Table, tmp_path, damage, what) -> None:
    folder, survived, said = tmp_path / "run", 0, ""
    shutil.copytree(unbroken, folder)
    damaged = []
    stages = ["evolve-diff", "evolve-tree"]
    stages += ["finetune", "conditional"] if what == "checkpoints" else []
    for stage in stages:
        # As before its end, so that it goes on from what is damaged.
        (folder / stage / "summary.json").unlink()
        place = folder / stage / what
        newest = max(place.iterdir(), key=lambda path: (path.name.isdigit(), path.name.zfill(9)))
        damaged.append(newest)
        for path in [newest] if newest.is_file() else contents(newest):
            damage(path)
    code, said = command.run("run", folder)
    assert code == 0, said
    differing = differences(folder, unbroken, without="pretrain")
    named = sum(str(stage) in said for stage in stages)
    survived = len(damaged) if not differing and named == len(stages) else 0
    words = {cut: "truncated", flip: "changed"}[damage]
    lost = f"{len(differing)} results; named {named} {differing or ''}".rstrip()
    table.add(f"{words} {what}", len(damaged), survived, lost)


def test_two_runs_on_one_folder(command, unbroken, table: Table, tmp_path) -> None:
    folder = tmp_path / "run"
    first = command.start("evolve", folder)
    wait_for_steps(first, folder, "evolve-diff", 2)
    code, said = command.run("evolve", folder)
    refused = code == 2 and f"process {first.pid} writes to this folder" in said
    kill(first)
    finish(command, folder)
    differing = differences(folder, unbroken, without="pretrain")
    table.add("a second run on the folder", 1, int(refused and not differing), "nothing")


@pytest.fixture
def small_disk(tmp_path):
    """A disk whose size can be changed."""
    place = tmp_path / "disk"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    if subprocess.run(mounting, check=False, capture_output=True).returncode != 0:
        pytest.skip("may not mount a small disk here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_read_only_disk(command, table: Table, small_disk) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    code, said = command.run("evolve", small_disk / "run")
    line = said.strip().splitlines()[-1]
    good = code == 2 and "Read-only file system" in line and "Traceback" not in said
    table.add("a read-only folder", 1, int(good), f"nothing; it said {line[:70]}...")


def resize(disk: Path, kilobytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", str(disk)], check=True)


def test_a_full_disk(command, unbroken, table: Table, small_disk) -> None:
    """In every stage no more than 64 kB are left; with room again the same command goes on."""
    folder, good, unclear = small_disk / "run", 0, []
    stages = [stage for stage in STAGES if stage != "pretrain"]
    for stage in stages:
        resize(small_disk, 64_000)
        process = command.start("run", folder)
        wait_for_steps(process, folder, stage, 2)
        resize(small_disk, shutil.disk_usage(small_disk).used // 1024 + 64)
        _, said = process.communicate(timeout=120)
        # Threads of Orbax may speak at the same time, and into its line.
        lines = re.findall("elmjax run: .*", said)
        told = process.returncode == 2 and len(lines) == 1 and "No space" in lines[0]
        good += told
        unclear += [] if told else [f"{stage}: {process.returncode}, {said[-300:]!r}"]
    resize(small_disk, 64_000)
    finish(command, folder)
    differing = differences(folder, unbroken, without="pretrain")
    lost = f"{len(differing)} results {differing or ''}".rstrip()
    table.add(
        "a full disk",
        len(stages),
        0 if differing else good,
        f"{lost} {unclear or ''}".rstrip(),
    )


def children(process: int) -> list[int]:
    """Ids of all that descend from a process."""
    try:
        own = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []
    return [each for child in map(int, own) for each in (child, *children(child))]


def test_killed_helpers(command, unbroken, table: Table, tmp_path) -> None:
    """Program workers and the process they are forked from, again and again."""
    folder, rng, killed = tmp_path / "run", random.Random(SEED), 0
    process = command.start("run", folder)
    wait_for_steps(process, folder, "evolve-diff", 1)
    while process.poll() is None and killed < 12:
        jailed = [child for child in children(process.pid) if _is_jail(child)]
        if jailed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(rng.choice(jailed), signal.SIGKILL)
                killed += 1
        time.sleep(0.4)
    _, said = process.communicate(timeout=300)
    differing = differences(folder, unbroken, without="pretrain")
    good = process.returncode == 0 and not differing
    lost = f"{len(differing)} results {differing or ''}".rstrip()
    table.add(
        "killed program workers",
        killed,
        killed if good else 0,
        lost if not process.returncode else said,
    )


def _is_jail(process: int) -> bool:
    try:
        return b"elmjax.programs.zygote" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


JUMPING = """
import random, sys, threading, time
real, jump = time.time, [0.0]
time.time = lambda: real() + jump[0]
def move():
    while True:
        time.sleep(1.0)
        jump[0] = random.choice([-1e7, -3600.0, 0.0, 3600.0, 1e7])
threading.Thread(target=move, daemon=True).start()
from elmjax.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_clock_that_jumps(command, unbroken, table: Table, tmp_path) -> None:
    """Months back and forth every second, in a run that is killed once.

    Orbax times its writing by that clock: where it jumps meanwhile, the run ends in a line, and the
    same command goes on.
    """
    folder, before, ended = tmp_path / "run", (sys.executable, "-c", JUMPING), 0
    process = command.start("run", folder, before=before)
    wait_for_steps(process, folder, "finetune", 2)
    kill(process)
    while (told := command.run("run", folder, before=before))[0] != 0:
        assert told[0] == 2, told[1]
        assert "cannot be written" in told[1]
        ended += 1
        assert ended < 5
    differing = differences(folder, unbroken, without="pretrain")
    lost = f"{len(differing)} results; {ended} restarts {differing or ''}".rstrip()
    table.add("a clock that jumps by months", 1, int(not differing), lost)


def test_a_batch_beyond_the_memory(command, table: Table, tmp_path) -> None:
    limited = ("prlimit", "--as=8000000000", sys.executable, "-m", "elmjax.cli")
    rows = ("--pretrain.optimiser.rows", "1000000")
    code, said = command.run("pretrain", tmp_path / "run", *rows, before=limited)
    line = said.strip().splitlines()[-1]
    good = code == 2 and "out of memory: lower pretrain.optimiser.rows" in line
    table.add("a batch beyond the memory", 1, int(good), line[:160])


def test_gradients_that_are_not_finite(command, table: Table, tmp_path) -> None:
    """At an absurd rate weights, then gradients, leave the finite numbers: it ends, by name."""
    folder = tmp_path / "run"
    code, said = command.run("pretrain", folder, "--pretrain.optimiser.learning_rate", "1e30")
    line = said.strip().splitlines()[-1]
    good = code == 2 and "lower pretrain.optimiser.learning_rate" in line
    skipped = steps(folder, "pretrain")
    table.add(
        "gradients that are not finite", 1, int(good), f"ended after {skipped + 1} steps by name"
    )


ENDPOINT = (
    *("--evolve.operators", '["rewrite"]', "--evolve.model", "endpoint"),
    *("--evolve.endpoint.model", "m", "--evolve.endpoint.retries", "1"),
    *("--evolve.endpoint.first_wait", "0.05", "--evolve.endpoint.timeout", "2"),
)


def dies_by_errors(_number: int, _body: dict) -> Say:
    return Say("out of memory", status=500)


def dies_by_garbage(_number: int, _body: dict) -> Say:
    return Say("<html>Bad gateway</html>", raw=True)


def dies_by_silence(_number: int, _body: dict) -> Say:
    return Say(delay=3.0)


def test_an_endpoint_that_dies(command, table: Table, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    rng = random.Random(SEED)
    whole, folder = tmp_path / "whole", tmp_path / "run"
    with Server(rewrite) as server:
        code, said = command.run("evolve", whole, *ENDPOINT, "--evolve.endpoint.url", server.url)
        assert code == 0, said
        questions = len(server.asked)
    asked = said_so = 0
    deaths = [dies_by_errors, dies_by_garbage, dies_by_silence, None]
    for death in deaths:
        lives = rng.randrange(10, 45)
        with Server(rewrite) as server:
            if death is None:
                process = command.start(
                    "evolve", folder, *ENDPOINT, "--evolve.endpoint.url", server.url
                )
                while len(server.asked) < lives and process.poll() is None:
                    time.sleep(0.01)
                kill(process)
                said_so += 1
            else:
                server.script = lambda n, body, last=lives, dead=death: (
                    rewrite(n, body) if n < last else dead(n, body)
                )
                code, said = command.run(
                    "evolve", folder, *ENDPOINT, "--evolve.endpoint.url", server.url
                )
                line = said.strip().splitlines()[-1]
                said_so += code == 1 and "requests in a row had no answer" in line
            asked += min(lives, len(server.asked))
    with Server(rewrite) as server:
        code, said = command.run("evolve", folder, *ENDPOINT, "--evolve.endpoint.url", server.url)
        assert code == 0, said
        asked += len(server.asked)
    differing = differences(folder, whole)
    table.add(
        "an endpoint that dies: errors, garbage, silence; SIGKILL while it answers",
        len(deaths),
        0 if differing else said_so,
        f"{len(differing)} results; {asked - questions} of {questions} answers asked for again "
        f"{differing or ''}".rstrip(),
    )
    # Those that were on their way when the process was killed.
    assert asked - questions <= 8
