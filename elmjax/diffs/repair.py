r"""How the paper asks a completion model to repair a function (section 3.1 and appendix A).

The prompt format, which ends in the word that opens the answer, and the edit mode, an instruction
on a snippet, written here as a comment above the function's own first line:

    # A buggy implementation          def parity(b1, b2, b3, b4):
    def parity(b1, b2, b3, b4):           ...
        ...                           # Fix bugs in the previous code snippet
    # Fixed Bugs                      def parity(b1, b2, b3, b4):
    def

A completion is the rest of one function, which ends where its indentation does, or a program in a
fenced block. The child is that function alone.

Our own models write programs after a token that opens them, and their tokens do not reach over the
end of a line but often to it: for them both prompts end with the whole first line.
"""

import re
from collections.abc import Callable, Sequence

from elmjax.diffs import numbered, prompts, whole
from elmjax.diffs.format import Completion, Format
from elmjax.diffs.verdict import DiffVerdict

BUGGY = "# A buggy implementation"
FIXED = "# Fixed Bugs"
FIX_SNIPPET = "Fix bugs in the previous code snippet"

_SIGNATURE = re.compile(r"^def \w+\(.*?\)(?: ->[^\n:]*)?:", re.MULTILINE)
# A line that belongs to no function: it starts with neither a space nor a tab.
_TOP_LEVEL = re.compile(r"\n(?=[^\s])")


def fix_prompt(*, own: bool = False) -> Format:
    """The paper's prompt format.

    Args:
        own: Whether the model is one of our own.
    """
    return _whole_function(
        "prompt", lambda program, _message: f"{BUGGY}\n{program}{FIXED}\n", own=own, bare=not own
    )


def fix_instruction(*, own: bool = False) -> Format:
    """The paper's edit mode: the message is the instruction, `FIX_SNIPPET` in the study.

    Args:
        own: As in `fix_prompt`.
    """
    return _whole_function(
        "edit", lambda program, message: f"{program}# {message}\n", own=own, takes_message=True
    )


def _whole_function(
    name: str,
    question: Callable[[str, str], str],
    *,
    own: bool,
    bare: bool = False,
    takes_message: bool = False,
) -> Format:
    """The format of a function that is written after a question.

    Args:
        name: Of the format.
        question: What stands above the function, from program and message.
        own: As in `fix_prompt`.
        bare: Whether the prompt gives no more of the function than the word "def".
        takes_message: As in `Format`.
    """

    def given(program: str) -> str | None:
        signature = _SIGNATURE.search(program)
        if bare or signature is None:
            return "def" if bare else None
        return f"{signature[0]}\n" if own else signature[0]

    def prompt(parents: Sequence[str], message: str) -> str | DiffVerdict:
        start = given(parents[0])
        if start is None or (own and numbered.TOKEN_OPENING in parents[0] + message):
            return DiffVerdict.UNENCODABLE
        opening = prompts.WHOLE_PROGRAM if own else ""
        return f"{opening}{question(_ended(parents[0]), message)}{start}"

    def read(completion: Completion, parents: Sequence[str]) -> str | DiffVerdict:
        start = given(parents[0])
        return DiffVerdict.UNENCODABLE if start is None else _read(completion, start)

    def write(parents: Sequence[str], child: str) -> str:
        start = given(parents[0])
        if start is not None and child.startswith(start):
            return child.removeprefix(start)
        return f"{whole.FENCE}python\n{child}{whole.FENCE}\n"

    return Format(name=name, prompt=prompt, read=read, write=write, takes_message=takes_message)


def _read(completion: Completion, start: str) -> str | DiffVerdict:
    text = completion.text.replace("\r\n", "\n")
    if not text.strip():
        return DiffVerdict.NO_HUNK
    # What goes on from "def", or from a signature, is a space or a new line.
    if not text.startswith((" ", "\n")):
        program = whole.fenced(text)
        return DiffVerdict.MALFORMED if program is None else program
    function, *behind = _TOP_LEVEL.split(text, maxsplit=1)
    rest = whole.bare(Completion(function, completion.ended or bool(behind)))
    return rest if isinstance(rest, DiffVerdict) else start + _ended(rest)


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"
