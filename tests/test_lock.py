import signal
import subprocess
import sys

import pytest

from elmjax import lock

HOLD = """
import sys, time
from pathlib import Path
from elmjax import lock
lock.hold(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def other_process(tmp_path):
    """A process that has the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_a_folder_that_another_process_has_is_refused_by_name(tmp_path, other_process) -> None:
    with pytest.raises(lock.FolderInUseError, match=f"process {other_process.pid} writes"):
        lock.hold(tmp_path)


def test_a_process_that_was_killed_holds_nothing(tmp_path, other_process) -> None:
    other_process.send_signal(signal.SIGKILL)
    other_process.wait()
    lock.hold(tmp_path)
    lock.release(tmp_path)


def test_a_process_may_take_its_own_folder_again(tmp_path) -> None:
    lock.hold(tmp_path)
    lock.hold(tmp_path)
    lock.release(tmp_path)
    lock.release(tmp_path)
    assert subprocess.run(
        [sys.executable, "-c", HOLD.replace("time.sleep(60)", ""), str(tmp_path)], check=True
    )
