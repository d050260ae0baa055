"""The zygote: alike workers, honest exit statuses, and nobody left behind."""

import contextlib
import os
import select
import signal
import threading

import pytest

from elmjax.programs import Limits, Verdict
from elmjax.programs.jail import Jail
from elmjax.programs.nursery import Nursery

LIMITS = Limits(seconds=0.1, uninterruptible_seconds=0.25, memory_mebibytes=128)


@pytest.fixture(scope="module")
def nursery():
    nursery = Nursery(LIMITS, unrestricted=True)
    yield nursery
    nursery.close()


def born(nursery):
    jail = Jail(LIMITS, nursery=nursery)
    jail.await_ready()
    return jail


def run(jail, program):
    (reply,) = jail.run([program.encode()])
    return reply


def has_ended(jail):
    """Whether the worker closes its pipe within half a minute, as only its end does."""
    poll = select.poll()
    poll.register(jail._worker.replies, select.POLLIN)
    return bool(poll.poll(30_000)) and os.read(jail._worker.replies, 1) == b""


def test_workers_are_processes_of_their_own(nursery):
    one, other = born(nursery), born(nursery)
    assert run(one, "import builtins\nbuiltins.mark = 1").verdict is Verdict.OK
    assert run(one, "mark").verdict is Verdict.OK
    assert run(other, "mark").verdict is Verdict.RUNTIME
    one.kill()
    assert run(other, "x = 1").verdict is Verdict.OK
    other.kill()


def test_a_worker_holds_two_pipes_and_the_null_device(nursery):
    jail = born(nursery)
    # Without files one cannot list them; reading one that is not open fails as unknown, reading
    # an open one as not permitted, because the filter looks first. `fstat` is not allowed at all.
    program = (
        "import os, errno\n"
        "for number in range(2, 64):\n"
        "    try:\n        os.read(number, 1)\n"
        "    except OSError as error:\n        assert error.errno == errno.EPERM, number\n"
    )
    assert run(jail, program).verdict is Verdict.OK
    # Nobody may look into a worker, but the administrator often can.
    with contextlib.suppress(PermissionError):
        assert sorted(os.listdir(f"/proc/{jail._worker.process}/fd")) == ["0", "1", "2"]
    jail.kill()


def test_an_exit_status_is_the_workers_own(nursery):
    for status in (0, 7, 255):
        newborn = nursery.spawn()
        os.write(newborn.requests, _request(f"import os\nos._exit({status})"))
        while os.read(newborn.replies, 1000):
            pass
        assert nursery.end(newborn, 30.0) == status
        _close(newborn)
    newborn = nursery.spawn()
    assert nursery.end(newborn, 0.0) == -signal.SIGKILL
    _close(newborn)


def _request(program):
    from elmjax.programs.wire import pack_request

    return pack_request([program.encode()])


def _close(newborn):
    for descriptor in (newborn.requests, newborn.replies, newborn.place):
        os.close(descriptor)


def test_workers_end_with_their_zygote():
    nursery = Nursery(LIMITS, unrestricted=True)
    jail = born(nursery)
    nursery._process.kill()
    assert has_ended(jail)
    # The next worker comes from a second zygote.
    successor = born(nursery)
    assert run(successor, "x = 1").verdict is Verdict.OK
    jail.kill()
    successor.kill()
    nursery.close()


def test_a_zygote_ends_when_its_pool_is_gone():
    nursery = Nursery(LIMITS)
    jail = born(nursery)
    nursery._control.close()
    assert nursery._process.wait(30.0) == 0
    assert has_ended(jail)


def test_threads_share_a_nursery(nursery):
    verdicts = []

    def work():
        for _ in range(10):
            jail = born(nursery)
            verdicts.append(run(jail, "x = 1").verdict)
            jail.kill()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [Verdict.OK] * 40


def test_descriptors_are_given_back(nursery):
    born(nursery).kill()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        born(nursery).kill()
    assert len(os.listdir("/proc/self/fd")) == before
