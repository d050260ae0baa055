"""Walkers of the paper's runs that it prints (appendices F and G), written anew from its facts.

Wheel, Galloper and Runner came of preliminary runs; stage 2 completes their first halves. Each
builds a body with the counts and measures that follow from the printed program (number of joints
and springs, width, height); none holds a line of it.
"""

from collections.abc import Mapping

from elmjax.programs.shipped import ShippedPrograms

WALKERS: Mapping[str, str] = ShippedPrograms(
    "walkers", ("wheel", "galloper", "runner", "blob", "hopper", "centipede")
)
