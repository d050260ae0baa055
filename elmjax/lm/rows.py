"""A call of the sampler dealt to the devices of a mesh: equal rows, each some children of a prompt.

Where there are fewer prompts than devices, a prompt has several rows, which share its children.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np

from elmjax.lm.transcript import Completions


@dataclass(frozen=True, kw_only=True)
class Deal:
    """Who writes what.

    Attributes:
        prompts: Those that are there.
        groups: Rows of each prompt, one behind the other.
        children: Of each row; those beyond the prompt's last are thrown away.
        rows: Of all prompts, and absent ones behind them.
    """

    prompts: int
    groups: int
    children: int
    rows: int

    @classmethod
    def of(cls, prompts: int, *, parents: int, children: int, shards: int) -> Deal:
        """Deals the children of all prompts.

        Args:
            prompts: Those that are there, at least one.
            parents: To pad to, at least `prompts`, so that few programs are compiled.
            children: Completions of each.
            shards: That the rows are to be a multiple of.
        """
        groups = min(-(-shards // parents), children)
        each = -(-children // groups)
        rows = -(-parents * groups // shards) * shards
        return cls(prompts=prompts, groups=groups, children=each, rows=rows)

    @property
    def parent(self) -> np.ndarray:
        """The number of each row's prompt, [rows] int32; those of absent ones are no prompt's."""
        return np.arange(self.rows, dtype=np.int32) // self.groups

    @property
    def first_child(self) -> np.ndarray:
        """The number of each row's first child, [rows] int32."""
        return (np.arange(self.rows, dtype=np.int32) % self.groups) * self.children

    def spread(self, of_prompts: np.ndarray, *, absent: float) -> np.ndarray:
        """What is known of each prompt, by row; absent ones have one value."""
        there = np.asarray(of_prompts)[np.minimum(self.parent, self.prompts - 1)]
        known = (self.parent < self.prompts).reshape(-1, *[1] * (there.ndim - 1))
        return np.where(known, there, np.asarray(absent, there.dtype))

    def join(self, drawn: Completions, *, children: int) -> Completions:
        """NumPy arrays by prompt and child, of what was drawn by row."""

        def whole(leaf: np.ndarray) -> np.ndarray:
            of_prompts = np.asarray(leaf)[: self.prompts * self.groups]
            by_prompt = of_prompts.reshape(self.prompts, -1, *leaf.shape[2:])
            return by_prompt[:, :children]

        return jax.tree.map(whole, drawn)
