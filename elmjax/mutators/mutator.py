"""What a mutation operator is and what it gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from elmjax.diffs import DiffVerdict
from elmjax.endpoint import Spending


@dataclass(frozen=True, kw_only=True)
class Child:
    """What a mutation operator made of a parent."""

    operator: str
    message: str
    diff: str  # zero-context unified diff; what the model wrote, where it does not apply
    program: str | None  # None where `verdict` says why there is no child
    verdict: DiffVerdict | None = None
    spending: Spending | None = None  # where an endpoint was asked


class Mutator(Protocol):
    """Makes `children` children of each parent, the same ones for the same seed."""

    def __call__(self, parents: Sequence[str], children: int, seed: int) -> list[Child]:
        """Returns len(parents) * children records, those of the first parent first."""
        ...
