r"""The form of CarperAI's diff-codegen models: file, commit message, unified diff.

    <NME> walker.py\n<BEF> (the file)\n<MSG> (the message)\n<DFF> @@ -1,2 +1,3 @@\n ...<|endoftext|>

The prompt ends at `<DFF>`, because the space behind it and the first `@@` are one token there.
"""

from collections.abc import Sequence
from itertools import pairwise

from elmjax.diffs import unified
from elmjax.diffs.edit import between
from elmjax.diffs.format import Completion, Format
from elmjax.diffs.verdict import DiffVerdict

NAME, BEFORE, MESSAGE, DIFF = "<NME>", "<BEF>", "<MSG>", "<DFF>"
END = "<|endoftext|>"
_FILE = "walker.py"
_DIFF_LINES = " +-@\\"  # what the lines of a diff start with, from its first hunk on


def prompt(file: str, program: str, message: str) -> str | DiffVerdict:
    """What a diff model is asked; UNENCODABLE where a text holds a mark of the form."""
    marks = (NAME, BEFORE, MESSAGE, DIFF, END)
    if any(mark in text for mark in marks for text in (file, program, message)):
        return DiffVerdict.UNENCODABLE
    shown = program.removesuffix("\n")
    return f"{NAME} {file}\n{BEFORE} {shown}\n{MESSAGE} {message}\n{DIFF}"


def _read(completion: Completion, parents: Sequence[str]) -> str | DiffVerdict:
    text = completion.text.replace("\r\n", "\n").removeprefix(" ")
    diff = first_diff(text)
    if unified.parse(diff) is DiffVerdict.NO_HUNK:
        return DiffVerdict.NO_HUNK
    if not completion.ended and diff == text:  # the last line may be half a line
        return DiffVerdict.UNFINISHED
    return unified.apply_unified(diff, parents[0])


def first_diff(text: str) -> str:
    """The text up to what stands behind its first file's hunks: talk, a fence, another file."""
    lines = text.split("\n")
    hunks = [number for number, line in enumerate(lines) if line.startswith("@@")]
    for number, (line, below) in enumerate(pairwise([*lines, ""])):
        # An empty line may be an empty context line that lost its space.
        talk = line != "" and line[0] not in _DIFF_LINES
        other_file = line.startswith("--- ") and below.startswith("+++ ")
        if hunks and number > hunks[0] and (talk or other_file):
            return "\n".join(lines[:number])
    return text


def _write(parents: Sequence[str], child: str) -> str:
    diff = unified.render(between(parents[0], child), parents[0])
    return f" {diff.removeprefix(unified.FILE_HEADER)}"


CARPER = Format(
    name="carper",
    prompt=lambda parents, message: prompt(_FILE, parents[0], message),
    read=_read,
    write=_write,
    stop=END,
)
