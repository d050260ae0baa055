"""Two operators that share the parents."""

import random
from collections.abc import Sequence

from elmjax.mutators.mutator import Child, Mutator


def mixed(first: Mutator, second: Mutator) -> Mutator:
    """Gives the first half of the parents to one operator and the rest to another."""

    def mutate(parents: Sequence[str], children: int, seed: int) -> list[Child]:
        half, rng = (len(parents) + 1) // 2, random.Random(seed)
        return first(parents[:half], children, rng.getrandbits(63)) + second(
            parents[half:], children, rng.getrandbits(63)
        )

    return mutate
