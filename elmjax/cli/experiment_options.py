"""Options that several experiments share."""

import argparse
import json
import typing
from collections.abc import Sequence

from elmjax.cli.settings import add_config_option, overrides
from elmjax.config import Config, Operator, load


def add_operators(parser: argparse.ArgumentParser) -> None:
    """What mutates."""
    parser.add_argument(
        "--operators",
        nargs="+",
        choices=typing.get_args(Operator),
        default=("diff", "tree"),
        help="what mutates (default: diff tree)",
    )


def add_count(parser: argparse.ArgumentParser, option: str, number: int, told: str) -> None:
    """An option that takes an integer of 1 or more."""
    parser.add_argument(
        option, type=count, default=number, metavar="N", help=f"{told} (default: {number})"
    )


def add_circumstances(parser: argparse.ArgumentParser, config: str | None = None) -> None:
    """What every experiment can be told: its model, its seed and all other settings."""
    parser.add_argument(
        "--model", metavar="DIR", help="a shipped model's name or a folder (default: walker)"
    )
    parser.add_argument("--seed", metavar="S", help="the same results for the same number")
    add_config_option(parser, config)


def configured(options: argparse.Namespace, rest: Sequence[str]) -> Config:
    """The configuration that the options and settings describe."""
    settings = overrides(rest)
    if options.model is not None:
        settings.append(("evolve.model", json.dumps(options.model)))
    if options.seed is not None:
        settings.append(("seed", options.seed))
    return load(options.config, settings)


def count(text: str) -> int:
    """Reads an integer of 1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted an integer of 1 or more")
    return int(text)


def share(text: str) -> float:
    """Reads a number above 0 and at most 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value <= 1.0:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted a number above 0 and at most 1")
    return value
