import jax
import numpy as np
import pytest

from elmjax.lm.divergence import divergence, weighted_divergence
from elmjax.lm.loss import target_scores
from elmjax.lm.packing import Document, pack

BATCH = pack(
    [
        Document(prompt=[1, 2, 3], continuations=[[10, 11], [20]], prompt_weight=0.0),
        Document(prompt=[4, 5], continuations=[[30, 31, 32]], continuation_weight=2.0),
    ],
    12,
).batch


@pytest.fixture(scope="module")
def compiled():
    return jax.jit(weighted_divergence, static_argnums=2)


def test_it_is_that_of_the_definition():
    p, q = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.25, 0.5])
    # 0.5 ln 2 + 0.25 ln 1 + 0.25 ln 0.5, in nats
    wanted = 0.25 * np.log(2.0)
    # Logits may be shifted.
    assert float(divergence(np.log(p) + 3.0, np.log(q))) == pytest.approx(wanted, rel=1e-5)


def test_it_is_not_symmetric_and_never_negative():
    scores = np.random.default_rng(0).normal(size=(2, 100, 7)).astype(np.float32)
    one_way, other_way = divergence(scores[0], scores[1]), divergence(scores[1], scores[0])
    assert one_way.shape == (100,)
    assert (one_way > 0.0).all()
    assert not np.allclose(one_way, other_way)


def test_a_model_is_not_apart_from_itself(config, params, compiled):
    total, weight = compiled(params, params, config, BATCH)
    assert float(total) == 0.0
    # Prompt of the first document without weight, its edits 3; 1 and 2 x 3 of the second.
    assert float(weight) == 10.0


def test_a_model_that_expects_everything_alike_is_apart_as_the_definition_says(
    config, params, compiled
):
    """Where the last norm is zero all logits are: KL(uniform || q) = -ln V - mean of ln q."""
    silent = jax.tree_util.tree_map_with_path(
        lambda path, leaf: leaf * 0.0 if path[0].key == "norm" else leaf, params
    )
    scores = np.asarray(target_scores(params, config, BATCH), np.float64)
    log_q = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    apart = -np.log(config.vocab_size) - log_q.mean(-1)
    total, _ = compiled(silent, params, config, BATCH)
    assert float(total) == pytest.approx((apart * BATCH.weights).sum(), rel=1e-4)
