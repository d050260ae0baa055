"""Near-duplicates: programs that differ in nothing but the numbers written in them.

Evolution changes constants more than anything else, so that many programs of a dataset are equal
but for these; one that is held out must not have such a twin among those that are learned. Families
are an equivalence and cost one pass. A measure of similarity with a threshold would not do: every
program resembles its parent, and chains of parents join all programs into one cluster.
"""

import re

# A number that is no part of a name, with the sign that `ast.unparse` writes next to it.
_NUMBER = r"-?(?<![\w.])\d[\w.]*(?:(?<=[eE])[-+]\d+)?"
# The same, or in brackets of its own, as a negative base of a power has to be.
_MASKED = re.compile(rf"(?<![\w)\]])\({_NUMBER}\)|{_NUMBER}")


def family(program: str) -> str:
    """What is equal for near-duplicates: the program with its numbers masked.

    Args:
        program: in canonical form, in which spaces, comments and quotes say nothing.
    """
    return _MASKED.sub("0", program)
