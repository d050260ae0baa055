"""A whole program in a completion, bare or in a fenced block as chat models answer."""

import re

from elmjax.diffs.format import Completion
from elmjax.diffs.verdict import DiffVerdict

FENCE = "```"
_OPENING = re.compile(rf"^{FENCE}[^\n`]*$", re.MULTILINE)
_BLOCK = re.compile(rf"^{FENCE}[^\n`]*\n(.*?)^{FENCE}[ \t]*$", re.MULTILINE | re.DOTALL)


def bare(completion: Completion) -> str | DiffVerdict:
    """The completion as a program: NO_HUNK where it is blank, UNFINISHED where it breaks off."""
    if not completion.ended:
        return DiffVerdict.UNFINISHED
    return completion.text if completion.text.strip() else DiffVerdict.NO_HUNK


def fenced(text: str) -> str | DiffVerdict | None:
    """The program in the first fenced block.

    Returns:
        UNFINISHED where the block is not closed, NO_HUNK where it is blank, None without one.
    """
    block = _BLOCK.search(text)
    if block is not None:
        return block[1] if block[1].strip() else DiffVerdict.NO_HUNK
    return DiffVerdict.UNFINISHED if _OPENING.search(text) else None
