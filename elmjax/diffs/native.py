"""The formats of our own language models, whose special tokens mark the parts; see `prompts`."""

from collections.abc import Sequence

from elmjax.diffs import numbered, prompts, whole
from elmjax.diffs.edit import apply, between
from elmjax.diffs.format import Completion, Format
from elmjax.diffs.verdict import DiffVerdict


def _ask_for_edit(parents: Sequence[str], message: str) -> str | DiffVerdict:
    program = prompts.numbered_program(parents[0])
    if isinstance(program, DiffVerdict) or numbered.TOKEN_OPENING in message:
        return DiffVerdict.UNENCODABLE
    return program + prompts.request(message)


def _read_edit(completion: Completion, parents: Sequence[str]) -> str | DiffVerdict:
    edit = numbered.parse(completion.text + numbered.END * completion.ended)
    return edit if isinstance(edit, DiffVerdict) else apply(edit, parents[0])


def _write_edit(parents: Sequence[str], child: str) -> str | DiffVerdict:
    text = numbered.render(between(parents[0], child))
    return text if isinstance(text, DiffVerdict) else text.removesuffix(numbered.END)


NUMBERED = Format(
    name="numbered",
    prompt=_ask_for_edit,
    read=_read_edit,
    write=_write_edit,
    stop=numbered.END,
)

# A program that owes nothing to its parent: the model was taught to write programs, not to read
# them first.
PROGRAM = Format(
    name="program",
    prompt=lambda _parents, _message: prompts.WHOLE_PROGRAM,
    read=lambda completion, _parents: whole.bare(completion),
    write=lambda _parents, child: child,
    stop=numbered.END,
    takes_message=False,
)
