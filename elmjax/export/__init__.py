"""Walkers for other programs: as plain data, and as a model of MuJoCo."""

from elmjax.export.model import to_mjcf
from elmjax.export.placed import Placed, place
from elmjax.export.record import to_json

__all__ = ["Placed", "place", "to_json", "to_mjcf"]
