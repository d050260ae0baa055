"""The physical constants of a world, in human units: metres, seconds, hertz, damping ratios.

They become coefficients in one place, `physics.assemble`, for joints of unit mass: every joint
weighs the same, so masses cancel and densities are irrelevant.
"""

import dataclasses
import math

# Muscle clock, drag and friction leave room for gaits: with OpenELM's scale (gravity 25 for a body
# drawn 68 units wide) evolved walkers cover a quarter of the ground in the same ten seconds.


@dataclasses.dataclass(frozen=True, kw_only=True)
class World:
    """Constants shared by every walker and terrain of a simulation."""

    gravity: float = 9.81  # m/s^2, downward
    joint_radius: float = 0.3  # m
    drag: float = 1.1  # 1/s, linear
    friction: float = 0.8  # Coulomb coefficient between joint and terrain
    restitution: float = 0.1  # rebound speed over approach speed
    restitution_speed: float = 1.0  # m/s; slower approaches do not rebound
    spring_hertz: float = 3.0  # oscillating springs
    spring_damping_ratio: float = 0.3
    rigid_hertz: float = 16.0  # rigid springs
    rigid_damping_ratio: float = 0.5
    muscle_rate: float = 6.0  # rad/s
    # Step rate of the implicit soft joint (Box2D's) whose numerical damping oscillating springs
    # reproduce: c_eff = c + k / reference_hertz. A law of that integrator, not a fit.
    reference_hertz: float = 60.0  # 1/s
    substeps_per_second: int = 240

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not math.isfinite(value) or value < 0.0:
                raise ValueError(f"World.{field.name}: got {value!r}, want a finite number >= 0")
        for name in ("joint_radius", "reference_hertz", "substeps_per_second"):
            if getattr(self, name) == 0:
                raise ValueError(f"World.{name}: got 0, want a number > 0")

    @property
    def time_step(self) -> float:
        """Length of one substep, s."""
        return 1.0 / self.substeps_per_second
