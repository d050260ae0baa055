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


def make_format(*, name: str, opening: str, closing: str, stop: str, forbidden: str) -> Format:
    """A crossover format.

    Args:
        name: Of the format.
        opening: Stands before every program.
        closing: Stands after every parent.
        stop: Ends the child.
        forbidden: What no parent may hold, because it could forge an end or an opening.
    """

    def prompt(parents: Sequence[str], _message: str) -> str | DiffVerdict:
        if any(forbidden in parent for parent in parents):
            return DiffVerdict.UNENCODABLE
        return "".join(f"{opening}{parent}{closing}" for parent in reversed(parents)) + opening

    return Format(
        name=name,
        prompt=prompt,
        read=_read,
        write=lambda _parents, child: child,
        stop=stop,
        takes_message=False,
    )


def _read(completion: Completion, _parents: Sequence[str]) -> str | DiffVerdict:
    text = completion.text.replace("\r\n", "\n")
    program = whole.fenced(text)
    return whole.bare(Completion(text, completion.ended)) if program is None else program


TEXT = make_format(
    name="crossover", opening=f"{HEADING}\n", closing="", stop=HEADING, forbidden=HEADING
)
