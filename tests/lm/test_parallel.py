"""Training spread over devices. In a process of its own, which JAX starts with four of them."""

import os
import subprocess
import sys

import jax
import pytest

from elmjax.lm.parallel import DataParallel

COMPARE = """
import jax, numpy as np
from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig
from elmjax.lm.packing import Document, pack
from elmjax.lm.parallel import DataParallel
from elmjax.lm.training import OptimizerConfig, Schedule, init_state, make_train_step

config = DecoderConfig(vocab_size=64, layers=2, width=16, heads=2, hidden=32)
documents = [
    Document(prompt=[i, i + 1, 7], continuations=[[i + 2, 40][: 1 + i % 2], [i + 3, 41, 5]])
    for i in range(8)
]
batch = pack(documents, 7).batch
assert batch.tokens.shape[0] == 8
schedule = Schedule(peak=1e-2, warmup_steps=1, total_steps=6)

def train(devices, accumulation):
    parallel = DataParallel.over(8 // accumulation, jax.local_devices()[:devices])
    assert parallel.mesh.size == devices
    step = make_train_step(config, OptimizerConfig(accumulation=accumulation))
    state = parallel.replicate(init_state(decoder.init(config, jax.random.key(0))))
    losses = []
    for _ in range(6):
        state, metrics = step(state, parallel.split(batch), schedule)
        losses.append(float(metrics.loss))
    embedding = state.params["embedding"]["embedding"]
    assert len(embedding.sharding.device_set) == devices
    return losses, np.asarray(embedding)

losses, embedding = train(1, 1)
assert losses[-1] < 0.9 * losses[0]
for devices, accumulation in ((2, 1), (4, 1), (4, 2)):
    again, spread = train(devices, accumulation)
    np.testing.assert_allclose(again, losses, rtol=1e-4)
    np.testing.assert_allclose(spread, embedding, atol=2e-4)
"""


def test_four_devices_learn_what_one_learns():
    flags = "--xla_force_host_platform_device_count=4"
    done = subprocess.run(
        [sys.executable, "-c", COMPARE],
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(("rows", "devices", "used"), [(8, 4, 4), (6, 4, 3), (7, 4, 1), (1, 8, 1)])
def test_devices_have_equal_shares(rows, devices, used):
    device = jax.local_devices()[0]
    assert DataParallel.over(rows, [device] * devices).mesh.size == used
