"""Where a completion stops: an automaton that looks for a text in what is being written."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import jax.numpy as jnp
import numpy as np

from elmjax.lm.automaton import Automaton


def stop_automaton(texts: tuple[bytes, ...], stop: bytes, parents: int) -> Automaton:
    """Permits everything, and ends a completion with the token in which `stop` is complete.

    A state is how many bytes of `stop` the last bytes written are (Knuth, Morris and Pratt 1977),
    so that it is found wherever tokens begin and end. What the last token holds behind it is still
    written.

    Args:
        texts: Bytes of every token, [vocab]; empty for a token that writes nothing.
        stop: Text to look for.
        parents: Prompts that are completed.

    Raises:
        ValueError: If `stop` is empty.
    """
    if not stop:
        raise ValueError("stop must hold at least one byte, got an empty text")
    return Automaton(
        following=jnp.asarray(_following(texts, stop)),
        final=jnp.arange(len(stop) + 1) == len(stop),
        permitted=jnp.ones((parents, len(texts)), bool),
    )


@lru_cache(maxsize=16)
def _following(texts: tuple[bytes, ...], stop: bytes) -> np.ndarray:
    """Table [states, vocab] int16; see `Automaton`."""
    steps, states = _steps(stop), range(len(stop) + 1)
    return np.array([[_walk(steps, state, text) for text in texts] for state in states], np.int16)


def _steps(stop: bytes) -> list[dict[int, int]]:
    """The state after each byte that does not lead back to the start, by state."""
    steps: list[dict[int, int]] = [{} for _ in stop]
    for state in range(len(stop)):
        for byte in set(stop):
            seen = stop[:state] + bytes([byte])
            longest = (n for n in range(len(seen), 0, -1) if seen.endswith(stop[:n]))
            steps[state][byte] = next(longest, 0)
    return steps


def _walk(steps: Sequence[dict[int, int]], state: int, text: bytes) -> int:
    """The state after a token; once the stop is complete, nothing leads out."""
    for byte in text:
        if state == len(steps):
            break
        state = steps[state].get(byte, 0)
    return state
