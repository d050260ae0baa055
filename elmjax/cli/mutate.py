"""`elmjax mutate`: what an operator makes of a program."""

import argparse
import json
import sys
import typing
from collections.abc import Sequence
from pathlib import Path

from elmjax.cli.settings import Commands, add_config_option, overrides
from elmjax.config import ConfigError, DiffFormat, Operator, load
from physics.parameters import unknown

OPERATORS = tuple(name for name in typing.get_args(Operator) if name != "mixed")


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "mutate",
        allow_abbrev=False,
        help="show what a mutation operator makes of a program",
        description="Makes children of a walker program and tells what became of each: the "
        "message, the diff, and how far the child walks or why it does not.",
    )
    parser.add_argument(
        "programs", nargs="+", type=Path, metavar="PROGRAM.py", help="several for crossover only"
    )
    parser.add_argument(
        "--operator",
        default="diff",
        metavar="NAME",
        help=f"what makes the children: {', '.join(OPERATORS)}, or one of evolve.own "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "-n", dest="count", type=_count, default=8, metavar="N", help="children (default: 8)"
    )
    parser.add_argument(
        "--message", help="asked for (default: drawn with the paper's probabilities)"
    )
    parser.add_argument(
        "--model",
        metavar="DIR",
        help="a shipped model's name, a folder, or owner/name; with --endpoint, as the endpoint "
        "calls it",
    )
    parser.add_argument(
        "--endpoint",
        metavar="URL",
        help="asks a model behind an OpenAI-compatible endpoint, such as http://localhost:8000/v1; "
        "its key is read from the environment (ELMJAX_ENDPOINT_KEY)",
    )
    parser.add_argument(
        "--format",
        choices=typing.get_args(DiffFormat),
        help="how the operator diff writes its edits (default: numbered)",
    )
    parser.add_argument("--seed", metavar="S", help="the same children for the same number")
    parser.add_argument(
        "--terrain", metavar="NAME", help="name of a terrain, or a JSON file of polylines"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    add_config_option(parser)
    parser.set_defaults(command=_mutate, name="mutate")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted an integer of 1 or more")
    return int(text)


def _mutate(options: argparse.Namespace, rest: Sequence[str]) -> int:
    settings = overrides(rest)
    if options.format is not None and options.operator != "diff":
        raise ConfigError(f"--format: got {options.format!r}, wanted none: only diff has formats")
    model = "model" if options.endpoint is None else "endpoint.model"
    given = {
        model: options.model,
        "format": options.format,
        "terrain": options.terrain,
        "endpoint.url": options.endpoint,
    }
    if options.endpoint is not None:
        given["model"] = "endpoint"
    settings += [(f"evolve.{name}", json.dumps(value)) for name, value in given.items() if value]
    if options.seed is not None:
        settings.append(("seed", options.seed))
    config = load(options.config, settings)
    known = [*OPERATORS, *config.evolve.own]
    if options.operator not in known:
        raise ConfigError(f"--operator: {unknown('operator', options.operator, known)}")
    from rich.console import Console

    from elmjax.report.mutations import show_mutations
    from elmjax.stages import mutate

    mutations = mutate.mutate_files(
        options.programs, options.operator, options.count, config, options.message
    )
    if options.json:
        for mutation in mutations.made:
            print(json.dumps(mutate.as_line(mutation)), flush=True)
    elif mutations.made:
        console, names = Console(), [str(mutation.path) for mutation in mutations.made]
        # Printed by Python, not by rich, which ends the process when the reader has seen enough.
        with console.capture() as page:
            show_mutations(console, [mutation.record for mutation in mutations.made], names)
        print(page.get(), end="", flush=True)
    if mutations.stopped:
        print(f"elmjax mutate: {mutations.stopped}", file=sys.stderr)
    return 1 if mutations.stopped else 0
