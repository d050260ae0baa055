"""Box2D as the benchmark sets it up repeats the reference walks, which another program recorded.

The reference is rounded to four decimals, and the walks are chaotic: the last bit of a float grows,
on slopes above all, to centimetres within two seconds and to metres within ten on a few of them.
So the start is compared tightly and the end by correlation.
"""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from elmjax.bench.plan import read_plan
from physics.body import Body
from physics.terrain import Polylines
from physics.world import World

pytest.importorskip("Box2D", reason="needs Box2D: pip install elmjax[box2d]")

WALKERS = 90  # the random ones, which come first
LEAST_CORRELATION = {  # of displacements after 10 s
    "flat": 0.999,
    "left_wall": 0.999,
    "right_wall": 0.999,
    "tunnel": 0.999,
    "bumpy": 0.96,  # slopes of 45 degrees: Box2D at 240 Hz agrees with this to no more than .8
    "hills": 0.99,
}


@pytest.fixture(scope="module")
def reference():
    path = Path(__file__).parents[1] / "golden" / "box2d_reference.json.gz"
    with gzip.open(path) as file:
        return json.load(file)


@pytest.mark.parametrize("name", LEAST_CORRELATION)
def test_reference_walks_are_repeated(name, reference):
    expected = np.array(reference["runs"][f"{name}@60Hz"])[:WALKERS]
    paths = _paths(reference["walkers"][:WALKERS], _polylines(reference["terrains"][name]))
    assert paths.shape == expected.shape
    far = np.abs(paths - expected).max(axis=2)  # [walkers, samples] m
    rounding = 0.5e-4
    # Two seconds: four samples after the start.
    assert np.median(far[:, :5].max(axis=1)) < 4 * rounding
    if name not in ("bumpy", "hills"):
        assert far[:, :4].max() < 2 * rounding
    ways = paths[:, :, 0] - paths[:, :1, 0], expected[:, :, 0] - expected[:, :1, 0]
    assert np.corrcoef(*(way[:, 10] for way in ways))[0, 1] > 0.995
    assert np.corrcoef(*(way[:, 20] for way in ways))[0, 1] > LEAST_CORRELATION[name]


def test_a_comparison_is_of_the_same_walks():
    from elmjax.bench.comparison import BOX2D_WALKERS, compare

    plan = read_plan(
        backend="xla",
        buckets="16x32",
        batches="70,2",
        terrains="flat",
        seconds=1.0,
        repeats=3,
        against="box2d",
    )
    (row,) = compare(plan)
    assert (row.bucket, row.terrain, row.batch) == ("16x32", "flat", 70)
    assert row.box2d_walkers == BOX2D_WALKERS == 64
    # The first second is a fall and a landing: were the walkers others, this would be near 0.
    assert row.correlation > 0.9
    assert row.box2d_solver > row.box2d > 0.0
    assert row.machine_ratio == sorted(row.pair_ratios)[1] > row.solver_machine_ratio > 0.0


def _paths(walkers, lines: Polylines) -> np.ndarray:
    """Centres of mass over ten seconds, [walkers, samples, 2] m."""
    from elmjax.bench.box2d import make_ground, walk_in_box2d

    world = World()
    return np.array(
        [
            walk_in_box2d(
                make_ground(lines, world), _body(walker), lines, world=world, seconds=10.0
            ).center_of_mass
            for walker in walkers
        ]
    )


def _polylines(record) -> Polylines:
    return Polylines(
        floor=np.array(record["floor"], float),
        ceilings=tuple(np.array(line, float) for line in record["ceilings"] or ()),
    )


def _body(walker) -> Body:
    first, second, rigid, amplitude, phase = zip(*walker["springs"], strict=True)
    rigid = np.array(rigid, bool)
    return Body(
        joints=np.array(walker["joints"], np.float32),
        ends=np.stack([first, second], axis=1).astype(np.int32),
        rigid=rigid,
        amplitude=np.where(rigid, 0.0, np.array(amplitude, float)).astype(np.float32),
        phase=np.where(rigid, 0.0, np.array(phase, float)).astype(np.float32),
    )
