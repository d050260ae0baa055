"""Ten-second walks agree with Box2D 2.3.10 at 60 Hz, to which the constants belong.

The walks are chaotic: Box2D at 240 Hz agrees with itself at 60 Hz to .96 Pearson on flat ground.
With `-s` each test prints the rows of the table in docs/physics.md.
"""

import shutil

import numpy as np
import pandas as pd
import pytest

from physics.simulate import simulate
from physics.terrain import from_polylines

# On hills and bumps (five metres high) a few evolved outliers decide a correlation over all
# walkers, so the random ones are compared.
LEAST = {  # Pearson, Spearman
    "flat": (0.97, 0.95),
    "left_wall": (0.97, 0.95),
    "right_wall": (0.97, 0.95),
    "tunnel": (0.97, 0.95),
    "bumpy": (0.92, 0.90),
    "hills": (0.92, 0.90),
}
RANDOM_ONLY = ("bumpy", "hills")


@pytest.fixture(scope="module")
def bodies(box2d, make_body):
    walkers = []
    for walker in box2d["walkers"]:
        first, second, rigid, amplitude, phase = zip(*walker["springs"], strict=True)
        rigid = np.array(rigid, bool)
        walkers.append(
            make_body(
                walker["joints"],
                np.stack([first, second], axis=1),
                rigid=rigid,
                amplitude=np.where(rigid, 0.0, np.array(amplitude, float)),
                phase=np.where(rigid, 0.0, np.array(phase, float)),
            )
        )
    return walkers


@pytest.mark.parametrize("backend", ["xla", "native"])
@pytest.mark.parametrize("name", LEAST)
def test_displacement_agrees_with_box2d(name, backend, box2d, bodies):
    if backend == "native" and shutil.which("cc") is None:
        pytest.skip("no C compiler")
    polylines = box2d["terrains"][name]
    outcome = simulate(
        bodies, from_polylines(polylines["floor"], polylines["ceilings"] or ()), backend=backend
    )
    assert not outcome.diverged.any()
    kinds = np.array(box2d["kinds"])
    walks = pd.DataFrame({"kind": kinds, "ours": outcome.displacement})
    for hertz in (60, 240):
        path = np.array(box2d["runs"][f"{name}@{hertz}Hz"])[:, :, 0]
        walks[f"box2d {hertz}"] = path[:, -1] - path[:, 0]
    populations = {"all": walks, "random": walks[walks["kind"] == "random"]}
    for population, table in populations.items():
        for other in ("ours", "box2d 240"):
            pearson, spearman = _agreement(table, other)
            print(f"{backend}, {name}, {population}, {other}: {pearson:.3f} / {spearman:.3f}")
    agreement = _agreement(populations["random" if name in RANDOM_ONLY else "all"], "ours")
    assert all(got >= least for got, least in zip(agreement, LEAST[name], strict=True))


def _agreement(walks, other):
    """Pearson and Spearman correlation with Box2D at 60 Hz."""
    return [walks[other].corr(walks["box2d 60"], method=name) for name in ("pearson", "spearman")]
