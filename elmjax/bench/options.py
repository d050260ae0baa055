"""Options of the benchmarks: words out of known ones, and the command that repeats them."""

import shlex
from collections.abc import Mapping, Sequence

from elmjax.config import ConfigError


def choose(option: str, word: str, known: Sequence[str] | Mapping[str, object]) -> str:
    """The word, if it is known.

    Raises:
        ConfigError: naming the option, what was got and what was wanted.
    """
    if word not in known:
        raise ConfigError(f"{option}: got {word!r}, wanted one of {', '.join(known)}")
    return word


def is_count(word: str, most: int) -> bool:
    """Whether a word is a whole number from 1 to `most`."""
    return word.isascii() and word.isdigit() and 1 <= int(word) <= most


def command_line(benchmark: str, options: Mapping[str, str]) -> str:
    """The command that runs a benchmark with these options."""
    words = [word for option in options.items() for word in option]
    return shlex.join(["elmjax", "bench", benchmark, *words])
