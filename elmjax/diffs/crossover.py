r"""Crossover by a language model: parents one after another, and the model writes the next one.

Language model crossover (Meyerson et al. 2023, https://arxiv.org/abs/2302.12170). With the
parents `a\n` and `b\n`, of which `a\n` comes first and so stands nearest to the child:

    # A walker.\nb\n# A walker.\na\n# A walker.\n
"""

from collections.abc import Sequence

from elmjax.diffs import whole
from elmjax.diffs.format import Completion, Format
from elmjax.diffs.verdict import DiffVerdict

HEADING = "# A walker."


def _prompt(parents: Sequence[str], _message: str) -> str | DiffVerdict:
    if any(HEADING in parent for parent in parents):
        return DiffVerdict.UNENCODABLE
    return "".join(f"{HEADING}\n{parent}" for parent in reversed(parents)) + f"{HEADING}\n"


def _read(completion: Completion, _parents: Sequence[str]) -> str | DiffVerdict:
    text = completion.text.replace("\r\n", "\n")
    program = whole.fenced(text)
    return whole.bare(Completion(text, completion.ended)) if program is None else program


CROSSOVER = Format(
    name="crossover",
    prompt=_prompt,
    read=_read,
    write=lambda _parents, child: child,
    stop=HEADING,
    takes_message=False,
)
