r"""Positions that follow the lines of a program, so that an edit stands where it takes effect.

In the numbered format an edit names a line by a token, and mostly repeats the line but for a few
characters. Where the tokens of an edit simply continue the positions of the prompt, a model has to
learn to find a line by its number and to keep its place in it, which takes a small one most of its
training. Here a line token stands where it stands in the prompt, and what follows, at the positions
of that line:

    prompt    <|0|> a \n <|1|> b c \n   position  0 1 2 3 4 5 6
    edit      <|1|> <|2|> <|add|> b d     position  3 3 3 4 5

A hunk's second line token and the mark of its first added line keep the place of its first; all
other tokens stand one behind the token before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import flax.struct
import jax.numpy as jnp
import numpy as np
from jax import Array

from elmjax.lm.tokenizer import Tokenizer

_NOWHERE = -1


@flax.struct.dataclass
class Cursor:
    """Where the last token of each slot stands."""

    position: Array  # [parents, slots] int32
    at_mark: Array  # [parents, slots] bool, whether it is a line token or keeps the place of one


@flax.struct.dataclass
class Places:
    """Where tokens stand that do not simply follow the one before."""

    named: Array  # [parents, vocab] int32, position of a line token in the prompt, else -1
    kept: Array  # [vocab] bool, whether a token keeps the place of the line token before it

    def after(self, cursor: Cursor, token: Array) -> Cursor:
        """Where the tokens [parents, slots] stand that were just drawn."""
        named = jnp.take_along_axis(self.named, token, axis=1)
        stays = cursor.at_mark & self.kept[token]
        position = jnp.where(named == _NOWHERE, cursor.position + 1, named)
        return Cursor(
            position=jnp.where(stays, cursor.position, position),
            at_mark=stays | (named != _NOWHERE),
        )


def places(tokenizer: Tokenizer, prompts: Sequence[Sequence[int]], vocab_size: int) -> Places:
    """Where edits of some prompts stand.

    Args:
        tokenizer: Of our own, with a token for every line number.
        prompts: Token ids of numbered programs; the last tokens may be others.
        vocab_size: Entries of the model.
    """
    named = np.full((len(prompts), vocab_size), _NOWHERE, np.int32)
    kept = np.zeros(vocab_size, bool)
    kept[[*tokenizer.line_tokens, tokenizer.add]] = True
    for row, prompt in zip(named, prompts, strict=True):
        for token, position in _lines(tokenizer, prompt).items():
            row[token] = position
    return Places(named=jnp.asarray(named), kept=jnp.asarray(kept))


def place(tokenizer: Tokenizer, prompt: Sequence[int], continuation: Sequence[int]) -> list[int]:
    """Positions of the tokens of one continuation, which the sampler would give them."""
    kept = tokenizer.line_tokens | {tokenizer.add}
    return list(_walk(_lines(tokenizer, prompt), kept, len(prompt) - 1, continuation))


def _walk(
    named: dict[int, int], kept: frozenset[int], position: int, continuation: Sequence[int]
) -> Iterator[int]:
    at_mark = False
    for token in continuation:
        if not (at_mark and token in kept):
            position = named.get(token, position + 1)
            at_mark = token in named
        yield position


def _lines(tokenizer: Tokenizer, prompt: Sequence[int]) -> dict[int, int]:
    """Where the line tokens of a prompt stand in it."""
    lines = tokenizer.line_tokens
    return {token: position for position, token in enumerate(prompt) if token in lines}
