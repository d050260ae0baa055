"""A walker's body on the host: joints joined by springs, before padding. NumPy only, no JAX.

Coordinates are the program's own, in metres; x points right, y up and z, where there is one, out of
the picture. Width, height and mass are the descriptors of the paper's Sodarace; depth is ours.
"""

import dataclasses
import functools
import hashlib
from collections.abc import Sequence

import numpy as np

MAX_AMPLITUDE = 0.3  # fraction of the rest length


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Body:
    """One walker, canonical (no repeated joint or spring) and unpadded.

    Raises:
        ValueError: on construction, where a field has the wrong shape or a value out of range.
    """

    joints: np.ndarray  # [joints, dim] float32 m
    ends: np.ndarray  # [springs, 2] int32, indices of joints
    rigid: np.ndarray  # [springs] bool
    amplitude: np.ndarray  # [springs] float32 fraction of rest length; 0 where rigid
    phase: np.ndarray  # [springs] float32 cycles

    def __post_init__(self) -> None:
        _check_form(self)
        _check_values(self)

    @property
    def dim(self) -> int:
        """Dimensions of space, 2 or 3."""
        return self.joints.shape[1]

    @functools.cached_property
    def rest_length(self) -> np.ndarray:
        """Distance between the ends of each spring as built, [springs] float32 m."""
        return _lengths(self.joints, self.ends)

    @property
    def width(self) -> float:
        """Horizontal extent between joint centres, m."""
        return float(np.ptp(self.joints[:, 0]))

    @property
    def height(self) -> float:
        """Vertical extent between joint centres, m."""
        return float(np.ptp(self.joints[:, 1]))

    @property
    def depth(self) -> float:
        """Extent along z between joint centres, m; 0 in the plane."""
        return float(np.ptp(self.joints[:, 2])) if self.dim == 3 else 0.0

    @property
    def mass(self) -> float:
        """The paper's descriptor, one per joint and half the total spring length.

        The simulation gives every joint the same mass and does not use it.
        """
        return len(self.joints) + 0.5 * float(self.rest_length.sum(dtype=np.float64))

    def digest(self) -> str:
        """A hash of the contents, equal for equal bodies on every platform; 32 hex digits."""
        sizes = np.array([len(self.joints), len(self.ends)])
        hasher = hashlib.blake2b(sizes.astype("<i8").tobytes(), digest_size=16)
        hasher.update(self.ends.astype("<i4").tobytes())
        hasher.update(self.rigid.astype("<u1").tobytes())
        for values in (self.joints, self.amplitude, self.phase):
            # Adding zero turns -0.0 into 0.0: equal values must give equal bytes.
            hasher.update((values + 0.0).astype("<f4").tobytes())
        return hasher.hexdigest()


def measure_bodies(bodies: Sequence[Body]) -> dict[str, np.ndarray]:
    """Width, height, in three dimensions depth, and mass of many bodies of one dimension.

    [bodies] float64 each, as `Body` gives them.
    """
    if not bodies:
        return {name: np.zeros(0) for name in ("width", "height", "mass")}
    counts = np.array([len(body.joints) for body in bodies])
    joints = np.concatenate([body.joints for body in bodies])
    first = np.cumsum(counts) - counts
    extent = np.maximum.reduceat(joints, first) - np.minimum.reduceat(joints, first)
    owner, length = spring_lengths(bodies)
    total = np.bincount(owner, weights=length, minlength=len(bodies))
    extents = zip(("width", "height", "depth"), extent.astype(np.float64).T, strict=False)
    return {**dict(extents), "mass": counts + 0.5 * total}


def spring_lengths(bodies: Sequence[Body]) -> tuple[np.ndarray, np.ndarray]:
    """The body of every spring of many bodies, and its `Body.rest_length`, [all springs] m."""
    counts = [len(body.joints) for body in bodies]
    owner = np.repeat(np.arange(len(bodies)), [len(body.ends) for body in bodies])
    joints = np.concatenate([body.joints for body in bodies])
    ends = np.concatenate([body.ends for body in bodies])
    ends = ends + (np.cumsum(counts) - counts)[owner, None]
    return owner, _lengths(joints, ends)


def _lengths(joints: np.ndarray, ends: np.ndarray) -> np.ndarray:
    offset = (joints[ends[:, 1]] - joints[ends[:, 0]]).astype(np.float64)
    # As `hypot`, which is ten times slower: in double precision no square of a float32 overflows.
    return np.sqrt(functools.reduce(np.add, offset.T**2)).astype(np.float32)


@dataclasses.dataclass(frozen=True, order=True)
class Capacity:
    """How many joints and springs a padded walker can hold."""

    joints: int
    springs: int

    def holds(self, body: Body) -> bool:
        """Whether the body fits."""
        return len(body.joints) <= self.joints and len(body.ends) <= self.springs


# Smallest first. Each one used compiles a program of its own, so there are few.
CAPACITIES = (
    Capacity(16, 32),
    Capacity(32, 64),
    Capacity(32, 128),
    Capacity(64, 512),
    Capacity(320, 1024),
)


def capacity_for(body: Body) -> Capacity | None:
    """The smallest capacity that holds the body, or None where none does."""
    return next((capacity for capacity in CAPACITIES if capacity.holds(body)), None)


def _check_form(body: Body) -> None:
    springs = len(body.ends)
    wanted: dict[str, tuple[np.ndarray, type, tuple[int, ...]]] = {
        "joints": (body.joints, np.float32, (len(body.joints), 3 if _is_spatial(body) else 2)),
        "ends": (body.ends, np.int32, (springs, 2)),
        "rigid": (body.rigid, np.bool_, (springs,)),
        "amplitude": (body.amplitude, np.float32, (springs,)),
        "phase": (body.phase, np.float32, (springs,)),
    }
    for name, (array, dtype, shape) in wanted.items():
        if array.dtype != dtype or array.shape != shape:
            raise ValueError(
                f"Body.{name}: got {array.dtype}{list(array.shape)}, "
                f"want {np.dtype(dtype).name}{list(shape)}"
            )
    if len(body.joints) == 0:
        raise ValueError("Body.joints: got 0 joints, want at least 1")


def _is_spatial(body: Body) -> bool:
    return body.joints.ndim == 2 and body.joints.shape[1] == 3


def _check_values(body: Body) -> None:
    for name in ("joints", "amplitude", "phase"):
        if not np.isfinite(getattr(body, name)).all():
            raise ValueError(f"Body.{name}: got a value that is not finite")
    if len(body.ends) == 0:
        return
    if body.ends.min() < 0 or body.ends.max() >= len(body.joints):
        raise ValueError(
            f"Body.ends: got {body.ends.min()}..{body.ends.max()}, "
            f"want indices in 0..{len(body.joints) - 1}"
        )
    if (body.ends[:, 0] == body.ends[:, 1]).any():
        raise ValueError("Body.ends: got a spring that joins a joint to itself")
    # A request of exactly 0.3 may round up in float32.
    if np.abs(body.amplitude).max() > MAX_AMPLITUDE + 1e-6:
        raise ValueError(
            f"Body.amplitude: got {np.abs(body.amplitude).max():.4g}, want at most {MAX_AMPLITUDE}"
        )
    if (body.amplitude[body.rigid] != 0.0).any():
        raise ValueError("Body.amplitude: got a nonzero amplitude on a rigid spring, want 0")
