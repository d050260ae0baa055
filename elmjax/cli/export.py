"""`elmjax export`: a walker for other programs."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from elmjax.cli.settings import Commands, add_config_option, overrides
from elmjax.config import load


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "export",
        allow_abbrev=False,
        help="write a walker as a model of MuJoCo or as JSON",
        description="Runs a walker program and writes what it builds: as MJCF, which MuJoCo's "
        "viewer opens, or as JSON. With --physics.dim 3 the program lives in three dimensions.",
    )
    parser.add_argument("program", type=Path, metavar="PROGRAM.py")
    parser.add_argument(
        "-o", dest="output", type=Path, required=True, metavar="FILE", help="a .xml or .json file"
    )
    add_config_option(parser)
    parser.set_defaults(command=_export, name="export")


def _export(options: argparse.Namespace, rest: Sequence[str]) -> int:
    from elmjax.stages.export import export

    export(options.program, options.output, load(options.config, overrides(rest)))
    return 0
