"""Which bodies the kernels serve: work grows with the square of the joints, whatever is joined."""

from collections.abc import Sequence

from physics.body import Capacity

MOST_JOINTS = 64


def check_capacities(backend: str, capacities: Sequence[Capacity]) -> None:
    """Refuses bodies that a kernel does not serve.

    Raises:
        ValueError: naming the backend and what serves them.
    """
    most = max((capacity.joints for capacity in capacities), default=0)
    if most > MOST_JOINTS:
        raise ValueError(
            f"backend: {backend} walks bodies of up to {MOST_JOINTS} joints, got one that needs "
            f"room for {most}; want xla or auto"
        )
