"""Which tokens may follow, and where a text ends: a finite automaton over tokens.

Every slot walks it while it draws.
"""

from __future__ import annotations

import flax.struct
import jax.numpy as jnp
from jax import Array


@flax.struct.dataclass
class Automaton:
    """States are numbered from 0, in which every completion starts.

    A table is enough for formats of lines and their numbers: some hundred states. Every state that
    can be reached must permit a token for every prompt; else what is drawn there is not defined.
    """

    following: Array  # [states, vocab] int16, the state after a token; negative: forbidden
    final: Array  # [states] bool, whether a completion ends where it comes into the state
    permitted: Array  # [parents, vocab] bool, false for tokens that a prompt rules out everywhere

    def mask(self, logits: Array, state: Array) -> Array:
        """Scores [parents, slots, vocab], minus infinity where `state` forbids a token."""
        may_follow = (self.following[state] >= 0) & self.permitted[:, None]
        return jnp.where(may_follow, logits, -jnp.inf)

    def after(self, state: Array, token: Array) -> Array:
        """States [parents, slots] after the tokens drawn."""
        return self.following[state, token].astype(jnp.int32)
