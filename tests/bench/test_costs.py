"""Counts against one taken operation by operation, and a peak that is only a bound."""

from elmjax.bench.costs import bytes_per_substep, flops_per_substep


def test_operations_of_a_walker_of_two_joints_and_a_spring():
    spring = sum(
        [
            2 + 2,  # x, y of offset and of velocity
            2 + 2,  # two products and two sums of the rest length
            2 + 1 + 1,  # dx dx + dy dy + softening
            1 + 5,  # estimate of 1 / sqrt(x); y (1.5 - 0.5 x y y)
            1 + 1,  # 1 - rest * inverse
            2 + 1 + 2,  # (dvx dx + dvy dy) * inverse * inverse
            2 + 1,  # k * stretch + c * rate
            2,  # times dx, dy
            2 + 2,  # into both ends
        ]
    )
    joint = sum(
        [
            1 + 4 + 2,  # gravity on y; v + h f; times the drag's factor
            1 + 1 + 1,  # y - radius; over the time step; not above 0
            1 + 1 + 1,  # approach faster than the limit; times restitution; choice
            1 + 1 + 1,  # allowed - actual; not below 0; added
            1 + 2 + 1,  # friction times impulse; clip on both sides; taken away
            4,  # x + h v
            2 + 1 + 2,  # gap + h v; not below 0; times the rate, added
        ]
    )
    assert flops_per_substep(2, 1) == 2 * joint + spring


def test_the_smallest_bucket_costs_what_the_prototype_kernel_did():
    # Counted for a hand-written AVX-512 kernel: 32 x 30 in springs, 128 to accumulate, 16 x 29.
    assert flops_per_substep(16, 32) == 960 + 128 + 464


def test_bytes_are_the_arrays_that_a_step_reads_and_writes():
    state, spring = 2 * 2 * 4, 2 * 4 + 5 * 4
    assert bytes_per_substep(16, 32) == 16 * 2 * state + 32 * spring
