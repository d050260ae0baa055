"""Crossover by a language model (Meyerson et al. 2023, https://arxiv.org/abs/2302.12170)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from elmjax.mutators.mutator import Child
from elmjax.mutators.request import Request, Writer

MATES = (1, 2)  # further parents of a child, each number as likely


@dataclass(frozen=True, kw_only=True)
class CrossoverMutator:
    """Shows a model two or three parents, of which it writes the next program.

    Attributes:
        writer: The model, with a format that reads several parents.
    """

    writer: Writer

    def __call__(self, parents: Sequence[str], children: int, seed: int) -> list[Child]:
        """Draws the mates of each parent from the others given; its children share them."""
        rng = random.Random(seed)
        requests = [
            Request((parent, *draw_mates(parent, parents, rng)), self.writer.ask(rng))
            for parent in parents
        ]
        return self.writer.answer(requests, children, seed)


def draw_mates(parent: str, parents: Sequence[str], rng: random.Random) -> list[str]:
    """One or two programs other than `parent`; the parent itself where there is no other."""
    others = list(dict.fromkeys(other for other in parents if other != parent))
    count = rng.choice(MATES)
    return rng.sample(others, min(count, len(others))) or [parent]
