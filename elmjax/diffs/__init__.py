"""Line edits of programs, the formats in which models write them, and the paper's commit messages.

`edit` holds the edit itself; `numbered` is the compact text of our own language models and
`unified` the one that `patch` and `git apply` speak. A `Format` says how a model is asked for a
child and how its answer is read.
"""

from elmjax.diffs import numbered, unified
from elmjax.diffs.carper import CARPER
from elmjax.diffs.chat import CHAT_FORMATS
from elmjax.diffs.crossover import CROSSOVER
from elmjax.diffs.edit import Edit, Hunk, apply, between
from elmjax.diffs.format import Completion, Format
from elmjax.diffs.messages import FIX_BUGS, MESSAGES, Message, choose
from elmjax.diffs.native import NUMBERED
from elmjax.diffs.native import PROGRAM as NATIVE_PROGRAM
from elmjax.diffs.repair import FIX_SNIPPET, fix_instruction, fix_prompt
from elmjax.diffs.rewrite import REWRITE
from elmjax.diffs.search_replace import SEARCH_REPLACE
from elmjax.diffs.verdict import DiffVerdict

__all__ = [
    "CARPER",
    "CHAT_FORMATS",
    "CROSSOVER",
    "FIX_BUGS",
    "FIX_SNIPPET",
    "MESSAGES",
    "NATIVE_PROGRAM",
    "NUMBERED",
    "REWRITE",
    "SEARCH_REPLACE",
    "Completion",
    "DiffVerdict",
    "Edit",
    "Format",
    "Hunk",
    "Message",
    "apply",
    "between",
    "choose",
    "fix_instruction",
    "fix_prompt",
    "numbered",
    "unified",
]
