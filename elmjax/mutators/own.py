"""Operators that others wrote: from a function on programs, and held to what operators promise."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from elmjax import diffs, seeds
from elmjax.diffs import DiffVerdict, unified
from elmjax.mutators.mutator import Child, Mutator

Rewriting = Callable[[str, random.Random], str | None]


def from_rewriting(rewrite: Rewriting, *, message: str = "") -> Mutator:
    """An operator that makes every child by itself.

    Args:
        rewrite: Takes a program and a generator, and returns a child's text; None, or the text of
            the parent, where it has none.
        message: Of every child.
    """

    def mutate(parents: Sequence[str], children: int, seed: int) -> list[Child]:
        made = []
        for place, parent in enumerate(parents):
            rng = random.Random(seeds.derive(seed, "own", place))
            made += [_child(parent, rewrite(parent, rng), message) for _ in range(children)]
        return made

    return mutate


def _child(parent: str, program: str | None, message: str) -> Child:
    if program is None or program == parent:
        return Child(
            operator="", message=message, diff="", program=None, verdict=DiffVerdict.NO_CHANGE
        )
    diff = unified.render(diffs.between(parent, program), parent)
    return Child(operator="", message=message, diff=diff, program=program)


@dataclass(frozen=True)
class NamedMutator:
    """Another's operator under the name that a configuration gives it.

    Attributes:
        name: In history and metrics.
        mutate: What it does.
    """

    name: str
    mutate: Mutator

    def __call__(self, parents: Sequence[str], children: int, seed: int) -> list[Child]:
        """Children of every parent, those of the first one first.

        Raises:
            TypeError: it returns another number of children, or something else.
        """
        made = list(self.mutate(parents, children, seed))
        wanted = len(parents) * children
        if len(made) != wanted or not all(isinstance(child, Child) for child in made):
            kinds = ", ".join(sorted({type(child).__name__ for child in made})) or "nothing"
            raise TypeError(
                f"operator {self.name!r}: got {len(made)} of {kinds}, wanted {wanted} of Child, "
                f"{children} of each parent"
            )
        return [replace(child, operator=self.name) for child in made]
