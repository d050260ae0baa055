"""What was drawn, kept in the order of drawing and laid out by child at the end.

A write at the same place of all rows is one copy of a block, and one at a place of each row's own
is a scatter. The loop makes the first in every step, and one scatter follows it.
"""

from __future__ import annotations

import flax.struct
import jax
import jax.numpy as jnp
from jax import Array

from elmjax.lm.slots import Slots


@flax.struct.dataclass
class Completions:
    """What the children wrote; after its length a row holds the pad token and log-prob zero."""

    tokens: Array  # [parents, children, time] int32, the end token included
    length: Array  # [parents, children] int32, the end token counted
    log_prob: Array  # [parents, children, time] nats, under the distribution drawn from
    finished: Array  # [parents, children] bool, false where the tokens ran out before the end


@flax.struct.dataclass
class Transcript:
    """Draws of all slots, step by step."""

    token: Array  # [steps, parents, slots] int32
    log_prob: Array  # [steps, parents, slots] float32 nats
    finished: Array  # [steps, parents, slots] bool, whether the child ends with the token
    child: Array  # [steps, parents, slots] int32, as in `Slots`
    age: Array  # [steps, parents, slots] int32, as in `Slots`

    @classmethod
    def empty(cls, slots: Slots, children: int, time: int) -> Transcript:
        """Room for `children` of `time` tokens in the slots of each parent."""
        # When k rounds of `time` steps are over, the first k times `slots` children have ended:
        # they had begun a round earlier. So as many rounds are enough as fill the slots.
        rounds = -(-children // slots.child.shape[1])
        shape = (rounds * time, *slots.child.shape)
        return cls(
            token=jnp.zeros(shape, jnp.int32),
            log_prob=jnp.zeros(shape, jnp.float32),
            finished=jnp.zeros(shape, bool),
            child=jnp.full(shape, children, jnp.int32),
            age=jnp.zeros(shape, jnp.int32),
        )

    def add(
        self, step: Array, slots: Slots, token: Array, log_prob: Array, finished: Array
    ) -> Transcript:
        """With the draws [parents, slots] of one step."""
        drawn = Transcript(
            token=token,
            log_prob=log_prob,
            finished=finished,
            child=slots.child,
            age=slots.age,
        )
        return jax.tree.map(
            lambda all_of, one: jax.lax.dynamic_update_index_in_dim(all_of, one, step, axis=0),
            self,
            drawn,
        )

    def completions(self, children: int, time: int, *, pad_token: Array | int) -> Completions:
        """The draws by child; those of idle slots are nobody's."""
        parents = self.token.shape[1]
        place = (jnp.arange(parents)[None, :, None], self.child, self.age)

        def laid_out(draws: Array, otherwise: Array | int) -> Array:
            empty = jnp.full((parents, children, time), otherwise, draws.dtype)
            return empty.at[place].set(draws, mode="drop")

        written = laid_out(jnp.ones_like(self.token, bool), False)
        length = jnp.sum(written, axis=-1, dtype=jnp.int32)
        ended = jnp.any(laid_out(self.finished, False), axis=-1)
        return Completions(
            tokens=laid_out(self.token, pad_token),
            length=length,
            log_prob=laid_out(self.log_prob, 0),
            finished=ended | (length == 0),  # those of absent parents
        )
