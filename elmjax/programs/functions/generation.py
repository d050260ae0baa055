"""Ordinary programs written by chance: a few unrelated functions and a last one that tries them."""

import random

from elmjax.programs.functions import arithmetic, construction, records, sequences
from elmjax.programs.functions.draft import Draft

STYLES = (
    arithmetic.formula,
    arithmetic.expression,
    arithmetic.until,
    arithmetic.digits,
    arithmetic.recursion,
    arithmetic.simulation,
    arithmetic.series,
    sequences.fold,
    sequences.transformed,
    sequences.neighbours,
    sequences.table,
    sequences.pairs,
    sequences.search,
    records.counted,
    records.joined,
    records.looked_up,
    records.holder,
    records.closure,
    records.guarded,
    construction.assembled,
    construction.corners,
    construction.wired,
)

SHORTEST, LONGEST = 100, 1500  # characters


def generate(rng: random.Random) -> str:
    """Writes an ordinary program in canonical form.

    It has one to three functions of different styles, and a last one without arguments that calls
    them with examples and returns what they gave; that one runs without an error.

    Args:
        rng: Source of all chance: equal states give equal programs.
    """
    while True:
        draft = Draft(rng)
        for style in rng.sample(STYLES, rng.choice((1, 2, 2, 3))):
            style(draft)
        program = draft.program()
        if SHORTEST <= len(program) <= LONGEST:
            return program
