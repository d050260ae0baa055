"""Every stage on eight virtual devices, in processes of their own: what one device gives."""

import pytest

from tests.dist.virtual import run_on_devices

# Sums in another order: float32 rounds each step of a loss by 1e-7 of it.
MODEL = """
import jax, numpy as np
from elmjax.dist.placement import Placement
from elmjax.lm import decoder
from elmjax.lm.config import DecoderConfig
from elmjax.lm.packing import Document, pack
from elmjax.lm.sampler import Sampler
from elmjax.lm.split import to_read
from elmjax.lm.training import *
from elmjax.lm.training import OptimizerConfig, state_shardings

config = DecoderConfig(
    vocab_size=64, layers=1, width=32, heads=4, key_value_heads=2, hidden=64, tie_embeddings=False
)
params = jax.jit(decoder.init, static_argnums=0)(config, jax.random.key(0))
rng = np.random.default_rng(0)
params = jax.tree.map(lambda p: np.asarray(p) + rng.normal(0, 0.2, p.shape).astype("f"), params)
documents = [
    Document(prompt=[i, i + 1, 7], continuations=[[i + 2, 40][: 1 + i % 2], [i + 3, 41, 5]])
    for i in range(8)
]
batch = pack(documents, 7).batch
schedule = Schedule(peak=1e-2, warmup_steps=1, total_steps=6)

def train(accumulation=1, **shape):
    placement, form = Placement.over(**shape), OptimizerConfig(accumulation=accumulation)
    where = state_shardings(placement, config, form)
    state = placement.put(init_state(jax.tree.map(np.array, params), form), where)
    step, losses = make_train_step(config, form, placement), []
    for _ in range(4):
        rows = placement.padded(8 // accumulation) * accumulation
        given = placement.put(batch.padded(rows), placement.rows)
        state, metrics = step(state, given, schedule)
        losses.append(float(metrics.loss))
    return losses, state

def sample(**shape):
    placed = to_read(Placement.over(**shape), config, params)
    sampler = Sampler(config=config, children=20, max_new_tokens=8, end_token=63)
    return sampler(placed, [[1, 2, 3], [4, 5, 6, 7]], jax.random.key(3))

def part(array):
    return np.array(array.shape) // np.array(array.addressable_shards[0].data.shape)

losses, alone = train(data=1)
assert losses[-1] < 0.9 * losses[0]
"""

TRAIN = """
for shape in SHAPES:
    again, state = train(**shape)
    np.testing.assert_allclose(again, losses, rtol=1e-5)
    for one, other in zip(*map(jax.tree.leaves, (state.params, alone.params)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    fsdp, tensor = shape.get("fsdp", 1), shape.get("tensor", 1)
    moments = state.optimizer_state.inner_state[1].mu
    for tree in (state.params, moments):
        block = {name: part(value["kernel"]) for name, value in tree["blocks"].items() if "kernel" in value}
        for name, axes in (("query_key_value", (1, fsdp, tensor)), ("attention_out", (1, tensor, fsdp)),
                           ("gate_up", (1, fsdp, tensor)), ("down", (1, tensor, fsdp))):
            if tensor == 1:  # then the larger axis is cut
                assert block[name].prod() == fsdp, name
            else:
                assert tuple(block[name]) == axes, name
        assert part(tree["head"]["kernel"]).prod() == fsdp * tensor
"""

SAMPLE = """
one = sample(data=1)
for shape in SHAPES:
    other = sample(**shape)
    # A draw may fall on the other side of a hair; what follows it is another text.
    same = (one.tokens == other.tokens).all(-1)
    assert same.mean() > 0.95, same.mean()
    np.testing.assert_allclose(one.log_prob[same], other.log_prob[same], atol=1e-4)
"""

PPO = """
import jax, numpy as np
from elmjax.dist.placement import Placement
from elmjax.rl.config import PPOConfig
from elmjax.rl.placed import batch_shardings, jitted_update, state_shardings
from elmjax.rl.ppo import init_state
from tests.rl.conftest import CODES, ToyWorld

world = ToyWorld(CODES, np.arange(2), children=16)
config = PPOConfig(epochs=2, minibatches=2)
start = jax.tree.map(np.asarray, world.start())
batch = jax.tree.map(np.asarray, world.judge(start, world.act(start, 0)))

def update(**shape):
    placement = Placement.over(**shape)
    state = init_state(config, jax.tree.map(np.array, start))
    state = placement.put(state, state_shardings(placement, config, world.model))
    key = placement.put(jax.random.key(3), placement.everywhere)
    given = placement.put(batch, batch_shardings(placement, batch))
    return jitted_update(placement, config, world.model)(state, given, key)

one, numbers = update(data=1)
for shape in ({"data": 2, "fsdp": 2, "tensor": 2}, {"data": 8}):
    other, again = update(**shape)
    for name in ("loss", "reward", "kl", "gradient_norm", "first_ratio_deviation"):
        np.testing.assert_allclose(numbers[name], again[name], rtol=1e-3, atol=1e-5, err_msg=name)
    for a, b in zip(*map(jax.tree.leaves, (one.params, other.params)), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    kernel = other.params["lm"]["blocks"]["down"]["kernel"]  # [1, 32, 16]
    moments = [leaf for leaf in jax.tree.leaves(other.optimizer) if leaf.shape == kernel.shape]
    wanted = (1, 16, 8) if "tensor" in shape else (1, 32, 16)
    assert all(leaf.addressable_shards[0].data.shape == wanted for leaf in (kernel, *moments))
    assert len(moments) >= 2
"""

PHYSICS = """
import dataclasses, tempfile
from pathlib import Path
import jax, numpy as np
from elmjax import config as configuration
from elmjax.qd import History
from elmjax.stages.evolve import evolve, open_found
from elmjax.stages.run import Run

assert len(jax.devices()) == 8
frames, archives = [], []
settings = {
    "seconds": "0.5", "physics.backend": '"xla"', "evolve.iterations": "3", "evolve.parents": "4",
    "evolve.children": "8", "evolve.operators": '["tree"]', "evolve.terrain": '"bumpy"',
}
with tempfile.TemporaryDirectory() as scratch:
    for data in ("1", "0"):
        folder = Path(scratch) / data
        config = configuration.load(None, [*settings.items(), ("mesh.data", data)])
        with Run.open(folder, config) as run:
            assert run.placement.size == (1 if data == "1" else 8)
            evolve(run, "tree")
            frames.append(History.open(folder / "evolve-tree" / "history").frame())
            archives.append(open_found(run, "tree").archive.state())
assert frames[0].equals(frames[1])
assert (frames[0]["outcome"] == "ok").sum() > 20
for one, other in zip(*map(jax.tree.leaves, archives), strict=True):
    np.testing.assert_array_equal(one, other)
"""

SHAPES = (
    "({'data': 8}, {'data': 2, 'fsdp': 4}, {'data': 2, 'tensor': 4}, {'fsdp': 2, 'tensor': 2})"
)


@pytest.mark.slow
def test_training_agrees_and_parameters_are_cut() -> None:
    few = SHAPES.replace("'tensor': 4", "'tensor': 2")  # two heads of keys are two parts
    run_on_devices(MODEL + f"SHAPES = {few}\n" + TRAIN)


@pytest.mark.slow
def test_sampling_agrees() -> None:
    run_on_devices(MODEL + f"SHAPES = {SHAPES}\n" + SAMPLE)


@pytest.mark.slow
def test_ppo_agrees_and_its_state_is_cut() -> None:
    run_on_devices(PPO)


@pytest.mark.slow
def test_physics_and_archive_are_those_of_one_device() -> None:
    run_on_devices(PHYSICS)
