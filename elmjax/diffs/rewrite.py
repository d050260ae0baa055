r"""The whole program rewritten, as completion models and chat models do it.

A prompt is the parent, an instruction as a comment, and the line that opens `make_walker`. With
the parent `import x\ndef make_walker():\n    return 1\n`:

    import x\ndef make_walker():\n    return 1\n
    # A new walker, made from the one above. Changed make_walker function.\n
    def make_walker():

A completion is the rest of the function and what else the model writes after it; all that stands
above `make_walker` in the parent stays. Or it is a program in a fenced block, which may change
everything.
"""

import re
from collections.abc import Sequence

from elmjax.diffs import whole
from elmjax.diffs.format import Completion, Format
from elmjax.diffs.verdict import DiffVerdict

INSTRUCTION = "# A new walker, made from the one above."
_OPENING = re.compile(r"^def make_walker\(.*?\)(?: ->[^\n:]*)?:", re.MULTILINE)


def _kept(parent: str) -> str | None:
    """The parent up to the colon that opens `make_walker`; None where it has no such function."""
    openings = list(_OPENING.finditer(parent))
    return parent[: openings[-1].end()] if openings else None


def _prompt(parents: Sequence[str], message: str) -> str | DiffVerdict:
    kept = _kept(parents[0])
    if kept is None or INSTRUCTION in parents[0]:
        return DiffVerdict.UNENCODABLE
    opening = kept[kept.rindex("def make_walker(") :]
    parent = parents[0].removesuffix("\n")
    return f"{parent}\n{INSTRUCTION} {message}\n{opening}"


def _read(completion: Completion, parents: Sequence[str]) -> str | DiffVerdict:
    text = completion.text.replace("\r\n", "\n")
    if not text.strip():
        return DiffVerdict.NO_HUNK
    if not text.lstrip("\n").startswith((" ", "\t")):
        # Neither a body, which is indented, nor a block: talk, or a body that lost its indentation.
        program = whole.fenced(text)
        return DiffVerdict.MALFORMED if program is None else program
    # A model that saw its prompt as fenced closes the fence behind the body, and talks on.
    body, fence, _ = text.partition(f"\n{whole.FENCE}")
    rest = whole.bare(Completion(body + "\n" * bool(fence), completion.ended or bool(fence)))
    kept = _kept(parents[0])
    if kept is None:
        return DiffVerdict.UNENCODABLE
    return rest if isinstance(rest, DiffVerdict) else kept + rest


def _write(parents: Sequence[str], child: str) -> str:
    kept = _kept(parents[0])
    body = child.removeprefix(kept) if kept is not None else child
    if body.startswith((" ", "\n ", "\n\t")) and body != child:
        return body
    return f"{whole.FENCE}python\n{child}{whole.FENCE}\n"


REWRITE = Format(name="rewrite", prompt=_prompt, read=_read, write=_write, stop=INSTRUCTION)
