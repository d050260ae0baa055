"""`elmjax report`: a run as one page for a browser."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from elmjax.cli.settings import Commands
from elmjax.config import ConfigError


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "report",
        allow_abbrev=False,
        help="show a run in a browser: walkers, programs, ancestry, curves",
        description="Writes one HTML file that needs no network and no server: the archives, "
        "every elite walking, with its program and ancestry, and the curves of all stages.",
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a run")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="the HTML file (default: report.html in the run's folder)",
    )
    parser.set_defaults(command=_report, name="report")


def _report(options: argparse.Namespace, rest: Sequence[str]) -> int:
    if rest:
        raise ConfigError(f"{rest[0]}: no such option; see elmjax report --help")
    from elmjax.stages import showcase

    path: Path = options.output or options.run / "report.html"
    if options.output is not None and not path.parent.is_dir():
        raise ConfigError(f"--output: {path.parent} is no folder; create it, or give another file")
    size = showcase.write(options.run, path)
    print(f"{path}: {size / 1e6:.1f} MB; open it in a browser")
    return 0
