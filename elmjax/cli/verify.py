"""`elmjax verify`: whether a run holds what it says."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from elmjax.cli.settings import Commands, refuse

DIFFERENT = 1
SHOWN = 50  # differences, of each run


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "verify",
        allow_abbrev=False,
        help="run every elite again; check history, archives and checkpoints against each other",
        description="Runs and simulates every elite of a run again, and checks history, archives, "
        "checkpoints and summaries against each other. Exit code 1 where something does not hold.",
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a run")
    parser.set_defaults(command=_verify, name="verify")


def _verify(options: argparse.Namespace, rest: Sequence[str]) -> int:
    refuse(rest)
    from elmjax.stages import verify

    checked = verify.verify(options.run)
    for difference in checked.differences[:SHOWN]:
        print(difference)
    if (more := len(checked.differences) - SHOWN) > 0:
        print(f"and {more} more")
    count = len(checked.differences)
    print(
        f"{options.run}: {checked.searches} archives, {checked.programs} programs, "
        f"{checked.elites} elites run again, {checked.checkpoints} folders of checkpoints: "
        f"{f'{count} differences' if count else 'all holds'}"
    )
    return DIFFERENT if count else 0
