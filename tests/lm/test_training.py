import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from elmjax.lm import decoder, training
from elmjax.lm.packing import Document, pack
from elmjax.lm.training import (
    OptimizerConfig,
    Schedule,
    init_state,
    loss_and_gradient,
    make_train_step,
)

DOCUMENTS = [
    Document(prompt=[i, i + 1, 7], continuations=[[i + 2, 40], [i + 3, 41, 5]]) for i in range(8)
]
BATCH = pack(DOCUMENTS, 7).batch  # one document a row
SCHEDULE = Schedule(peak=1e-2, warmup_steps=5, total_steps=60)


@pytest.fixture(scope="module")
def initial(config):
    init = jax.jit(decoder.init, static_argnums=0)
    return jax.tree.map(np.asarray, init(config, jax.random.key(0)))


@pytest.fixture
def fresh(initial):
    return jax.tree.map(jnp.array, initial)  # a copy, because the step donates it


def test_a_tiny_batch_is_learnt_by_heart(config, fresh):
    """All but the choice between the two continuations, which no model can foresee."""
    state, step = init_state(fresh), make_train_step(config)
    for _ in range(60):
        state, metrics = step(state, BATCH, SCHEDULE)
    weight = float(BATCH.weights.sum())
    # Per document: two continuations to choose from at their first token. The first token of the
    # prompt is given; its second follows from it.
    unforeseeable = 8 * 2 * np.log(2) / weight
    assert float(metrics.loss) == pytest.approx(unforeseeable, abs=0.05)
    assert int(state.step) == 60


def test_schedule_is_that_of_optax():
    schedule = Schedule(peak=3e-3, warmup_steps=10, total_steps=100)
    wanted = optax.warmup_cosine_decay_schedule(0.0, 3e-3, 10, 100, 0.0)
    for step in (0, 1, 9, 10, 11, 50, 99, 100, 130):
        assert float(schedule.learning_rate(step)) == pytest.approx(float(wanted(step)), abs=1e-9)


def test_update_is_that_of_optax_adamw(config, fresh, monkeypatch):
    def steep(params, *_, **__):
        """A made-up gradient: Adam would blow up the rounding errors of a real one."""
        gradient = jax.tree.map(lambda leaf: leaf + 0.5, params)
        return jnp.float32(0.0), jnp.float32(1.0), gradient

    monkeypatch.setattr(training, "loss_and_gradient", steep)
    optimizer = OptimizerConfig(clip_norm=0.9)  # not that of other tests, whose step is cached
    schedule = optax.warmup_cosine_decay_schedule(0.0, 1e-2, 5, 60, 0.0)
    mask = jax.tree_util.tree_map_with_path(lambda path, _: "norm" not in str(path), fresh)
    reference = optax.chain(
        optax.clip_by_global_norm(0.9),
        optax.adamw(schedule, b2=0.98, weight_decay=0.01, mask=mask),
    )
    wanted = jax.tree.map(jnp.copy, fresh)
    reference_state = reference.init(wanted)

    @jax.jit
    def follow(params, reference_state):
        updates, reference_state = reference.update(steep(params)[2], reference_state, params)
        return optax.apply_updates(params, updates), reference_state

    state, step = init_state(fresh, optimizer), make_train_step(config, optimizer)
    for _ in range(8):
        wanted, reference_state = follow(wanted, reference_state)
        state, _ = step(state, BATCH, SCHEDULE)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), state.params, wanted)


@pytest.fixture(scope="module")
def compiled():
    return jax.jit(loss_and_gradient, static_argnames=("config", "parts"))


def test_accumulation_is_the_whole_batch(config, params, compiled):
    lonely = pack([Document(prompt=[3, 4], prompt_weight=0.5)], 7).batch
    uneven = jax.tree.map(lambda *parts: np.concatenate(parts), BATCH.rows(slice(7)), lonely)
    whole = compiled(params, config, uneven)
    parts = compiled(params, config, uneven, parts=4)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), whole, parts)
    with pytest.raises(ValueError, match="multiple of 3 accumulation parts, got 8"):
        loss_and_gradient(params, config, uneven, parts=3)


def test_a_batch_without_weight_has_no_gradient(config, params, compiled):
    empty = jax.tree.map(np.zeros_like, BATCH)
    loss, weight, gradient = compiled(params, config, empty)
    assert (float(loss), float(weight)) == (0.0, 0.0)
    assert all(np.all(np.asarray(leaf) == 0.0) for leaf in jax.tree.leaves(gradient))


def test_schedules_and_reuse_compile_nothing(config, fresh, monkeypatch):
    traces = []

    def counted(params, *_, **__):
        traces.append(1)
        return jnp.float32(0.0), jnp.float32(1.0), params

    monkeypatch.setattr(training, "loss_and_gradient", counted)
    state = init_state(fresh)
    for peak, steps in ((1e-3, 10.0), (2e-3, 20.0), (5e-4, 7.0)):
        step = make_train_step(config, OptimizerConfig(clip_norm=0.8))
        state, _ = step(state, BATCH, Schedule(peak=peak, warmup_steps=2.0, total_steps=steps))
    assert len(traces) == 1


def test_warm_up_starts_from_rest(config, initial, fresh):
    state, metrics = make_train_step(config)(init_state(fresh), BATCH, SCHEDULE)
    assert float(metrics.learning_rate) == 0.0
    jax.tree.map(np.testing.assert_array_equal, state.params, initial)


def test_a_gradient_that_is_not_finite_changes_nothing_and_is_counted(config, fresh, initial):
    """Weights of NaN in a batch make its gradient NaN; the batches around it are learned."""
    poisoned = jax.tree.map(np.copy, BATCH)
    poisoned.weights[0, 2] = np.nan
    state, step = init_state(fresh), make_train_step(config)
    state, metrics = step(state, BATCH, SCHEDULE)
    moments = jax.tree.map(np.array, state.optimizer_state.inner_state)
    for wanted in (1, 2):
        state, metrics = step(state, poisoned, SCHEDULE)
        assert int(metrics.skipped) == wanted
    jax.tree.map(np.testing.assert_array_equal, state.params, initial)  # the warm-up began at 0
    jax.tree.map(np.testing.assert_array_equal, state.optimizer_state.inner_state, moments)
    state, metrics = step(state, BATCH, SCHEDULE)
    assert (int(metrics.skipped), int(state.optimizer_state.total_notfinite)) == (0, 2)
    changed = jax.tree.map(lambda a, b: bool(np.any(a != b)), state.params, initial)
    assert changed["embedding"]["embedding"]
