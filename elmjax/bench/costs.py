"""What one walker costs in one substep, counted by hand: floating-point operations and bytes.

The count is nominal. It is that of `physics.step` on flat ground, a fused multiply-add being two
operations, whatever a backend makes of it; segments that are looked up on other terrains are not
counted, nor is anything outside the steps. It serves to compare backends with a machine's peaks,
not to judge one alone.

Operations of a spring, 34:

    offset and velocity between the ends            4
    rest length: L + A cos - B sin                  4
    squared length, softened                        4
    inverse root: estimate and one Newton step      6
    stretch                                         2
    stretch rate                                    5
    stiffness x stretch + damping x rate            3
    times the offset                                2
    added to one end, taken from the other          4

Operations of a joint, 29:

    gravity, force and drag                         7
    gap to the ground and the speed it allows       3
    rebound: approach, choice                       3
    normal impulse                                  3
    friction                                        4
    position                                        4
    push out of overlap                             5

Bytes are those of a form that keeps nothing in a cache: position and velocity of a joint are read
and written (2 x 2 x 2 float32), and what describes a spring is read (2 int32 and 5 float32).
"""

FLOPS_PER_SPRING = 34
FLOPS_PER_JOINT = 29
BYTES_PER_SPRING = 28
BYTES_PER_JOINT = 32


def flops_per_substep(joints: int, springs: int) -> int:
    """Floating-point operations of one walker in one substep."""
    return FLOPS_PER_JOINT * joints + FLOPS_PER_SPRING * springs


def bytes_per_substep(joints: int, springs: int) -> int:
    """Bytes that one walker moves in one substep if nothing stays in a cache."""
    return BYTES_PER_JOINT * joints + BYTES_PER_SPRING * springs
