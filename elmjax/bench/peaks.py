"""What the default device can do at best: float32 operations and memory traffic a second."""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp

from elmjax.bench.timing import seconds_of

PEAK_REPEATS = 5
MATRIX_SIZES = {"cpu": 2048}  # rows and columns by platform
MATRIX_SIZE = 8192
TRIAD_NUMBERS = 32 * 2**20  # arrays of 128 MiB: no cache holds them


@dataclasses.dataclass(frozen=True, kw_only=True)
class Peaks:
    """The best of a few repeats; a peak has no spread."""

    flops_per_second: float  # float32 matrix product, full precision
    bytes_per_second: float  # triad a += s b: two arrays read, one written


def measure_peaks(matrix_size: int | None = None, triad_numbers: int = TRIAD_NUMBERS) -> Peaks:
    """Measures both on JAX's default device.

    Args:
        matrix_size: Rows and columns of the matrices; one that suits the device where None.
        triad_numbers: Length of the arrays of the triad.
    """
    size = matrix_size or MATRIX_SIZES.get(jax.default_backend(), MATRIX_SIZE)
    return Peaks(
        flops_per_second=_matrix_flops(size), bytes_per_second=_triad_bandwidth(triad_numbers)
    )


def _matrix_flops(size: int) -> float:
    matrix = jnp.full((size, size), 0.5, jnp.float32)
    # Without "highest" an accelerator would multiply in a shorter format.
    product = jax.jit(lambda a, b: jnp.dot(a, b, precision="highest"))

    def call() -> None:
        product(matrix, matrix).block_until_ready()

    return 2.0 * size**3 / _least_seconds(call)


def _triad_bandwidth(numbers: int) -> float:
    # In place: a result in fresh memory would time the kernel's handing out of pages as well.
    triad = jax.jit(lambda a, b: a + 3.0 * b, donate_argnums=0)
    total, part = jnp.zeros(numbers, jnp.float32), jnp.full(numbers, 0.25, jnp.float32)

    def call() -> None:
        nonlocal total
        total = triad(total, part).block_until_ready()

    return 3.0 * part.nbytes / _least_seconds(call)


def _least_seconds(call: Callable[[], None]) -> float:
    call()  # compiles
    return min(seconds_of(call) for _ in range(PEAK_REPEATS))
