"""Several operators at once, each on the parents that it is given."""

import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from elmjax.dist import hosts
from elmjax.mutators.mutator import Child, Mutator


@dataclass(frozen=True)
class Team:
    """Operators that work side by side.

    Attributes:
        members: Operators by name.
    """

    members: Mapping[str, Mutator]

    def __call__(
        self, operators: Sequence[str], parents: Sequence[str], children: int, seed: int
    ) -> list[Child]:
        """Children of all parents, those of the first parent first.

        Args:
            operators: The name of each parent's operator.
            parents: Programs.
            children: Of each parent.
            seed: Equal seeds give equal children.
        """
        rng, tasks = random.Random(seed), {}
        for name, mutate in self.members.items():
            own_seed = rng.getrandbits(63)
            rows = [row for row, operator in enumerate(operators) if operator == name]
            if rows:
                tasks[name] = (rows, mutate, [parents[row] for row in rows], own_seed)
        families: dict[int, list[Child]] = {}
        # Hosts that sample together have to start in one order.
        at_once = len(tasks) if hosts.count() == 1 else 1
        with ThreadPoolExecutor(max(1, at_once)) as threads:
            working = {
                name: threads.submit(mutate, own_parents, children, own_seed)
                for name, (_, mutate, own_parents, own_seed) in tasks.items()
            }
        for name, (rows, *_) in tasks.items():
            made = working[name].result()
            for position, row in enumerate(rows):
                families[row] = made[position * children : (position + 1) * children]
        return [child for row in range(len(parents)) for child in families[row]]
