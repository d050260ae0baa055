"""Ground that rises in both directions, on the host: heights over a level grid of points."""

import dataclasses

import numpy as np

from physics.parameters import FARTHEST, check_positive, check_whole

RELIEF_HALF_WIDTH = 100.0  # m to every side of the start; beyond, the ground goes on level
RELIEF_SPACING = 1.0  # m
WAVES_PER_LENGTH = 3  # of different directions


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class HeightField:
    """Heights over a level centred on x = z = 0.

    Raises:
        ValueError: on construction, where they make no ground.
    """

    heights: np.ndarray  # [points along x, points along z] float64 m
    spacing: float  # m between points

    def __post_init__(self) -> None:
        if self.heights.ndim != 2 or min(self.heights.shape) < 2:
            got = list(self.heights.shape)
            raise ValueError(f"heights: got shape {got}, want [x points >= 2, z points >= 2]")
        if not (np.isfinite(self.heights).all() and np.abs(self.heights).max() <= FARTHEST):
            raise ValueError(f"heights: want finite numbers of at most {FARTHEST:g} m")
        check_positive("heights", spacing=self.spacing)

    def section(self) -> np.ndarray:
        """The ground at z = 0, a polyline of [points along x, 2] m."""
        along_x, along_z = self.heights.shape
        x = self.spacing * (np.arange(along_x) - (along_x - 1) / 2.0)
        middle = self.heights[:, (along_z - 1) // 2] + self.heights[:, along_z // 2]
        return np.stack([x, middle / 2.0], axis=1)


def rolling(
    seed: int = 0, height: float = 2.0, slope: float = 0.5, flat_start: float = 5.0
) -> HeightField:
    """Smooth random hills in both directions, level within `flat_start` m of the start.

    Args:
        seed: Chooses the hills; the same seed gives the same hills everywhere.
        height: Largest elevation above and below the start, m.
        slope: Largest slope; heights shrink where they would exceed it.
        flat_start: Radius of the level start, m.
    """
    check_whole("relief", seed=seed)
    check_positive("relief", height=height, slope=slope)
    check_positive("relief", most=RELIEF_HALF_WIDTH / 2.0, flat_start=flat_start)
    # The generator by name: NumPy may change which one is its default.
    random = np.random.Generator(np.random.PCG64(seed))
    count = round(RELIEF_HALF_WIDTH / RELIEF_SPACING)
    line = RELIEF_SPACING * np.arange(-count, count + 1)
    x, z = np.meshgrid(line, line, indexing="ij")
    wavelength = np.repeat(np.geomspace(8.0, 40.0, 6), WAVES_PER_LENGTH)
    direction, turn = 2.0 * np.pi * random.uniform(0.0, 1.0, (2, len(wavelength)))
    heights = np.zeros_like(x)
    # Amplitudes in proportion to the wavelength: every octave is equally steep.
    for length, angle, phase in zip(wavelength, direction, turn, strict=True):
        along = np.cos(angle) * x + np.sin(angle) * z
        heights += length * np.sin(2.0 * np.pi * along / length + phase)
    away = np.clip((np.hypot(x, z) - flat_start) / 10.0, 0.0, 1.0)
    heights *= away**2 * (3.0 - 2.0 * away)
    heights *= min(height / np.max(np.abs(heights)), slope / _steepest(heights))
    return HeightField(heights=heights, spacing=RELIEF_SPACING)


def _steepest(heights: np.ndarray) -> float:
    """Largest slope of the bilinear ground, which it has at a corner of a cell."""
    along_x, along_z = np.abs(np.diff(heights, axis=0)), np.abs(np.diff(heights, axis=1))
    steepest_x = np.maximum(along_x[:, :-1], along_x[:, 1:])
    steepest_z = np.maximum(along_z[:-1], along_z[1:])
    return float(np.hypot(steepest_x, steepest_z).max()) / RELIEF_SPACING
