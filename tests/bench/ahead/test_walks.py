"""Programs of the physics that are made for a slice, packed as a run packs its bodies."""

from types import SimpleNamespace

import jax
import pytest

from elmjax.bench.ahead.program import Target
from elmjax.bench.ahead.walks import walks
from elmjax.config import load


# The largest chunk of this capacity is 64 walkers on a CPU.
@pytest.mark.parametrize(("settings", "most"), [([], 4), ([("robust.starts", "64")], 64)])
@pytest.mark.parametrize("dim", [2, 3])
def test_there_is_a_program_for_every_capacity(dim, settings, most) -> None:
    """On the XLA backend, which is on any platform: its chunks on a CPU are small."""
    fast = [("seconds", "0.5"), ("physics.backend", "xla"), ("physics.dim", str(dim))]
    target = Target.over("evolve", load(None, [*fast, *settings]), jax.local_devices()[:1])
    found = list(walks(target, 3, ["flat"]))
    assert [program.name.split()[1].rstrip(",") for program in found] == [
        "16x32",
        "32x64",
        "32x128",
        "64x512",
        "320x1024",
    ]
    smallest = found[0].lower()
    walkers = jax.tree.leaves(smallest.in_avals)[0].shape[0]
    assert walkers == most


def test_a_backend_of_another_platform_has_no_program_for_tpus() -> None:
    config = load(None, [("physics.backend", "native")])
    assert list(walks(SimpleNamespace(config=config), 3, ["flat"])) == []
