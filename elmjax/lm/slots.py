"""Who writes where while sampling: each slot of a parent writes one child at a time.

A slot whose child has ended takes the parent's next child in the next step, so that short children
do not wait for long ones. A child is its parent's as long as there are children left; a slot
without one is idle.
"""

from __future__ import annotations

import flax.struct
import jax.numpy as jnp
from jax import Array


@flax.struct.dataclass
class Slots:
    """What every slot is doing."""

    child: Array  # [parents, slots] int32, the child that it writes; `children` or more: idle
    age: Array  # [parents, slots] int32, tokens of that child drawn before
    following: Array  # [parents] int32, the next child to start

    @classmethod
    def start(cls, present: Array, slots: int, children: int) -> Slots:
        """The first children in the slots.

        Args:
            present: [parents] bool; the slots of absent parents are idle from the start.
            slots: Slots per parent.
            children: Children per parent.
        """
        first = jnp.arange(slots, dtype=jnp.int32)
        return cls(
            child=jnp.where(present[:, None], first, children),
            age=jnp.zeros((present.shape[0], slots), jnp.int32),
            following=jnp.where(present, jnp.int32(slots), children),
        )

    def after(self, ended: Array) -> Slots:
        """The step after, in which the slots where a child `ended` take the next ones in turn.

        Args:
            ended: [parents, slots] bool; where a slot is idle, it makes no difference.
        """
        order = jnp.cumsum(ended, axis=1, dtype=jnp.int32)
        return Slots(
            child=jnp.where(ended, self.following[:, None] + order - 1, self.child),
            age=jnp.where(ended, 0, self.age + 1),
            following=self.following + order[:, -1],
        )
