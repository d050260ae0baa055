"""The programs from which the paper's runs start (section 5, appendix B), written from its facts.

They are "not highly tuned" and "barely functional": a run places one of them in the archive and
evolves the rest. Each is in canonical form.
"""

from collections.abc import Mapping

from elmjax.programs.shipped import ShippedPrograms

# Ours, for three dimensions: the Square, the Radial and the CPPN walkers with a depth.
SPATIAL_SEEDS: Mapping[str, str] = ShippedPrograms("seeds3d", ("cube", "tetrahedral", "cppn_grid"))

SEEDS: Mapping[str, str] = ShippedPrograms(
    "seeds", ("square", "radial", "cppn_fixed", "cppn_mutable")
)
