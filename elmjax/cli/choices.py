"""`elmjax terrains` and `elmjax config`: what there is to choose from."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from elmjax.cli.settings import Commands, add_config_option, overrides
from elmjax.config import dump, load


def add(commands: Commands) -> None:
    """Adds both commands."""
    _add_terrains(commands)
    _add_config(commands)


def _add_terrains(commands: Commands) -> None:
    parser = commands.add_parser(
        "terrains",
        allow_abbrev=False,
        help="list the terrains with their parameters, and draw them",
        description="Lists terrains with their parameters and what they are. Parameters are "
        'settings (--terrain.poet.roughness 0.5), and [terrain.NAME] with like = "poet" in a '
        "configuration defines a terrain NAME (--terrain.NAME.like poet).",
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="name of a terrain, or a JSON file of polylines (default: all that have a name)",
    )
    parser.add_argument("-o", dest="picture", type=Path, metavar="FILE.png", help="draw them too")
    add_config_option(parser)
    parser.set_defaults(command=_terrains, name="terrains")


def _add_config(commands: Commands) -> None:
    parser = commands.add_parser("config", help="print the resolved configuration as TOML")
    add_config_option(parser)
    parser.set_defaults(command=_config, name="config")


def _terrains(options: argparse.Namespace, rest: Sequence[str]) -> int:
    config = load(options.config, overrides(rest))
    from elmjax.stages import gallery

    names = gallery.choose(config, options.names)
    if options.picture is not None:
        gallery.draw(config, names, options.picture)
    print(gallery.listing(config, names))
    return 0


def _config(options: argparse.Namespace, rest: Sequence[str]) -> int:
    print(dump(load(options.config, overrides(rest))), end="")
    return 0
