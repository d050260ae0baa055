r"""Unified diffs: what `patch`, `git apply` and published diff models read and write.

The file behind a program is the program itself where it ends in a newline, as all do in canonical
form, and the program with one more newline otherwise: "\ No newline at end of file" never has to
be written, and is read over.

A hunk is found in the parent by the text of the lines that it removes or shows as context. The
counts of its header are ignored, because language models miscount; its line number decides only
between several matches, and places a hunk that has no such lines.
"""

import re
from dataclasses import dataclass

from elmjax.diffs.edit import Edit, Hunk, apply, occurrences
from elmjax.diffs.verdict import DiffVerdict

FILE_HEADER = "--- a/walker.py\n+++ b/walker.py\n"
_HUNK_HEADER = re.compile(r"@@ -(\d{1,9})(?:,\d+)? \+\d+(?:,\d+)? @@.*")
_NO_NEWLINE = "\\"


@dataclass(frozen=True, kw_only=True)
class TextHunk:
    """A hunk known by its text.

    Attributes:
        line: The parent's line in the header: counted from 1, or the line above an insertion.
        old: Lines expected in the parent, removed ones and context.
        new: Lines that take their place, added ones and context.
    """

    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]


def render(edit: Edit, parent: str) -> str:
    """Unified diff of `edit` without context lines, as for a file `walker.py`.

    Raises:
        ValueError: The edit does not turn this parent into another program.
    """
    child = apply(edit, parent)
    if isinstance(child, DiffVerdict):
        raise ValueError(f"edit: got one that is {child.value!r} on this parent; `apply` it first")
    lines = parent.split("\n")
    parts = [FILE_HEADER]
    shift = 0  # how many lines the hunks above have added to the child
    for hunk in edit.hunks:
        removed, added = lines[hunk.start : hunk.stop], hunk.added
        if not removed and not added:
            continue  # a header without lines is not a hunk
        old = _header_range(hunk.start, len(removed))
        new = _header_range(hunk.start + shift, len(added))
        parts.append(f"@@ -{old} +{new} @@\n")
        parts += [f"-{line}\n" for line in removed]
        parts += [f"+{line}\n" for line in added]
        shift += len(added) - len(removed)
    return "".join(parts)


def parse(text: str) -> tuple[TextHunk, ...] | DiffVerdict:
    """Hunks of a unified diff of one file; lines above the first hunk are not read.

    Returns:
        NO_HUNK where no line opens a hunk, UNFINISHED where the last hunk holds no lines or the
        text ends within its header, MALFORMED for any other departure from the format.
    """
    # An empty last line could only be an empty context line, which anchors nothing worth having.
    lines = text.rstrip("\n").split("\n")
    openings = [number for number, line in enumerate(lines) if line.startswith("@@")]
    if not openings:
        return DiffVerdict.NO_HUNK
    hunks = []
    for first, stop in zip(openings, [*openings[1:], len(lines)], strict=True):
        hunk = _parse_hunk(lines[first], lines[first + 1 : stop])
        if hunk is None:
            at_the_end = stop == first + 1 == len(lines)
            return DiffVerdict.UNFINISHED if at_the_end else DiffVerdict.MALFORMED
        hunks.append(hunk)
    return tuple(hunks)


def apply_unified(text: str, parent: str) -> str | DiffVerdict:
    """Child of `parent` under the unified diff `text`.

    Returns:
        The child, which always differs from the parent, or what `parse` says of the text, NO_MATCH
        or AMBIGUOUS where a hunk has no place or several in the parent, NO_CHANGE.
    """
    hunks = parse(text)
    if isinstance(hunks, DiffVerdict):
        return hunks
    edit = _anchor(hunks, parent.split("\n"))
    return edit if isinstance(edit, DiffVerdict) else apply(edit, parent)


def _header_range(start: int, count: int) -> str:
    """Range of a hunk header: lines count from 1, an empty range names the line above it."""
    return f"{start + 1 if count else start},{count}"


def _parse_hunk(header: str, body: list[str]) -> TextHunk | None:
    """Hunk of one header and the lines below it, None where they are not one."""
    match = _HUNK_HEADER.fullmatch(header)
    # Editors and models strip the single space of an empty context line; `patch` accepts it too.
    body = [line or " " for line in body if not line.startswith(_NO_NEWLINE)]
    if match is None or not body or any(line[0] not in " -+" for line in body):
        return None
    return TextHunk(
        line=int(match[1]),
        old=tuple(line[1:] for line in body if line[0] != "+"),
        new=tuple(line[1:] for line in body if line[0] != "-"),
    )


def _anchor(hunks: tuple[TextHunk, ...], parent: list[str]) -> Edit | DiffVerdict:
    """Gives every hunk its place in the parent, from the top to the bottom."""
    anchored: list[Hunk] = []
    for hunk in hunks:
        above = anchored[-1].stop if anchored else 0
        start = _place(hunk, parent, above)
        if isinstance(start, DiffVerdict):
            return start
        anchored.append(Hunk(start=start, stop=start + len(hunk.old), added=hunk.new))
    return Edit(hunks=tuple(anchored))


def _place(hunk: TextHunk, parent: list[str], above: int) -> int | DiffVerdict:
    """First line of the match of a hunk, at or below line `above` and nearest to its header."""
    length = len(hunk.old)
    if not length:
        return hunk.line if above <= hunk.line <= len(parent) else DiffVerdict.NO_MATCH
    places = [start for start in occurrences(hunk.old, parent) if start >= above]
    distances = {start: abs(start - (hunk.line - 1)) for start in places}
    if not distances:
        return DiffVerdict.NO_MATCH
    nearest = min(distances.values())
    places = [start for start, distance in distances.items() if distance == nearest]
    return places[0] if len(places) == 1 else DiffVerdict.AMBIGUOUS
