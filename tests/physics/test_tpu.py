"""What a TPU would run, compiled for one that is not there. Needs the libtpu wheel (extra `tpu`).

In a process of its own: the compiler reads its environment once, and takes it for a TPU machine's.
"""

import importlib.util
import os
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.tpu,
    pytest.mark.skipif(
        importlib.util.find_spec("libtpu") is None, reason="no libtpu; pip install elmjax[tpu]"
    ),
]

ENVIRONMENT = {
    "JAX_PLATFORMS": "cpu",
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_ACCELERATOR_TYPE": "v5litepod-1",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "TPU_WORKER_ID": "0",
}
COMPILE = """
import re, sys
import jax, numpy as np
from jax.experimental import topologies
from physics.assemble import assemble
from physics.backends import xla
from physics.backends.batch import Batch, Episode, join_terrains
from physics.body import Body, Capacity
from physics.terrain import make_terrain
from physics.world import World

device = topologies.get_topology_desc("v5e:2x2", "tpu").devices[0]
body = Body(
    joints=np.array([[0, 0], [2, 0]], np.float32),
    ends=np.array([[0, 1]], np.int32),
    rigid=np.array([True]),
    amplitude=np.zeros(1, np.float32),
    phase=np.zeros(1, np.float32),
)
terrains = [make_terrain(name) for name in ("flat", "tunnel", "hills")]
of = np.arange(256) % 3
capacity = Capacity(int(sys.argv[1]), int(sys.argv[2]))
walkers = assemble([body] * 256, [terrains[i] for i in of], capacity, World())
batch = Batch(walkers=walkers, terrains=join_terrains(terrains), terrain_of=of.astype(np.int32))
batch = xla.prepare(batch, device)
program = xla.compile_batch(batch, Episode(world=World(), steps=240, interval=120), device)
print(sorted(set(re.findall(r" (gather|scatter|while)\\(", program.as_text()))))
"""


@pytest.mark.parametrize("capacity", [(16, 32), (32, 128), (64, 512)])
def test_the_program_for_a_tpu_compiles_and_looks_nothing_up(capacity):
    done = subprocess.run(
        [sys.executable, "-c", COMPILE, *map(str, capacity)],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "['while']"
