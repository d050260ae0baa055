"""Programs with a planted bug, and the edit that takes it out: what "Fixed bugs." teaches."""

import random
from collections.abc import Sequence

from elmjax.corpus.edits import is_readable, write
from elmjax.corpus.kinds import Kind
from elmjax.corpus.records import EditedProgram
from elmjax.diffs import FIX_BUGS
from elmjax.programs import Engine, tree


def repairs(
    programs: Sequence[str], kind: Kind, pool: Engine, rng: random.Random
) -> list[EditedProgram]:
    """Plants a bug into every program; the edit back is what should be learned.

    Args:
        programs: programs that run.
        kind: of the programs.
        pool: runs them, to see that a bug is one: the program fails or does something else.
        rng: source of all chance.

    Returns:
        The programs with a bug, without those in which none could be planted.
    """
    broken = [tree.plant_bug(program, rng) for program in programs]
    before, after = kind.digests(programs, pool), kind.digests(broken, pool)
    return [
        EditedProgram(program=bug, edits=((FIX_BUGS, written),))
        for program, bug, sound, faulty in zip(programs, broken, before, after, strict=True)
        if bug is not None
        and sound is not None
        and faulty != sound
        and is_readable(bug)
        and (written := write(bug, program)) is not None
    ]
