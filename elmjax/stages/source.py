"""Where a search gets its diff model: one for all iterations, or one that changes meanwhile."""

from dataclasses import dataclass
from typing import Protocol

from elmjax.mutators import Mutator
from elmjax.stages.admission import Found


class Source(Protocol):
    """Gives every iteration its mutator, and sees what each of them found."""

    def mutator_for(self, iteration: int) -> Mutator:
        """The mutator of an iteration, the same one whenever it is asked for."""
        ...

    def after(self, iteration: int, found: Found) -> None:
        """Called once an iteration is in archive and history, before the next checkpoint."""
        ...


@dataclass(frozen=True)
class Unchanging:
    """One mutator for the whole search."""

    mutator: Mutator

    def mutator_for(self, iteration: int) -> Mutator:
        """The one."""
        return self.mutator

    def after(self, iteration: int, found: Found) -> None:
        """Nothing is learned from what was found."""
