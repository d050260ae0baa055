"""Walks of ten seconds in the kernels, interpreted: as `xla` in distribution."""

import jax
import numpy as np
import pytest
from scipy.stats import ks_2samp

from physics.backends.pallas.gpu.backend import PallasGpu
from physics.backends.pallas.tpu.backend import PallasTpu
from physics.simulate import simulate
from physics.terrain import make_terrain

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kernel", [PallasTpu, PallasGpu])
@pytest.mark.parametrize("name", ["flat", "hills"])
def test_long_walks_agree_with_xla_in_distribution(kernel, name, reference):
    backend = kernel(devices=tuple(jax.local_devices()[:1]), interpret=True)
    ours, theirs = (
        simulate(reference, make_terrain(name), backend=each).displacement
        for each in (backend, "xla")
    )
    assert ks_2samp(ours, theirs, method="asymp").pvalue > 0.5
    assert np.corrcoef(ours, theirs)[0, 1] > 0.95
