import os
import signal
import subprocess
import sys
import time

from elmjax.stages import stopping


def test_sigterm_is_noted_and_nothing_else_happens() -> None:
    assert not stopping.is_asked()
    with stopping.heeded():
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(100):
            if stopping.is_asked():
                break
            time.sleep(0.01)
        assert stopping.is_asked()
    # The next run in this process begins unasked.
    with stopping.heeded():
        assert not stopping.is_asked()


IN_TIME = """
import os, signal, time
from elmjax.stages import stopping
stopping.GRACE_SECONDS = 0.3
with stopping.heeded():
    os.kill(os.getpid(), signal.SIGTERM)
time.sleep(1.0)
"""


def test_a_step_that_ends_in_time_is_left_alone() -> None:
    assert subprocess.run([sys.executable, "-c", IN_TIME], check=False).returncode == 0


ENDLESS = """
import time
from elmjax.stages import stopping
stopping.GRACE_SECONDS = 0.3
with stopping.heeded():
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_step_that_takes_too_long_is_left() -> None:
    process = subprocess.Popen([sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == stopping.STOPPED == 143
