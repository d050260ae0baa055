"""Edits as SEARCH/REPLACE blocks, which chat models write more surely than diffs.

    <<<<<<< SEARCH
    whole lines of the parent, which occur there once
    =======
    lines that take their place
    >>>>>>> REPLACE

Blocks stand in any order; all of them are searched for in the parent. Nothing is matched loosely:
a search that is nearly right is NO_MATCH, because a guess would be the program's edit, not the
model's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from elmjax.diffs.edit import Edit, Hunk, apply, between, occurrences
from elmjax.diffs.format import Completion, Format
from elmjax.diffs.verdict import DiffVerdict

SEARCH, DIVIDER, REPLACE = "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE"
_MARKS = (SEARCH, DIVIDER, REPLACE)

ANSWER_IN_BLOCKS = f"""\
Answer with SEARCH/REPLACE blocks. SEARCH copies whole lines that occur once in the program:

{SEARCH}
lines of the program
{DIVIDER}
lines that take their place
{REPLACE}
"""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Lines searched for and the lines that take their place."""

    search: tuple[str, ...]
    replace: tuple[str, ...]


def parse(text: str) -> tuple[Block, ...] | DiffVerdict:
    """Blocks of an answer; what stands between them is not read.

    Returns:
        NO_HUNK without a block, UNFINISHED where the last one is not closed, MALFORMED where the
        marks of a block come in another order.
    """
    blocks: list[Block] = []
    parts: list[list[str]] = []  # of the block that is open
    for line in text.split("\n"):
        mark = line.rstrip()
        # Outside blocks a row of equals signs underlines a heading.
        if mark not in _MARKS or (mark == DIVIDER and not parts):
            if parts:
                parts[-1].append(line)
        elif mark != _MARKS[len(parts)]:
            return DiffVerdict.MALFORMED
        elif mark == REPLACE:
            blocks.append(Block(search=tuple(parts[0]), replace=tuple(parts[1])))
            parts = []
        else:
            parts.append([])
    if parts:
        return DiffVerdict.UNFINISHED
    return tuple(blocks) or DiffVerdict.NO_HUNK


def anchor(blocks: Sequence[Block], parent: str) -> Edit | DiffVerdict:
    """Gives every block its place in the parent; NO_MATCH or AMBIGUOUS where one has none."""
    lines = parent.split("\n")
    hunks = []
    for block in blocks:
        places = occurrences(block.search, lines)
        if len(places) != 1:
            return DiffVerdict.AMBIGUOUS if places else DiffVerdict.NO_MATCH
        stop = places[0] + len(block.search)
        hunks.append(Hunk(start=places[0], stop=stop, added=block.replace))
    return Edit(hunks=tuple(sorted(hunks, key=lambda hunk: hunk.start)))


def render(edit: Edit, parent: str) -> str:
    """Blocks of an edit, each with as many lines around its hunk as make it occur once."""
    lines = parent.split("\n")
    places: list[tuple[int, int, list[Hunk]]] = []
    for hunk in edit.hunks:
        (start, stop), hunks = _widen(hunk.start, hunk.stop, lines), [hunk]
        while places and places[-1][1] > start:
            above = places.pop()
            start, stop, hunks = min(above[0], start), max(above[1], stop), [*above[2], *hunks]
        places.append((start, stop, hunks))
    return "".join(_render_block(lines[start:stop], start, hunks) for start, stop, hunks in places)


def _widen(start: int, stop: int, lines: Sequence[str]) -> tuple[int, int]:
    """Widens a range upwards and downwards in turn until its lines occur once."""
    while start == stop or len(occurrences(lines[start:stop], lines)) > 1:
        upwards = (stop - start) % 2 == 0 or stop == len(lines)
        if upwards and start > 0:
            start -= 1
        else:
            stop += 1
    return start, stop


def _render_block(search: list[str], start: int, hunks: Sequence[Hunk]) -> str:
    replace = list(search)
    for hunk in reversed(hunks):
        replace[hunk.start - start : hunk.stop - start] = hunk.added
    return "".join(f"{line}\n" for line in [SEARCH, *search, DIVIDER, *replace, REPLACE])


def _prompt(parents: Sequence[str], message: str) -> str:
    return (
        f"Change the program below: {message}\n{ANSWER_IN_BLOCKS}\nThe program:\n\n{parents[0]}\n"
    )


def _read(completion: Completion, parents: Sequence[str]) -> str | DiffVerdict:
    blocks = parse(completion.text.replace("\r\n", "\n"))
    edit = blocks if isinstance(blocks, DiffVerdict) else anchor(blocks, parents[0])
    return edit if isinstance(edit, DiffVerdict) else apply(edit, parents[0])


SEARCH_REPLACE = Format(
    name="search_replace",
    prompt=_prompt,
    read=_read,
    write=lambda parents, child: render(between(parents[0], child), parents[0]),
)
