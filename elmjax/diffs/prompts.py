r"""The texts that our language models complete: a numbered program and a message, or a program.

    <|bos|><|0|>import x\n<|1|>...\n<|message|>Changed make_walker function.<|diff|>...<|end|>
    <|bos|><|program|>import x\n...<|end|>

The first asks the diff model of stage 1 for an edit, the second the model of stages 2 and 3 for a
whole program. What follows `<|diff|>` is the text of `numbered`.
"""

from elmjax.diffs import numbered
from elmjax.diffs.verdict import DiffVerdict

BEGIN = "<|bos|>"
WHOLE_PROGRAM = f"{BEGIN}<|program|>"


def numbered_program(program: str) -> str | DiffVerdict:
    """The program as a diff model reads it; UNENCODABLE where it has no such form."""
    lines = numbered.render_prompt(program)
    return lines if isinstance(lines, DiffVerdict) else f"{BEGIN}{lines}"


def request(message: str) -> str:
    """Asks, after `numbered_program`, for the edit that a commit message describes."""
    return f"<|message|>{message}<|diff|>"


def written_program(completion: str) -> str:
    """The program in a completion of `WHOLE_PROGRAM`: all before the end token."""
    return completion.partition(numbered.END)[0]
