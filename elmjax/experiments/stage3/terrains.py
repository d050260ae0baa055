"""Sets of terrains that a model is trained on, and how it is shown them. Imports nothing heavy."""

from collections.abc import Mapping
from typing import Literal

# The paper's two; no walker of it does well on all terrains of one.
DISTRIBUTIONS: Mapping[str, tuple[str, ...]] = {
    "tunnel": ("left_wall", "right_wall", "tunnel"),
    "bumpy": ("left_wall", "right_wall", "bumpy"),
    "tunnel_flat": ("left_wall", "right_wall", "tunnel", "flat"),
    "bumpy_flat": ("left_wall", "right_wall", "bumpy", "flat"),
}
Encoder = Literal["codes", "image", "resnet50"]
