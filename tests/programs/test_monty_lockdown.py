"""What Monty's worker has given up, seen from its process and tried from inside."""

import ctypes
import errno
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from elmjax.programs import SEEDS, Limits, Verdict
from elmjax.programs import monty as engine
from elmjax.programs.monty import MontyMissing, MontyPool
from elmjax.programs.monty_launcher import LauncherError, MontyLauncher, find_libraries
from elmjax.programs.monty_lockdown import LAYERS

pytest.importorskip("pydantic_monty")
from pydantic_monty._binary import find_monty_binary

if not Path("/proc/self/status").exists():
    pytest.skip("tells by /proc, which this system does not have", allow_module_level=True)

ROOT, HERE = str(Path(__file__).parents[2]), str(Path(__file__).parent)
LIMITS = Limits(seconds=0.6, uninterruptible_seconds=1.2, memory_mebibytes=128)
MEBIBYTE = 1 << 20
PRCTL = {"x86_64": 157, "aarch64": 167}
CAPSET = {"x86_64": 126, "aarch64": 91}


@pytest.fixture(scope="module")
def pool():
    with MontyPool(workers=2, limits=LIMITS) as pool:
        yield pool


def worker_processes():
    """Ids of this process's children that are Monty's workers, and no longer their launchers."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if parent == os.getpid() and words[1:2] == [b"subprocess"]:
            found.append(int(folder.name))
    return found


def await_workers(count, *, before=()):
    """Ids of `count` workers, which take a moment to become what they are."""
    deadline = time.monotonic() + 30.0
    while len(found := set(worker_processes()) - set(before)) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} workers"
        time.sleep(0.01)
    assert len(found) == count
    return sorted(found)


def status(process):
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines)


def limits(process):
    lines = Path(f"/proc/{process}/limits").read_text().splitlines()[1:]
    return {line[:25].strip(): tuple(line[26:].split()[:2]) for line in lines}


def is_running(process):
    try:
        return status(process)["State"][0] not in "ZX"
    except OSError:
        return False


def python(program, *words, ends=0):
    """Runs a program of the test's own, and returns the lines that it shows."""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([ROOT, HERE, *filter(None, sys.path)])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == ends, ended.stderr
    return ended.stdout.splitlines()


class TestWorker:
    """The processes in which programs run, as the kernel describes them."""

    @pytest.fixture
    def workers(self, pool):
        return await_workers(2)

    def needs(self, pool, layer):
        assert layer in LAYERS
        if layer in pool.refused:
            pytest.skip(f"this machine has no {layer}: {pool.refused[layer]}")

    def test_has_an_empty_environment(self, workers):
        assert [Path(f"/proc/{process}/environ").read_bytes() for process in workers] == [b""] * 2

    def test_has_two_pipes_and_the_null_device(self, pool, workers):
        self.needs(pool, "two pipes only")
        for process in workers:
            folder = Path(f"/proc/{process}/fd")
            held = {path.name: os.readlink(path).split(":")[0] for path in folder.iterdir()}
            assert held == {"0": "pipe", "1": "pipe", "2": os.devnull}

    def test_leads_a_session_of_its_own(self, pool, workers):
        self.needs(pool, "session of its own")
        assert [os.getsid(process) for process in workers] == workers

    def test_gains_no_privileges(self, pool, workers):
        self.needs(pool, "no new privileges")
        assert {status(process)["NoNewPrivs"] for process in workers} == {"1"}

    def test_has_no_capabilities(self, pool, workers):
        self.needs(pool, "no capabilities")
        for process in workers:
            held = [status(process)[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")]
            assert held == ["0" * 16] * 4

    def test_is_behind_a_filter(self, pool, workers):
        self.needs(pool, "seccomp")
        ours = int(status("self").get("Seccomp_filters", 0))
        for process in workers:
            assert status(process)["Seccomp"] == "2"
            assert int(status(process).get("Seccomp_filters", 1)) == ours + 1

    def test_is_limited(self, pool, workers):
        wanted = {
            "Max core file size": ("no core dumps", 0),
            "Max file size": ("no writing of files", 0),
            "Max open files": ("four descriptors", 4),
            "Max address space": ("address space", (512 + 2 * 128) * MEBIBYTE),
        }
        for process in workers:
            for name, (layer, value) in wanted.items():
                if layer not in pool.refused:
                    assert limits(process)[name] == (str(value), str(value)), name

    def test_uses_what_a_plain_kernel_has(self, pool):
        """Nothing is refused that this machine's kernel gives to anybody who asks."""
        always = {"session of its own", "two pipes only", "no new privileges", "no core dumps"}
        always |= {"no writing of files", "four descriptors", "address space"}
        landlock = ctypes.CDLL(None).syscall(ctypes.c_long(444), None, ctypes.c_size_t(0), 1)
        if landlock >= 1:
            always.add("Landlock")
        assert always & set(pool.refused) == set()

    def test_one_that_is_killed_is_followed_by_one_that_is_locked_too(self, pool):
        before = await_workers(2)
        for process in before:
            os.kill(process, signal.SIGKILL)
        programs = list(SEEDS.values())
        assert {e.verdict for e in pool.run(programs)} == {Verdict.OK}
        after = worker_processes()
        assert after
        assert not set(after) & set(before)
        if "no new privileges" not in pool.refused:
            assert {status(process)["NoNewPrivs"] for process in after} == {"1"}


# Engages the layers that are named, of those that there are, then tries all doors.
INSIDE = """
import ctypes, os, resource, sys
from elmjax.programs import monty_lockdown
from elmjax.programs.monty_lockdown import Worker, engage
path, other = sys.argv[1], sys.argv[1] + ".removed"
for name in (path, other):
    with open(name, "w") as file:
        file.write("old")
awaited, held = os.pipe()
neighbour = os.fork()
if neighbour == 0:  # lives until the pipe ends
    os.close(held)
    os._exit(len(os.read(awaited, 1)))
libc = ctypes.CDLL(None, use_errno=True)
def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
DOORS = {
    "read": lambda: os.open(path, os.O_RDONLY),
    "write": lambda: os.write(os.open(path, os.O_WRONLY), b"new"),
    "empty": lambda: os.open(path, os.O_WRONLY | os.O_TRUNC),
    "remove": lambda: os.unlink(other),
    "list": lambda: os.listdir("/"),
    "socket": lambda: check(libc.socket(2, 1, 0)),
    "fork": lambda: os.fork() or os._exit(0),
    "signal": lambda: os.kill(neighbour, 0),
    "trace": lambda: check(libc.ptrace(0x4206, neighbour, 0, 0)),
    "limit another": lambda: resource.prlimit(neighbour, resource.RLIMIT_CORE),
    "lift a limit": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1)),
    "execute": lambda: os.execv("/bin/sh", ["sh", "-c", "echo execute"]),
}
names = [name for name in sys.argv[2:] if name in monty_lockdown.LAYERS]
monty_lockdown._LAYERS = {name: monty_lockdown._LAYERS[name] for name in names}
refused = {name: why for name, why in engage(Worker("/nonexistent", [], 1 << 30)).items() if why}
print(refused)
for name, door in DOORS.items():
    try:
        door()
    except (OSError, ValueError):
        continue
    print(name, flush=True)
"""


def doors(tmp_path, *layers):
    """The doors that the layers leave open; skips where one of them cannot be had."""
    refused, *opened = python(INSIDE, str(tmp_path / "file"), *layers)
    if refused != "{}":
        pytest.skip(f"this machine refuses {refused}")
    return set(opened)


class TestDoors:
    """Each layer by itself closes what it is there for, and together they leave nothing open."""

    EVERY = frozenset({"read", "write", "empty", "remove", "list", "socket", "fork", "signal"}) | {
        "limit another",
        "execute",
    }

    def test_without_layers_they_are_open(self, tmp_path):
        # What else is open depends on who runs the tests.
        assert doors(tmp_path) >= self.EVERY

    def test_all_layers(self, tmp_path):
        assert doors(tmp_path, *LAYERS) == set()

    def test_landlock_alone_closes_every_path(self, tmp_path):
        opened = doors(tmp_path, "no new privileges", "Landlock")
        assert not opened & {"read", "write", "empty", "remove", "list", "trace", "execute"}

    def test_the_filter_alone_leaves_reading_and_executing(self, tmp_path):
        # What is executed is behind the same filter.
        opened = doors(tmp_path, "no new privileges", "seccomp")
        assert opened <= {"read", "execute", "lift a limit"}
        assert "read" in opened

    def test_limits_hold_where_nothing_else_does(self, tmp_path):
        opened = doors(tmp_path, "no capabilities", "no writing of files")
        assert "empty" in opened  # no limit keeps a file from being emptied
        assert not opened & {"write", "lift a limit"}


# Runs under a filter that answers one call as a kernel does that lacks what the call asks for.
WITHOUT = """
import ctypes, json, struct, sys, warnings
from test_monty_lockdown import LIMITS, status, worker_processes
from elmjax.programs import SEEDS, prctl, seccomp
from elmjax.programs.monty import MontyPool
call, option, error = map(int, sys.argv[1:])
libc = ctypes.CDLL(None, use_errno=True)
prctl.control(libc, "no_new_privs", prctl.SET_NO_NEW_PRIVS, 1)
seccomp.install(libc, b"".join(struct.pack("=HBBI", *line) for line in [
    (0x20, 0, 0, 0),  # the call's number
    (0x15, 0, 3, call),
    (0x20, 0, 0, 16),  # its first argument
    (0x15, 0, 1, option) if option else (0x06, 0, 0, 0x50000 | error),
    (0x06, 0, 0, 0x50000 | error),
    (0x06, 0, 0, 0x7FFF0000),
]))
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    pool = MontyPool(workers=1, limits=LIMITS)
with pool:
    verdicts = [execution.verdict.value for execution in pool.run(list(SEEDS.values()))]
    (worker,) = worker_processes()
    warned = [str(warning.message) for warning in said]
    print(json.dumps([dict(pool.refused), warned, verdicts, status(worker)]))
"""
LACKING = {
    "seccomp": (PRCTL, 22, errno.EINVAL),
    "no new privileges": (PRCTL, 38, errno.EINVAL),
    "Landlock": (dict.fromkeys(PRCTL, 444), 0, errno.ENOSYS),
    "no capabilities": (CAPSET, 0, errno.EPERM),
}


class TestLacking:
    """One layer that the kernel refuses is told, and the others hold."""

    @pytest.mark.parametrize("layer", LACKING)
    def test_a_layer_that_the_kernel_refuses(self, pool, layer):
        if pool.refused:
            pytest.skip(f"this machine refuses {dict(pool.refused)} by itself")
        calls, option, error = LACKING[layer]
        call = calls[platform.machine()]
        ((refused, said, verdicts, worker),) = map(
            json.loads, python(WITHOUT, str(call), str(option), str(error))
        )
        assert list(refused) == [layer]
        assert [f"run without: {layer} ({refused[layer]})" in line for line in said] == [True]
        assert set(verdicts) == {"ok"}
        # One filter is the test's own.
        filters = int(worker.get("Seccomp_filters", 2)) - (int(status("self")["Seccomp"]) // 2)
        assert (filters == 1) == (layer == "seccomp")
        if layer != "no capabilities":
            assert worker["CapEff"] == "0" * 16
        assert worker["Threads"] == "2"

    def test_a_system_without_any_of_the_kernels_layers(self):
        program = (
            "import platform, sys\n"
            "platform.system = lambda: 'Darwin'\n"
            "from elmjax.programs.monty_lockdown import Worker, engage\n"
            "refused = engage(Worker('/nonexistent', [], 1 << 30))\n"
            "print(*(name for name, why in refused.items() if why), sep='\\n')\n"
            "print(*{why for why in refused.values() if why}, sep='\\n')\n"
        )
        *layers, why = python(program)
        assert layers == ["no new privileges", "no capabilities", "Landlock", "seccomp"]
        assert why == "Darwin has none"

    def test_a_lock_that_does_not_hold_is_noticed(self, pool, monkeypatch):
        if "seccomp" in pool.refused:
            pytest.skip(pool.refused["seccomp"])
        start = "import sys; sys.path.append(sys.argv[1]); from elmjax.programs import seccomp; "
        start += "seccomp.install = lambda *_: None; "
        start += "from elmjax.programs.monty_lockdown import main; main(sys.argv[2:])"
        monkeypatch.setattr("elmjax.programs.monty_launcher._START", start)
        with (
            pytest.warns(UserWarning, match="seccomp .does not hold: open a socket, fork"),
            MontyPool(workers=1, limits=LIMITS) as open_pool,
        ):
            assert list(open_pool.refused) == ["seccomp"]


class TestLauncher:
    """The script that Monty starts."""

    def test_is_gone_with_the_workers_when_the_pool_closes(self):
        before = set(worker_processes())
        with MontyPool(workers=2, limits=LIMITS) as pool:
            script = Path(pool._launcher.path)
            assert script.exists()
            await_workers(2, before=before)
        assert not script.parent.exists()
        assert set(worker_processes()) <= before

    def test_workers_end_with_a_process_that_is_killed(self):
        program = (
            "import os, signal\n"
            "from test_monty_lockdown import LIMITS, await_workers\n"
            "from elmjax.programs.monty import MontyPool\n"
            "pool = MontyPool(workers=2, limits=LIMITS)\n"
            "print(pool._launcher._folder.name, *await_workers(2), flush=True)\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n"
        )
        ((folder, *workers),) = (line.split() for line in python(program, ends=-signal.SIGKILL))
        shutil.rmtree(folder)
        assert len(workers) == 2
        deadline = time.monotonic() + 10.0
        while any(is_running(worker) for worker in workers):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def test_starts_from_a_folder_of_any_name(self, tmp_path, monkeypatch):
        folder = tmp_path / 'it\'s "here" $HOME'
        folder.mkdir()
        (folder / "monty").symlink_to(find_monty_binary())
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        launcher = MontyLauncher(str(folder / "monty"), 1 << 30)
        shown = subprocess.check_output([launcher.path, "-c", "print(6 * 7)"], text=True)
        launcher.close()
        assert shown == "42\n"

    def test_names_the_folder_in_which_nothing_may_be_executed(self, monkeypatch):
        def refuse(*_, **__):
            raise PermissionError

        monkeypatch.setattr("elmjax.programs.monty_launcher.find_libraries", lambda _: [])
        monkeypatch.setattr("elmjax.programs.monty_launcher.subprocess.run", refuse)
        with pytest.raises(LauncherError, match="set TMPDIR"):
            MontyLauncher(find_monty_binary(), 1 << 30)

    def test_workers_that_do_not_start_are_an_error(self, monkeypatch):
        before = set(worker_processes())
        # Python fits into this address space and Monty does not.
        monkeypatch.setattr(engine, "_IDLE_BYTES", 24 * MEBIBYTE - engine._COPIES * 128 * MEBIBYTE)
        with pytest.raises(MontyMissing, match="workers do not start"):
            MontyPool(workers=1, limits=LIMITS)
        assert set(worker_processes()) <= before

    def test_no_binary_is_as_no_package(self, monkeypatch):
        monkeypatch.setenv("MONTY_BIN", "/nonexistent/monty")
        with pytest.raises(MontyMissing, match="/nonexistent/monty"):
            MontyPool(workers=1, limits=LIMITS)

    def test_libraries_are_those_that_the_process_has_mapped(self, pool):
        process = worker_processes()[0]
        maps = Path(f"/proc/{process}/maps").read_text().splitlines()
        mapped = {words[5] for line in maps if (words := line.split())[5:] and words[5][0] == "/"}
        found = {os.path.realpath(path) for path in find_libraries(find_monty_binary())}
        assert mapped <= found | {os.path.realpath(find_monty_binary())}
        assert found - mapped <= {"/etc/ld.so.cache"}

    def test_what_is_no_binary_of_this_system_has_no_libraries(self, tmp_path):
        script = tmp_path / "monty"
        script.write_text("#!/bin/sh\n")
        assert find_libraries(str(script)) == []
