"""Line edits of programs, the two texts they are written in, and the commit messages of the paper.

`edit` holds the edit itself; `numbered` is the compact form of our own language models and
`unified` the form that `patch`, `git apply` and published diff models speak.
"""

from elmjax.diffs import numbered, unified
from elmjax.diffs.edit import Edit, Hunk, apply, between
from elmjax.diffs.messages import FIX_BUGS, MESSAGES, Message, choose
from elmjax.diffs.verdict import DiffVerdict

__all__ = [
    "FIX_BUGS",
    "MESSAGES",
    "DiffVerdict",
    "Edit",
    "Hunk",
    "Message",
    "apply",
    "between",
    "choose",
    "numbered",
    "unified",
]
