"""Walker programs written by chance: parents of the edits that a language model learns from."""

import random

from elmjax.programs.generate.draft import Draft
from elmjax.programs.generate.field import field
from elmjax.programs.generate.styles import assembled, cloud, curve, limbs, nested, spelled_out

# With weights: how often a style is drawn, relative to the others.
STYLES = {assembled: 5, limbs: 3, field: 3, nested: 2, curve: 2, cloud: 2, spelled_out: 2}

SHORTEST, LONGEST = 100, 1500


def generate(rng: random.Random) -> str:
    """Writes a walker program in canonical form.

    It has from 3 to about 60 joints and from `SHORTEST` to `LONGEST` characters, runs, and most
    often makes a walker within 24 m by 24 m with a mass below 300.

    Args:
        rng: Source of all chance: equal states give equal programs.
    """
    while True:
        draft = Draft(rng)
        style = rng.choices(list(STYLES), list(STYLES.values()))[0]
        style(draft)
        program = draft.program()
        if SHORTEST <= len(program) <= LONGEST:
            return program
