"""The lock-down itself: bare Python inside it, with the walker language taken away."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from elmjax.programs import Limits, LockdownUnavailable, Verdict, nursery, wire
from elmjax.programs.jail import Jail
from elmjax.programs.wire import MalformedReplyError, Replies, Reply

ROOT = str(Path(__file__).parents[2])
LIMITS = Limits(seconds=0.2, uninterruptible_seconds=0.5, memory_mebibytes=128)


@pytest.fixture(scope="module")
def bare():
    cell = Jail(LIMITS, unrestricted=True)
    cell.await_ready()
    yield cell
    cell.kill()


def run(cell, program):
    (reply,) = cell.run([program.encode()])
    return reply


# Each must raise inside the jail. `check` is errno's own words for what the kernel answers.
CTYPES = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
CHECK = "\nif result < 0: raise OSError(ctypes.get_errno(), 'refused')\n"
ATTEMPTS = {
    "open": "import os\nos.open('/etc/passwd', os.O_RDONLY)",
    "create": "import os\nos.open('/tmp/elmjax_jail_test', os.O_CREAT | os.O_WRONLY)",
    "list": "import os\nos.listdir('/')",
    "stat": "import os\nos.stat('/')",
    "import a module": "import sqlite3",
    "write elsewhere": "import os\nos.write(2, b'x')",
    "fork": "import os\nos.fork()",
    "exec": "import os\nos.execv('/bin/true', ['true'])",
    "kill": "import os\nos.kill(1, 0)",
    "pipe": "import os\nos.pipe()",
    "duplicate": "import os\nos.dup(0)",
    "socket": CTYPES + "result = libc.socket(2, 1, 0)" + CHECK,
    "thread": "import _thread\n_thread.start_new_thread(print, ())",
    "trace": CTYPES + "result = libc.ptrace(0, 0, 0, 0)" + CHECK,
    "more memory": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
    "executable memory": "import mmap\nmmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
    "another personality": CTYPES + "result = libc.personality(0xffffffff)" + CHECK,
    "mount": CTYPES + "result = libc.mount(b'none', b'/', b'tmpfs', 0, None)" + CHECK,
    "namespace": CTYPES + "result = libc.unshare(0x10000000)" + CHECK,
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_lock_refuses(bare, attempt):
    reply = run(bare, ATTEMPTS[attempt])
    assert reply.verdict is Verdict.RUNTIME, "it succeeded"
    assert reply.reason.split(":")[0] in {
        "PermissionError",
        "OSError",
        "RuntimeError",  # can't start new thread
        "ValueError",  # not allowed to raise maximum limit
        "ModuleNotFoundError",
    }


def test_the_attempts_mean_something():
    """Outside the jail most of them succeed, so that their failure inside is the lock's doing."""
    for attempt in ("open", "list", "stat", "pipe", "socket", "thread"):
        subprocess.run([sys.executable, "-c", ATTEMPTS[attempt]], check=True)


def test_the_environment_is_empty(bare):
    # The interpreter itself adds the locale.
    known = "{'PYTHONHASHSEED', 'LC_CTYPE'}"
    reply = run(bare, f"import os\nassert set(os.environ) <= {known}, os.environ")
    assert reply.verdict is Verdict.OK, reply.reason


def test_the_worker_imports_nothing_heavy(bare):
    program = "import sys\nassert not {'numpy', 'jax', 'physics'} & set(sys.modules)"
    assert run(bare, program).verdict is Verdict.OK


def test_memory_is_limited(bare):
    assert run(bare, "x = bytearray(10**9)").verdict is not Verdict.OK


def test_a_lock_that_does_not_hold_is_noticed():
    # The same steps without the filter: as the administrator nearly every door stays open.
    program = (
        "from elmjax.programs import lockdown\n"
        "lockdown._filter_calls = lambda *_: None\n"
        "try:\n"
        "    lockdown.engage(1 << 28)\n"
        "except lockdown.LockdownError as error:\n"
        "    print(error)\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ROOT},
    ).stdout
    assert "the lock does not hold" in shown
    assert "make memory executable" in shown


def test_a_machine_that_cannot_lock_runs_nothing(monkeypatch):
    """The worker says so in its greeting, and the jail passes it on with what to do."""
    refuses = "import sys; sys.path.append(sys.argv[1]); from elmjax.programs import lockdown; "
    refuses += "lockdown.ARCHITECTURES.clear(); from elmjax.programs.zygote import main; "
    refuses += "main(sys.argv[2:])"
    monkeypatch.setattr(nursery, "_START", refuses)
    with pytest.raises(LockdownUnavailable, match=r"Linux on .*seccomp filters"):
        Jail(LIMITS).await_ready()


def test_a_worker_that_never_starts_is_no_jail(monkeypatch):
    monkeypatch.setattr(nursery, "_START", "raise SystemExit")
    with pytest.raises(LockdownUnavailable, match="no worker starts"):
        Jail(LIMITS).await_ready()


class TestReplies:
    GOOD = wire.pack_reply(0, Reply(verdict=Verdict.OK, joints=bytes(32), springs=bytes(40)))

    def test_come_whole_however_the_bytes_are_cut(self):
        message = self.GOOD + wire.pack_reply(1, Reply(verdict=Verdict.RUNTIME, reason="why"))
        for size in (1, 7, len(message)):
            replies = Replies()
            parts = [message[at : at + size] for at in range(0, len(message), size)]
            taken = [reply for part in parts for reply in replies.feed(part)]
            assert [reply.verdict for reply in taken] == [Verdict.OK, Verdict.RUNTIME]
            assert len(taken[0].joints) == 32
            assert taken[1].reason == "why"
            assert replies.leftover == 0

    @pytest.mark.parametrize(
        "header",
        [
            (1, 0, 0, 0, 0, 0),  # another program's
            (0, 200, 0, 0, 0, 0),  # no verdict
            (0, 0, 200, 0, 0, 0),  # a class name without end
            (0, 0, 0, 60_000, 0, 0),  # a reason without end
            (0, 0, 0, 0, wire.MAX_JOINT_CALLS + 1, 0),
            (0, 0, 0, 0, 0, wire.MAX_SPRING_CALLS + 1),
        ],
    )
    def test_a_malformed_header_is_refused_at_once(self, header):
        with pytest.raises(MalformedReplyError):
            list(Replies().feed(wire.REPLY.pack(*header)))
