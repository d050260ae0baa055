"""The formats as chat models are asked in them: an instruction, programs, the form of an answer.

Base models continue a text, chat models answer a message. The answers are in the same formats and
are read by the same code; fences around them, and what is said before and behind, do no harm.
"""

from collections.abc import Sequence
from dataclasses import replace

from elmjax.diffs import whole
from elmjax.diffs.carper import CARPER
from elmjax.diffs.crossover import CROSSOVER
from elmjax.diffs.format import Completion, Format
from elmjax.diffs.rewrite import REWRITE
from elmjax.diffs.search_replace import ANSWER_IN_BLOCKS, SEARCH_REPLACE
from elmjax.diffs.verdict import DiffVerdict

INSTRUCTION = """\
You change Python programs that build walking creatures of point masses and springs. A program \
imports walker_creator from walk_creator and defines make_walker(), which takes no arguments and \
returns the result of get_walker() of a walker_creator(). Its add_joint(x, y) places a mass and \
returns a handle. Its add_muscle(a, b) joins two handles by a rigid spring, and \
add_muscle(a, b, False, amplitude, phase) by one that oscillates, with an amplitude from 0 to 1 \
and a phase in cycles. Coordinates are in metres and y points up. Programs may use math and numpy \
and nothing else, and end within half a second."""

_ANSWER_IN_DIFF = """\
Answer with one unified diff of walker.py in a fenced block and with nothing else. Every hunk has \
a header such as @@ -3,2 +3,4 @@. Its lines begin with a space where the program has them too, \
with - where they are taken away and with + where they are added."""

_ANSWER_WHOLE = """\
Answer with the whole program as it is then, in one fenced block, and with nothing else."""

_THOUGHT, _THOUGHT_END = "<think>", "</think>"


def _show(program: str) -> str:
    return f"{whole.FENCE}python\n{program.rstrip()}\n{whole.FENCE}\n"


def _change(answer: str, parents: Sequence[str], message: str) -> str | DiffVerdict:
    if whole.FENCE in parents[0]:
        return DiffVerdict.UNENCODABLE
    return (
        f"The program walker.py:\n\n{_show(parents[0])}\n"
        f"Make the change that this commit message describes: {message}\n\n{answer}\n"
    )


def _combine(parents: Sequence[str], _message: str) -> str | DiffVerdict:
    if any(whole.FENCE in parent for parent in parents):
        return DiffVerdict.UNENCODABLE
    shown = "\n".join(_show(parent) for parent in reversed(parents))
    return (
        f"Some programs:\n\n{shown}\nWrite a further one that combines them.\n\n{_ANSWER_WHOLE}\n"
    )


def _answered(format: Format, completion: Completion, parents: Sequence[str]) -> str | DiffVerdict:
    """Reads what stands behind the thoughts of a model whose server does not take them away."""
    text = completion.text.lstrip()
    if text.startswith(_THOUGHT):
        _, end, text = text.partition(_THOUGHT_END)
        if not end:
            return DiffVerdict.UNFINISHED
    if not completion.ended and not text.strip():  # the thoughts took all tokens
        return DiffVerdict.UNFINISHED
    return format.read(Completion(text, completion.ended), parents)


def _as_chat(format: Format, answer: str) -> Format:
    return replace(
        format,
        prompt=lambda parents, message: _change(answer, parents, message),
        read=lambda completion, parents: _answered(format, completion, parents),
        stop=None,  # chat models end by themselves
    )


# A whole program, fenced or bare, is read as crossover reads it, whatever it was asked for by.
_WHOLE = replace(_as_chat(CROSSOVER, _ANSWER_WHOLE), write=lambda _parents, child: _show(child))

CHAT_FORMATS = {
    CARPER.name: _as_chat(CARPER, _ANSWER_IN_DIFF),
    SEARCH_REPLACE.name: _as_chat(SEARCH_REPLACE, ANSWER_IN_BLOCKS),
    REWRITE.name: replace(_WHOLE, name=REWRITE.name, takes_message=True),
    CROSSOVER.name: replace(_WHOLE, prompt=_combine),
}
