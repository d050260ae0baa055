"""Colours of the page: those of the pictures, so that both read alike."""

import matplotlib
from matplotlib.colors import to_hex

from elmjax.report.drawing import PHASE_COLOURS

STEPS = 33


def palettes() -> dict[str, list[str]]:
    """Colours in order, as hex: `fitness` rises evenly in lightness, `phase` closes a circle."""
    maps = {"fitness": matplotlib.colormaps["viridis"], "phase": PHASE_COLOURS}
    return {
        use: [to_hex(colours(step / (STEPS - 1))) for step in range(STEPS)]
        for use, colours in maps.items()
    }
