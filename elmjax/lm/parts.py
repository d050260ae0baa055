"""A call of the sampler cut into equal parts that run side by side, and put together again.

XLA does not split the small products of a small model over the cores of a CPU, so parts run in a
thread each. All parts of a call have the shapes of one compiled program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np

from elmjax.lm.transcript import Completions

# A part of fewer children would take almost as long as one of so many.
LEAST_CHILDREN = 16


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some prompts and some of their children."""

    first_parent: int
    parents: int  # rows of prompts, absent ones included
    first_child: int
    children: int  # those beyond the call's last are thrown away

    @property
    def rows(self) -> slice:
        """The part's prompts among those of the call."""
        return slice(self.first_parent, self.first_parent + self.parents)


def cut(prompts: int, *, parents: int, children: int, threads: int) -> list[Part]:
    """Parts for a number of threads: by prompts, or by children where these are many.

    Args:
        prompts: Those that are there, at least one.
        parents: Rows to pad to, at least `prompts`.
        children: Completions of each.
        threads: Most parts.
    """
    if prompts >= threads:
        rows = -(-parents // threads)
        return [
            Part(first_parent=first, parents=rows, first_child=0, children=children)
            for first in range(0, prompts, rows)
        ]
    each = max(-(-children // threads), min(children, LEAST_CHILDREN))
    return [
        Part(first_parent=0, parents=parents, first_child=first, children=each)
        for first in range(0, children, each)
    ]


def join(
    parts: Sequence[Part], drawn: Sequence[Completions], *, prompts: int, children: int
) -> Completions:
    """NumPy arrays of the whole call, in the order of prompts and children."""
    axis = 1 if parts[-1].first_child else 0

    def whole(*leaves: jax.Array) -> np.ndarray:
        return np.concatenate([np.asarray(leaf) for leaf in leaves], axis)[:prompts, :children]

    return jax.tree.map(whole, *drawn)
