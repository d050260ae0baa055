"""What one spring does at one moment, element by element: `physics.springs` as the kernels need it.

Coefficients are those of `physics.types.Walker`; arrays may have any one shape.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from physics.springs import SOFTENING
from physics.types import Array

COEFFICIENTS = ("rest_length", "swing_cosine", "swing_sine", "stiffness", "damping")


class Moment(NamedTuple):
    """Second end minus first end of springs."""

    x: Array  # m
    y: Array  # m
    speed_x: Array  # m/s
    speed_y: Array  # m/s


def pull(
    moment: Moment, coefficients: list[Array], cosine: Array, sine: Array
) -> tuple[Array, Array, Array]:
    """Force on the first ends and the power of the muscles.

    Args:
        moment: Of the springs.
        coefficients: In the order of COEFFICIENTS.
        cosine: Of the muscles' angle.
        sine: Of the same.

    Returns:
        Force along x and y, m/s^2, and power over the muscles' rate, m^2/s^2: whoever adds it up
        multiplies once.
    """
    rest_length, swing_cosine, swing_sine, stiffness, damping = coefficients
    squared = moment.x * moment.x + moment.y * moment.y + SOFTENING
    inverse_length = jax.lax.rsqrt(squared)
    rest = rest_length + (swing_cosine * cosine - swing_sine * sine)
    tension = stiffness * (squared * inverse_length - rest)
    shrinking = swing_cosine * sine + swing_sine * cosine
    stretch_rate = (moment.speed_x * moment.x + moment.speed_y * moment.y) * inverse_length
    along = (tension + damping * stretch_rate) * inverse_length
    return along * moment.x, along * moment.y, jnp.maximum(tension * shrinking, 0.0)
