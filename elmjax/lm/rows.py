"""A call of the sampler dealt to the devices of a mesh: equal rows, each some children of a prompt.

Where there are fewer prompts than devices, a prompt has several rows, which share its children.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.sharding import NamedSharding

from elmjax.dist.placement import Placement
from elmjax.lm.automaton import Automaton
from elmjax.lm.decoder import Params
from elmjax.lm.places import Places
from elmjax.lm.prompt import Prompt
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


def traced_by_row(deal: Deal, automaton: Automaton | None, places: Places | None) -> dict[str, Any]:
    """The traced arguments of `generate.sample` that are known of each prompt, by row."""
    traced: dict[str, Any] = {"parent": deal.parent, "first_child": deal.first_child}
    if automaton is not None:
        permitted = deal.spread(np.asarray(automaton.permitted), absent=True)
        traced["automaton"] = dataclasses.replace(automaton, permitted=jnp.asarray(permitted))
    if places is not None:
        named = jnp.asarray(deal.spread(np.asarray(places.named), absent=-1))
        traced["places"] = dataclasses.replace(places, named=named)
    return traced


def by_row(deal: Deal, prompt: Prompt) -> Prompt:
    """The prompts by row; absent ones have length 0."""
    return jax.tree.map(lambda leaf: deal.spread(np.asarray(leaf), absent=0), prompt)


def traced_shardings(placement: Placement, traced: dict[str, Any]) -> dict[str, Any]:
    """Where the traced arguments of a sampling program lie: by row, or everywhere."""
    by_row = ("parent", "first_child", "permitted", "named")

    def of(path: jax.tree_util.KeyPath, leaf: Any) -> NamedSharding:
        del leaf
        name = path[-1].name if isinstance(path[-1], jax.tree_util.GetAttrKey) else path[-1].key
        return placement.rows if name in by_row else placement.everywhere

    return jax.tree_util.tree_map_with_path(of, traced)


def apart(sample: Callable[..., Completions], placement: Placement) -> Callable[..., Completions]:
    """Every device samples its own rows with parameters of its own, and waits for no other."""
    one, rows = placement.everywhere.spec, placement.rows.spec

    def whole(params: Params, prompt: Prompt, key: Array, traced: dict[str, Any]) -> Completions:
        lie = jax.tree.map(lambda where: where.spec, traced_shardings(placement, traced))
        cut = jax.shard_map(
            sample,
            mesh=placement.mesh,
            in_specs=(one, rows, one, lie),
            out_specs=rows,
            check_vma=False,
        )
        return cut(params, prompt, key, traced)

    return whole
