"""No body may explode: the clamp of `assemble` against random and adversarial walkers."""

import numpy as np
import pytest

from physics.simulate import simulate
from physics.terrain import make_terrain

FLAT = make_terrain("flat")


def _springs(random, pairs, make_body, joints, share_rigid):
    rigid = random.random(len(pairs)) < share_rigid
    amplitude = np.where(rigid, 0.0, random.choice([-0.3, 0.3], len(pairs)))
    return make_body(
        joints, pairs, rigid=rigid, amplitude=amplitude, phase=random.random(len(pairs))
    )


def _plain(random, make_body):
    """As random walkers are: 4 to 16 joints, up to 32 springs."""
    count = random.integers(4, 17)
    pairs = random.permutation(np.stack(np.triu_indices(count, 1), axis=1))[:32]
    return _springs(random, pairs, make_body, random.uniform(-5, 5, (count, 2)), 0.2)


def _dense(random, make_body):
    """All pairs of 11 to 16 joints, mostly rigid."""
    count = random.integers(11, 17)
    pairs = np.stack(np.triu_indices(count, 1), axis=1)
    return _springs(random, pairs, make_body, random.uniform(-3, 3, (count, 2)), 0.8)


def _star(random, make_body):
    """60 springs at one joint."""
    pairs = np.stack([np.zeros(60, int), np.arange(1, 61)], axis=1)
    return _springs(random, pairs, make_body, random.uniform(-5, 5, (61, 2)), random.random())


def _doubled(random, make_body):
    """Every spring ten times, which no program can ask for: `build` skips repeats."""
    pairs = np.repeat(np.stack(np.triu_indices(4, 1), axis=1), 10, axis=0)
    return _springs(random, pairs, make_body, random.uniform(-2, 2, (4, 2)), 0.5)


def _coincident(random, make_body):
    """Joints that coincide in pairs exactly or up to a millimetre, joined and not."""
    spots = random.uniform(-3, 3, (6, 2))
    apart = random.choice([0.0, 1e-3, 1e-2]) * random.normal(size=(6, 2))
    pairs = random.permutation(np.stack(np.triu_indices(12, 1), axis=1))[:40]
    return _springs(random, pairs, make_body, np.concatenate([spots, spots + apart]), 0.5)


def _huge(random, make_body):
    """Ten times as large as the paper's walkers."""
    pairs = random.permutation(np.stack(np.triu_indices(8, 1), axis=1))[:20]
    return _springs(random, pairs, make_body, random.uniform(-100, 100, (8, 2)), 0.3)


KINDS = (_plain, _dense, _star, _doubled, _coincident, _huge)
# How many of 10,000, by what a walker of the kind costs.
SHARES = dict(zip(KINDS, (5000, 1500, 500, 1500, 1000, 500), strict=True))


def _population(count, make_body):
    random = np.random.default_rng(0)
    for make, share in SHARES.items():
        for _ in range(round(count * share / 10_000)):
            yield make(random, make_body)


def _explosions(bodies, terrain):
    outcome = simulate(bodies, terrain, seconds=10.0)
    assert np.isfinite(outcome.displacement).all()
    return int(outcome.diverged.sum())


@pytest.mark.parametrize("name", ["flat", "tunnel"])
def test_none_of_two_hundred_explodes(name, make_body):
    bodies = list(_population(200, make_body))
    assert _explosions(bodies, make_terrain(name)) == 0


@pytest.mark.slow
def test_none_of_ten_thousand_explodes(make_body):
    assert _explosions(list(_population(10_000, make_body)), FLAT) == 0


def test_dense_bodies_explode_without_the_clamp(make_body, monkeypatch):
    monkeypatch.setattr("physics.assemble.STABLE_LOAD", np.inf)
    random = np.random.default_rng(0)
    assert _explosions([_dense(random, make_body) for _ in range(8)], FLAT) > 0
