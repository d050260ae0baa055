"""What tests run in a process of its own, which JAX starts with virtual devices of a CPU."""

import os
import subprocess
import sys


def run_on_devices(script: str, count: int = 8, timeout: float = 600) -> str:
    """What a script prints that is run on so many devices; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={
            **os.environ,
            "XLA_FLAGS": f"--xla_force_host_platform_device_count={count}",
            "JAX_PLATFORMS": "cpu",
        },
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
