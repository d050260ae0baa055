r"""The text in which our language models read programs and write edits.

A prompt is the program with a line token at the head of every line, an edit names lines by those
tokens and copies none of them. With the parent `a\nb\n` and the child `a\nc\nd\n`:

    prompt  <|0|>a\n<|1|>b\n
    edit    <|1|><|2|><|add|>c\n<|add|>d\n<|end|>

Two line tokens `<|start|><|stop|>` open a hunk that replaces lines start to stop - 1 by the lines
after `<|add|>`. The same information as a unified diff without context, in about 40 tokens.
"""

import re

from elmjax.diffs.edit import Edit, Hunk, in_order
from elmjax.diffs.verdict import DiffVerdict

# Line tokens go from <|0|> to <|127|>, and a hunk may stop behind the last line.
MAX_LINES = 127

ADD = "<|add|>"
END = "<|end|>"
# Opens every special token, so a program that holds it could forge one.
TOKEN_OPENING = "<|"

_LINE = r"<\|(0|[1-9]\d{0,2})\|>"
_ADDED = r"<\|add\|>([^\n]*)\n"
_HUNK = re.compile(rf"{_LINE}{_LINE}((?:{_ADDED})*)")
_ADDED_LINE = re.compile(_ADDED)


def line_token(line: int) -> str:
    """Token that names a line, counted from 0."""
    return f"<|{line}|>"


def render_prompt(program: str) -> str | DiffVerdict:
    r"""Program with its lines numbered, each closed by "\n", the last one even where it has none.

    Returns:
        UNENCODABLE for more than `MAX_LINES` lines or where the program holds `<|`.
    """
    lines = program.removesuffix("\n").split("\n")
    if len(lines) > MAX_LINES or TOKEN_OPENING in program:
        return DiffVerdict.UNENCODABLE
    return "".join(f"{line_token(number)}{line}\n" for number, line in enumerate(lines))


def render(edit: Edit) -> str | DiffVerdict:
    """Text of an edit; UNENCODABLE where no token names a line or an added line holds `<|`."""
    if any(not _encodable(hunk) for hunk in edit.hunks):
        return DiffVerdict.UNENCODABLE
    return "".join(map(_render_hunk, edit.hunks)) + END


def parse(text: str) -> Edit | DiffVerdict:
    """Edit that `text` writes down; whatever follows the first `<|end|>` is not read.

    Returns:
        UNFINISHED without `<|end|>`, NO_HUNK for nothing but `<|end|>`, MALFORMED for any other
        text that `render` cannot have written, hunks that overlap or run backwards included.
    """
    body, end, _ = text.partition(END)
    if not end:
        return DiffVerdict.UNFINISHED
    if not body:
        return DiffVerdict.NO_HUNK
    hunks = []
    position = 0
    while position < len(body):
        match = _HUNK.match(body, position)
        if match is None:
            return DiffVerdict.MALFORMED
        start, stop, added = int(match[1]), int(match[2]), _ADDED_LINE.findall(match[3])
        hunks.append(Hunk(start=start, stop=stop, added=tuple(added)))
        position = match.end()
    edit = Edit(hunks=tuple(hunks))
    if not in_order(edit) or any(not _encodable(hunk) for hunk in hunks):
        return DiffVerdict.MALFORMED
    return edit


def _render_hunk(hunk: Hunk) -> str:
    added = "".join(f"{ADD}{line}\n" for line in hunk.added)
    return f"{line_token(hunk.start)}{line_token(hunk.stop)}{added}"


def _encodable(hunk: Hunk) -> bool:
    return hunk.stop <= MAX_LINES and not any(TOKEN_OPENING in line for line in hunk.added)
