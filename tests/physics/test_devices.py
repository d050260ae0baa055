"""Chunks spread over devices. In a process of its own, which JAX starts with eight of them."""

import os
import subprocess
import sys

COMPARE = """
import jax, numpy as np
from physics import schedule
from physics.body import Body
from physics.simulate import simulate
from physics.terrain import make_terrain

assert len(jax.local_devices()) == 8
# Small chunks, so that there are many.
schedule.PACES["cpu"] = schedule.Pace(joints=64, overhead=0.0)
random = np.random.default_rng(0)
bodies = [
    Body(
        joints=random.uniform(-2, 2, (4, 2)).astype(np.float32),
        ends=np.array([[0, 1], [1, 2], [2, 3], [3, 0], [0, 2]], np.int32),
        rigid=np.array([True, False, False, False, True]),
        amplitude=np.float32([0, 0.3, 0.3, 0.3, 0]),
        phase=random.random(5).astype(np.float32),
    )
    for _ in range(40)
]
spread = simulate(bodies, make_terrain("bumpy"), seconds=1.0, backend="xla").displacement
walks = [simulate([body], make_terrain("bumpy"), seconds=1.0, backend="xla") for body in bodies]
np.testing.assert_array_equal(spread, [walk.displacement[0] for walk in walks])
"""


def test_eight_devices_give_what_one_gives():
    flags = "--xla_force_host_platform_device_count=8"
    done = subprocess.run(
        [sys.executable, "-c", COMPARE],
        env={**os.environ, "XLA_FLAGS": flags},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
