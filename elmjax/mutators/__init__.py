"""Mutation operators: from parent programs to children, each with the message and diff it came by.

A mutator is asked for `children` children of every parent and returns exactly that many `Child`
records, parent by parent. A child that could not be made carries the reason in place of a program:
it is counted and is never its parent again.
"""

from elmjax.mutators.crossover import CrossoverMutator
from elmjax.mutators.endpoint import EndpointMutator
from elmjax.mutators.grammar import numbered_grammar
from elmjax.mutators.language import LanguageMutator
from elmjax.mutators.mutator import Child, Mutator
from elmjax.mutators.own import NamedMutator, from_rewriting
from elmjax.mutators.team import Team
from elmjax.mutators.tree import SharedTreeMutator, describe, tree_mutator

__all__ = [
    "Child",
    "CrossoverMutator",
    "EndpointMutator",
    "LanguageMutator",
    "Mutator",
    "NamedMutator",
    "SharedTreeMutator",
    "Team",
    "describe",
    "from_rewriting",
    "numbered_grammar",
    "tree_mutator",
]
