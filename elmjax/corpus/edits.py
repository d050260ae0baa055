"""Which edits are worth learning, and how they are written down."""

from collections.abc import Sequence

from elmjax import diffs
from elmjax.corpus.kinds import Kind
from elmjax.corpus.records import EditedProgram
from elmjax.diffs import DiffVerdict, messages, numbered, prompts
from elmjax.mutators import Child
from elmjax.programs import Engine, same_but_for_numbers

MAX_CHARACTERS = 1500  # of a program
MAX_EDIT_CHARACTERS = 400  # of an edit as written; longer ones are rare and mostly fail

_BY_TEXT = {message.text: message for message in messages.MESSAGES}


def keep(
    parents: Sequence[str], children: Sequence[Child], edits: int, kind: Kind, pool: Engine
) -> list[EditedProgram]:
    """Keeps up to `edits` different edits of every parent that do what a mutation should.

    Args:
        parents: programs that run.
        children: equally many of each parent, those of the first parent first.
        edits: most that are kept of a parent.
        kind: of the programs.
        pool: runs them.

    Returns:
        The parents of which an edit is left.
    """
    proposals = len(children) // max(1, len(parents))
    after = kind.digests(
        [child.program if fits(child.program) else None for child in children], pool
    )
    before = kind.digests(parents, pool)
    edited = []
    for i, parent in enumerate(parents):
        rows = slice(i * proposals, (i + 1) * proposals)
        kept = {
            written: _BY_TEXT[child.message].about(kind.subject(parent, child.program))
            for child, digest in zip(children[rows], after[rows], strict=True)
            if digest not in (None, before[i])
            and child.program is not None
            and is_true(child.message, parent, child.program)
            and (written := write(parent, child.program)) is not None
        }
        pairs = tuple((message, written) for written, message in kept.items())[:edits]
        if pairs and is_readable(parent):
            edited.append(EditedProgram(program=parent, edits=pairs))
    return edited


def is_true(message: str, parent: str, child: str) -> bool:
    """Whether an edit changes only numbers, or more than numbers, where its message says so."""
    if message == messages.SMALL_CHANGE.text:
        return True
    only_numbers = message == messages.CHANGED_PARAMETERS.text
    return same_but_for_numbers(parent, child) == only_numbers


def fits(program: str | None) -> bool:
    """Whether there is a program, and one that is not too long."""
    return program is not None and len(program) <= MAX_CHARACTERS


def is_readable(program: str) -> bool:
    """Whether a diff model can be shown the program."""
    return not isinstance(prompts.numbered_program(program), DiffVerdict)


def write(parent: str, child: str) -> str | None:
    """The edit as a diff model writes it; None where it is too long or cannot be written."""
    written = numbered.render(diffs.between(parent, child))
    if isinstance(written, DiffVerdict) or len(written) > MAX_EDIT_CHARACTERS:
        return None
    return written
