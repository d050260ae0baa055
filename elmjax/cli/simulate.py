"""`elmjax simulate`: how far programs walk."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from elmjax.cli.settings import Commands, add_config_option, overrides
from elmjax.config import load


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "simulate",
        allow_abbrev=False,
        help="run walker programs and tell how far they walk",
        description="Evaluates walker programs in one batch and prints what became of each.",
    )
    parser.add_argument("programs", nargs="+", type=Path, metavar="PROGRAM.py")
    parser.add_argument(
        "--terrain",
        default="flat",
        metavar="NAME",
        help="name of a terrain, or a JSON file of polylines (default: %(default)s)",
    )
    parser.add_argument(
        "--seconds", type=float, metavar="T", help="duration of the walk (default: 10)"
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a line, in the order given"
    )
    add_config_option(parser)
    parser.set_defaults(command=_simulate, name="simulate")


def _simulate(options: argparse.Namespace, rest: Sequence[str]) -> int:
    settings = overrides(rest)
    if options.seconds is not None:
        settings.append(("seconds", repr(options.seconds)))
    from elmjax.stages import simulate

    lines = simulate.simulate_files(
        options.programs, options.terrain, load(options.config, settings)
    )
    simulate.show(lines, as_json=options.json)
    return 0
