"""Frequencies of rotary positions, plain or stretched to contexts longer than were trained on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Linear:
    """All positions divided by a factor (Chen et al. 2023, https://arxiv.org/abs/2306.15595)."""

    factor: float

    def stretch(self, frequency: np.ndarray, _theta: float) -> np.ndarray:
        """Frequencies [components / 2], radians a token."""
        return frequency / self.factor

    @property
    def gain(self) -> float:
        """What rotated queries and keys are multiplied by."""
        return 1.0


@dataclass(frozen=True, kw_only=True)
class Llama3:
    """Long wavelengths divided, short ones kept, a ramp between (Llama 3.1)."""

    factor: float
    low: float  # wavelengths longer than trained / low are divided
    high: float  # those shorter than trained / high are kept
    trained: int  # tokens of the context before

    def stretch(self, frequency: np.ndarray, _theta: float) -> np.ndarray:
        """As of `Linear`."""
        turns = self.trained * frequency / (2.0 * math.pi)  # within the context trained on
        kept = np.clip((turns - self.low) / (self.high - self.low), 0.0, 1.0)
        return frequency * (kept + (1.0 - kept) / self.factor)

    @property
    def gain(self) -> float:
        """As of `Linear`."""
        return 1.0


@dataclass(frozen=True, kw_only=True)
class Yarn:
    """A ramp over the components, and larger scores (Peng et al. 2023, arXiv 2309.00071)."""

    factor: float
    trained: int  # tokens of the context before
    gain: float
    fast: float = 32.0  # components that turn more often than this in the context are kept
    slow: float = 1.0  # those that turn less often are divided
    truncate: bool = True  # the ramp begins and ends at whole components

    def stretch(self, frequency: np.ndarray, theta: float) -> np.ndarray:
        """As of `Linear`."""
        half = len(frequency)
        first, last = (self._component(turns, half, theta) for turns in (self.fast, self.slow))
        if self.truncate:
            first, last = math.floor(first), math.ceil(last)
        first, last = max(first, 0), min(last, 2 * half - 1)
        width = last - first if last != first else 1e-3
        divided = np.clip((np.arange(half) - first) / width, 0.0, 1.0)
        return frequency * (1.0 - divided + divided / self.factor)

    def _component(self, turns: float, half: int, theta: float) -> float:
        """Which pair of components turns so often in the context, as a real number."""
        return half * math.log(self.trained / (turns * 2.0 * math.pi)) / math.log(theta)


def yarn_gain(factor: float, scale: float = 1.0) -> float:
    """The factor that Peng et al. fitted; 1 where nothing is stretched."""
    return 1.0 if factor <= 1.0 else 0.1 * scale * math.log(factor) + 1.0


@dataclass(frozen=True, kw_only=True)
class Rope:
    """How rotary embedding turns queries and keys (Su et al. 2021, arXiv 2104.09864)."""

    theta: float = 10_000.0  # longest wavelength, in tokens, over 2 pi
    rotated: int | None = None  # leading components of a head that turn; None: all
    neighbours: bool = False  # pairs (2i, 2i + 1), else (i, i + rotated / 2)
    scaling: Linear | Llama3 | Yarn | None = None

    def components(self, head_width: int) -> int:
        """Components of a head that turn."""
        return head_width if self.rotated is None else self.rotated

    def frequencies(self, head_width: int) -> np.ndarray:
        """[components / 2] float32, radians a token."""
        turned = self.components(head_width)
        frequency = self.theta ** -(np.arange(0, turned, 2) / turned)
        if self.scaling is not None:
            frequency = self.scaling.stretch(frequency, self.theta)
        return frequency.astype(np.float32)

    @property
    def gain(self) -> float:
        """What rotated queries and keys are multiplied by."""
        return 1.0 if self.scaling is None else self.scaling.gain
