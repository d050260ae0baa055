"""What a TPU would run, compiled for one that is not there. Needs the libtpu wheel (extra `tpu`).

In a process of its own: the compiler reads its environment once, and takes it for a TPU machine's.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from elmjax.bench import bundles

pytestmark = [
    pytest.mark.tpu,
    pytest.mark.skipif(
        importlib.util.find_spec("libtpu") is None, reason="no libtpu; pip install elmjax[tpu]"
    ),
]

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
program = xla.compile_batch(batch, Episode(world=World(), steps=240, interval=120), [device])
print(sorted(set(re.findall(r" (gather|scatter|while)\\(", program.as_text()))))
"""


@pytest.mark.parametrize("capacity", [(16, 32), (32, 128), (64, 512)])
def test_the_program_for_a_tpu_compiles_and_looks_nothing_up(capacity):
    done = subprocess.run(
        [sys.executable, "-c", COMPILE, *map(str, capacity)],
        env={**os.environ, **bundles.ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "['while']"


# Those whose counts depend least on each other; `python -m elmjax.bench.bundles` counts all.
COUNTED = [
    case
    for case in bundles.CASES
    if (case.joints, case.terrain) in ((16, "hills"), (32, "hills")) and case.springs < 128
]


@pytest.mark.parametrize("case", COUNTED, ids=lambda case: case.name)
def test_the_kernel_compiles_and_a_step_costs_no_more_than_recorded(case):
    record = json.loads((Path(__file__).parents[2] / bundles.RECORD).read_text())
    (row,) = [row for row in record["rows"] if bundles.case_of(row) == case]
    found = bundles.count(case)
    for loop in bundles.LOOPS:
        # Other versions of the compiler schedule a little otherwise.
        assert found[loop] <= 1.05 * row[loop], (loop, found, row)
    assert found["level_step"] > case.joints  # of which each costs more than a bundle
