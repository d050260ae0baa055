"""`elmjax render`: pictures and films of walkers."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from elmjax.cli.settings import Commands, add_config_option, overrides
from elmjax.config import load


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "render",
        allow_abbrev=False,
        help="draw or film a walker, or the best of an archive",
        description="Draws a walker (.png, .svg), films it (.gif; .mp4 with ffmpeg), or draws a "
        "sheet of the best of an archive.",
    )
    parser.add_argument(
        "source",
        metavar="PROGRAM.py|RUN#NICHE|RUN",
        help="a program; a niche of a run, as best, 613 or 3,4,5, with an operator before it "
        "where the run has several (RUN#tree:best); or a run, for a sheet of its best",
    )
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help=".png, .svg, .gif or .mp4"
    )
    parser.add_argument(
        "--terrain", metavar="NAME", help="where to walk (default: flat; of a run, its own)"
    )
    parser.add_argument(
        "-n", type=int, default=12, metavar="N", help="walkers on a sheet (default: %(default)s)"
    )
    add_config_option(parser)
    parser.set_defaults(command=_render, name="render")


def _render(options: argparse.Namespace, rest: Sequence[str]) -> int:
    config = load(options.config, overrides(rest))
    from elmjax.stages import render

    render.render(options.source, options.output, config, terrain=options.terrain, count=options.n)
    print(options.output)
    return 0
