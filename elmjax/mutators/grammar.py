"""The numbered format as an automaton over tokens, so that a model can write nothing else.

    edit = hunk+ <|end|>        hunk = <|start|><|stop|> (<|add|> text newline)*

Lines never run backwards and stay within the parent, and a hunk that takes no line away adds one.
An edit can still run out of tokens, give its parent again, or spell `<|` in its text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import jax.numpy as jnp
import numpy as np

from elmjax.diffs.numbered import MAX_LINES, TOKEN_OPENING
from elmjax.lm.automaton import Automaton
from elmjax.lm.store import LanguageModel
from elmjax.lm.tokenizer import SPECIALS, Tokenizer

LINES = MAX_LINES + 1  # numbers of lines, and as many states of each phase
# Phases, each with a state for every line: what follows a hunk's start at the line, and, where the
# last hunk stops at the line, what follows an empty range, a whole hunk, and text of an added line.
STARTED, EMPTY, WHOLE, IN_TEXT = (1 + LINES * phase for phase in range(4))
STATES = 1 + 4 * LINES


def numbered_automaton(tokenizer: Tokenizer, lines: Sequence[int], vocab_size: int) -> Automaton:
    """What may be written in the numbered format.

    Args:
        tokenizer: Of our own, with a token for every line number.
        lines: Lines of each parent.
        vocab_size: Entries of the model, at least those of the tokenizer.
    """
    permitted = np.ones((len(lines), vocab_size), bool)
    for row, count in zip(permitted, lines, strict=True):
        beyond = [tokenizer.line_token(line) for line in range(count + 1, LINES)]
        row[beyond] = False
    return Automaton(
        following=jnp.asarray(_following(tokenizer, vocab_size)),
        final=jnp.zeros(STATES, bool),  # the end token ends
        permitted=jnp.asarray(permitted),
    )


def numbered_grammar(model: LanguageModel, parents: Sequence[str]) -> Automaton:
    """`numbered_automaton` for edits that a model writes of some programs."""
    lines = [len(parent.removesuffix("\n").split("\n")) for parent in parents]
    return numbered_automaton(model.own_tokenizer, lines, model.config.vocab_size)


@lru_cache(maxsize=4)
def _following(tokenizer: Tokenizer, vocab_size: int) -> np.ndarray:
    """Table [STATES, vocab] int16; see `Automaton`."""
    table = np.full((STATES, vocab_size), -1, np.int16)
    line_tokens = np.array([tokenizer.line_token(line) for line in range(LINES)])
    text, newline = _text_tokens(tokenizer)
    table[0, line_tokens] = STARTED + np.arange(LINES)
    for line in range(LINES):
        after = np.arange(line, LINES)
        table[STARTED + line, line_tokens[after]] = WHOLE + after
        table[STARTED + line, line_tokens[line]] = EMPTY + line
        table[WHOLE + line, line_tokens[after]] = STARTED + after
        table[WHOLE + line, tokenizer.end] = 0
        table[[EMPTY + line, WHOLE + line], tokenizer.add] = IN_TEXT + line
        table[IN_TEXT + line, text] = IN_TEXT + line
        table[IN_TEXT + line, newline] = WHOLE + line
    return table


def _text_tokens(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Tokens of text without a newline, and those that a newline ends; never a special one."""
    special = {tokenizer.special(name) for name in SPECIALS}
    texts = {
        token: tokenizer.decode([token])
        for token in range(tokenizer.vocab_size)
        if token not in special
    }
    usable = {token: text for token, text in texts.items() if TOKEN_OPENING not in text}
    return (
        [token for token, text in usable.items() if "\n" not in text],
        [token for token, text in usable.items() if text.find("\n") == len(text) - 1],
    )
