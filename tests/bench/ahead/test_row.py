"""What is made of compiled programs, and of the words of a compiler that refuses."""

from functools import partial

import jax
import jax.numpy as jnp
import pytest

from elmjax.bench.ahead.program import Program
from elmjax.bench.ahead.row import Row, compile_program, refusal
from elmjax.chips import GIB

# As libtpu 0.0.41 words it, of an array of 128 GiB and of a sum of arrays.
ONE_ARRAY = (
    "RESOURCE_EXHAUSTED: Allocation (size=137438953472) would exceed memory (size=17179869184) :: "
    "%s0 = inlined_call_operand.hbm [shape: f32[262144,131072], index: 0]"
)
IN_ALL = (
    "RESOURCE_EXHAUSTED: Ran out of memory in memory space hbm. Used 20.25G of 15.75G hbm. "
    "Exceeded hbm capacity by 4.50G."
)


def compiled(function, *shapes: tuple[int, ...], beside: int = 0, memory: int = GIB) -> Row:
    arguments = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
    program = Program(
        stage="evolve",
        name="a program",
        shape="some numbers",
        devices=1,
        lower=partial(jax.jit(function).lower, *arguments),
        beside=beside,
    )
    return compile_program(program, config="quickstart", topology="v5e:2x2", memory=memory)


def test_memory_counts_arguments_results_and_what_stands_beside() -> None:
    row = compiled(lambda x: x * 2.0, (1000, 1000), beside=5_000_000)
    assert row.arguments == row.results == 4_000_000  # float32
    assert row.needed >= 13_000_000
    assert row.fits
    assert row.verdict == "fits"


def test_a_program_that_lacks_room_says_how_much() -> None:
    row = compiled(lambda x: x + 1.0, (10,), beside=3 * GIB, memory=GIB)
    assert not row.fits
    assert row.over == pytest.approx(2 * GIB, abs=2**20)
    assert row.verdict == "2.00 GiB too much"


def test_look_ups_are_counted() -> None:
    def look_up(table, places):
        return table[places.astype(int)]

    assert compiled(look_up, (100, 7), (13,)).gathers >= 1
    assert compiled(lambda table, places: table.sum() + places.sum(), (100, 7), (13,)).gathers == 0


@pytest.mark.parametrize(("words", "lacking"), [(ONE_ARRAY, 112.0), (IN_ALL, 4.5)])
def test_what_the_compiler_cannot_place_is_what_is_lacking(words, lacking) -> None:
    told = refusal(words, 16 * GIB, held=GIB)
    assert "error" not in told
    assert (told["needed"] - 16 * GIB) / GIB == pytest.approx(lacking, abs=0.01)


def test_arguments_that_are_known_count_where_the_compiler_tells_of_less() -> None:
    assert refusal(IN_ALL, 16 * GIB, held=100 * GIB)["needed"] == 100 * GIB


def test_arguments_are_counted_by_what_a_device_has_of_them() -> None:
    numbers = jax.ShapeDtypeStruct((1000, 1000), jnp.bfloat16)
    key = jax.ShapeDtypeStruct((), jax.random.key(0).dtype)
    program = Program(
        stage="evolve",
        name="a program",
        shape="some numbers",
        devices=1,
        lower=partial(print, numbers, {"key": key}, "static"),
        beside=500,
    )
    assert program.held == 2_000_000 + 8 + 500


def test_any_other_refusal_is_told_and_does_not_fit() -> None:
    def refuse(x):
        raise NotImplementedError("no such thing\non a TPU")

    row = compiled(refuse, (1,))
    assert not row.fits
    assert row.verdict == "no such thing on a TPU"
