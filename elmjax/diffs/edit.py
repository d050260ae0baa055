r"""Edits of a program as replaced ranges of its lines, numbered from 0.

Lines are what lies between "\n": a program is `"\n".join(lines)`, so nothing is lost for any
text. A program that ends in a newline, as all do in canonical form, has an empty last line, which
an edit between two such programs never touches.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise, takewhile

from elmjax.diffs.verdict import DiffVerdict


@dataclass(frozen=True, kw_only=True)
class Hunk:
    """Replaces lines `start` to `stop - 1` of the parent; `start == stop` inserts before `start`.

    Attributes:
        start: First line replaced, counted from 0.
        stop: Line after the last one replaced.
        added: The lines that take their place, without newlines.
    """

    start: int
    stop: int
    added: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Edit:
    """Hunks from the top of the parent to its bottom; all line numbers are the parent's."""

    hunks: tuple[Hunk, ...]


def between(parent: str, child: str) -> Edit:
    """Edit without context lines that turns `parent` into `child`; no hunk where they are equal."""
    old, new = parent.split("\n"), child.split("\n")
    # What both begin and end with stays, so that the last line of two programs that both end in
    # a newline is never part of a hunk; `SequenceMatcher` alone does not promise that.
    bottom = _common(old[::-1], new[::-1])
    top = _common(old[: len(old) - bottom], new[: len(new) - bottom])
    before, after = old[top : len(old) - bottom], new[top : len(new) - bottom]
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    return Edit(
        hunks=tuple(
            Hunk(start=top + start, stop=top + stop, added=tuple(after[first:last]))
            for tag, start, stop, first, last in matcher.get_opcodes()
            if tag != "equal"
        )
    )


def _common(old: list[str], new: list[str]) -> int:
    """How many lines two lists have in common before they first differ."""
    equal = takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))
    return sum(1 for _ in equal)


def occurrences(some: Sequence[str], lines: Sequence[str]) -> list[int]:
    """Where `some` lines stand in `lines`, one below the other: the first line of each place."""
    length, wanted = len(some), list(some)
    return [
        start
        for start in range(len(lines) - length + 1)
        if list(lines[start : start + length]) == wanted
    ]


def in_order(edit: Edit) -> bool:
    """Whether every hunk is a range and none starts before the one above it has ended."""
    ranges = all(0 <= hunk.start <= hunk.stop for hunk in edit.hunks)
    return ranges and all(above.stop <= below.start for above, below in pairwise(edit.hunks))


def apply(edit: Edit, parent: str) -> str | DiffVerdict:
    """Child of `parent` under `edit`.

    Returns:
        The child, which always differs from the parent, or MALFORMED where hunks overlap or run
        backwards, NO_MATCH where they reach beyond the parent's last line, NO_HUNK, NO_CHANGE.
    """
    lines = parent.split("\n")
    if not edit.hunks:
        return DiffVerdict.NO_HUNK
    if not in_order(edit):
        return DiffVerdict.MALFORMED
    if edit.hunks[-1].stop > len(lines):
        return DiffVerdict.NO_MATCH
    # From the bottom up, so that the line numbers of the hunks above stay true.
    for hunk in reversed(edit.hunks):
        lines[hunk.start : hunk.stop] = hunk.added
    child = "\n".join(lines)
    return DiffVerdict.NO_CHANGE if child == parent else child
