import dataclasses

import jax
import numpy as np
import pytest

from elmjax.lm.loss import target_losses, weighted_loss
from elmjax.lm.packing import Document, pack

DOCUMENTS = [
    Document(prompt=[1, 2, 3], continuations=[[10, 11], [20, 21, 22]], prompt_weight=0.2),
    Document(prompt=[4, 5], continuations=[[30]], continuation_weight=3.0),
]


def test_indifference_costs_the_logarithm_of_the_vocabulary(config, params):
    silent = jax.tree.map(np.zeros_like, params)
    losses = jax.jit(target_losses, static_argnums=1)(silent, config, pack(DOCUMENTS, 12).batch)
    np.testing.assert_allclose(losses, np.log(config.vocab_size), rtol=1e-6)


def test_loss_is_the_weighted_sum(config, params):
    batch = pack(DOCUMENTS, 12).batch
    total, weight = jax.jit(weighted_loss, static_argnums=1)(params, config, batch)
    losses = np.asarray(jax.jit(target_losses, static_argnums=1)(params, config, batch))
    assert float(total) == pytest.approx(float(np.sum(losses * batch.weights)), rel=1e-5)
    assert float(weight) == pytest.approx(2 * 0.2 + 5 * 1.0 + 1 * 1.0 + 1 * 3.0)


def test_slots_without_weight_are_inert(config, params):
    batch = pack(DOCUMENTS, 12).batch
    padding = batch.group == 0
    assert padding.any()
    garbage = dataclasses.replace(
        batch,
        tokens=np.where(padding, 49, batch.tokens),
        targets=np.where(padding, 48, batch.targets),
    )
    slope = jax.jit(jax.grad(lambda p, b: weighted_loss(p, config, b)[0]))
    wanted, got = slope(params, batch), slope(params, garbage)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-4), wanted, got)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(wanted))
