"""Settings on the command line: dotted names with values, which argparse knows nothing of."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from elmjax.config import ConfigError, named_configs

# What `add_subparsers` returns; argparse names no public type for it.
Commands = Any

EXPLANATION = """\
Every value of the configuration can be set by its dotted name, read as TOML:
  elmjax run --config quickstart --evolve.iterations 100 --conditional.terrains '["flat", "tunnel"]'
`elmjax config` lists all names with their values.
"""


def add_config_option(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Adds `--config`, the configuration that settings are laid over."""
    parser.add_argument(
        "--config",
        metavar="NAME",
        default=default,
        help=f"a TOML file or one of: {', '.join(named_configs())} "
        f"(default: {default or 'built-in values'})",
    )


def add_run_option(parser: argparse.ArgumentParser, *, default: str, holds: str) -> None:
    """Adds `--run`, the folder of what `holds` says."""
    parser.add_argument(
        "--run",
        type=Path,
        metavar="DIR",
        default=Path(default),
        help=f"folder of {holds}, written or continued (default: %(default)s)",
    )


def set_apart(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Separates dotted settings with their values from the words of the command itself.

    argparse knows no settings, and would take their values for programs or terrains.
    """
    words: list[str] = []
    settings: list[str] = []
    remaining = list(arguments)
    while remaining:
        word = remaining.pop(0)
        name, equals, _ = word.partition("=")
        if name.startswith("--") and "." in name:
            settings += [word] if equals else [word, *remaining[:1]]
            del remaining[: 0 if equals else 1]
        else:
            words.append(word)
    return words, settings


def overrides(rest: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of name and value from `--name value` and `--name=value`.

    Raises:
        ConfigError: for anything else.
    """
    pairs, words = [], list(rest)
    while words:
        word = words.pop(0)
        if not word.startswith("--") or len(word) == len("--"):
            raise ConfigError(f"got {word!r}, wanted --section.key value")
        name, equals, value = word.removeprefix("--").partition("=")
        if not equals:
            if not words:
                raise ConfigError(f"{word}: got no value, wanted one after it")
            value = words.pop(0)
        pairs.append((name, value))
    return pairs


def refuse(rest: Sequence[str]) -> None:
    """Refuses settings where a command has none.

    Raises:
        ConfigError: naming the first.
    """
    if rest:
        raise ConfigError(f"got {rest[0]!r}, wanted an option that --help lists")
