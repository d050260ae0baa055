"""Records of one walker, its state, its terrain and its outcome.

A vector has two or three rows, `[dim, joints]`: x forward, y up and, in three dimensions, z in
depth (right-handed: towards whoever sees x run to the right). A walker whose z is 0 is the one of
the plane. The component leads so that each is contiguous in memory, which the gathers of `springs`
and `contact` need on a CPU.

Leaves are NumPy arrays on the host and device arrays in a backend. Shapes are for one walker;
a batch adds an axis in front.
"""

from typing import TYPE_CHECKING, Any

from flax import struct

if TYPE_CHECKING:
    from physics.wiring import Wiring

# NumPy on the host, jax.Array on the device, tracers in between: no one type covers the three.
Array = Any

FORWARD, UP, DEPTH = 0, 1, 2  # rows of a vector


@struct.dataclass
class Walker:
    """A body placed on a terrain, with coefficients for joints of unit mass, padded to a capacity.

    Padded springs have no stiffness; padded joints have no share in the centre of mass and no
    springs. Quantities of springs are [springs], or [joints, joints] where the wiring is `Pairs`.
    """

    position: Array  # [dim, joints] float32 m, at time 0
    share: Array  # [joints] float32, 1 / number of joints; 0 where padded
    wiring: "Wiring"
    rest_length: Array  # [springs] float32 m, mean over a muscle period
    # Rest length at time t: rest_length + swing_cosine cos(w t) - swing_sine sin(w t), which costs
    # no trigonometry per spring and step.
    swing_cosine: Array  # [springs] float32 m
    swing_sine: Array  # [springs] float32 m
    stiffness: Array  # [springs] float32 1/s^2
    damping: Array  # [springs] float32 1/s


@struct.dataclass
class State:
    """Where the joints are and how they move."""

    position: Array  # [dim, joints] float32 m
    velocity: Array  # [dim, joints] float32 m/s


@struct.dataclass
class Effort:
    """What a walk costs: rates at a time step, or their integrals over time."""

    contact: Array  # [joints] float32, 1 where the joint touches the terrain; integral in s
    power: Array  # [springs] float32 m^2/s^3, put in by muscles; integral in m^2/s^2


@struct.dataclass
class Relief:
    """Heights of a ground that rises in both directions, by the cells of a level grid.

    Cells are numbered from x to x: those along z are neighbours. The ground goes on level from its
    rim. Joined reliefs hold one column of the grid's fields per joint, as a `Terrain` does.
    """

    # Of the corners of every cell, [4, cells] float32 m: at its lower x and z, at its upper z, at
    # its upper x, at both upper ones.
    corners: Array
    origin: Array  # [2, 1] float32 m, least x and z
    cells_per_metre: Array  # [2, 1] float32 1/m
    grid: Array  # [2, 1] int32, cells along x and z
    first_cell: Array  # [1] int32


@struct.dataclass
class Terrain:
    """Surface segments, listed by the cells of a grid that a joint's centre may stand in.

    The segments stand in the plane of x and y; in three dimensions they go on without end in depth,
    and there may be a relief beside them. Cells are numbered column by column; those at the rim
    extend to infinity. In a union of walkers on different terrains (`physics.backends.xla`) the
    tables stand one behind another and the grid's four fields hold one column per joint.
    """

    # The candidates of each cell, [candidates, 6, cells] float32: start x, start y, tangent x,
    # tangent y, length (m) and corner. Free space is on the left of the tangent. `corner` is the
    # cotangent of the turn at the segment's end where that is convex, else NO_CORNER.
    segments: Array
    origin: Array  # [2, 1] float32 m, lower left end of the grid
    cells_per_metre: Array  # [2, 1] float32 1/m
    grid: Array  # [2, 1] int32, columns and rows
    first_cell: Array  # [1] int32
    floor: Array  # [2, points] float32 m, left to right; places walkers, plays no part in steps
    # Whether cells are looked up by gather, or by a product with a one-hot matrix as TPUs need it.
    by_gather: bool = struct.field(pytree_node=False, default=True)
    relief: Relief | None = None  # for walkers in three dimensions only


@struct.dataclass
class Walk:
    """What a walk measured. All but the flag are 0, and the centre stays, where it diverged."""

    displacement: Array  # [] float32 m, signed, of the centre of mass along x
    diverged: Array  # [] bool
    center_of_mass: Array  # [samples, dim] float32 m, every SAMPLE_SECONDS from time 0
    contact_fraction: Array  # [] float32, share of joints and time in contact with the terrain
    energy: Array  # [] float32 m^2/s^2: J that muscles put in, per kg of one joint
    drift: Array | None = None  # [] float32 m, signed, along z; None in the plane


@struct.dataclass(kw_only=True)
class Outcome(Walk):
    """A walk and the body that walked, as it stood before; names no fitness."""

    width: Array  # [] float64 m, along x
    height: Array  # [] float64 m, along y
    depth: Array | None = None  # [] float64 m, along z; None in the plane
    mass: Array  # [] float64, the paper's descriptor; see `Body.mass`
