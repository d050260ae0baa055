"""`elmjax doctor`: whether this machine has what runs want."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from elmjax.cli.settings import Commands, refuse

LACKING = 1


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "doctor",
        allow_abbrev=False,
        help="devices, versions, confinement of programs, compiler, disk; what to do about them",
        description="Looks at what this machine has. Exit code 1 where something is missing "
        "without which nothing runs.",
    )
    parser.add_argument(
        "--run",
        type=Path,
        metavar="DIR",
        default=Path("runs/latest"),
        help="where runs are to be written (default: runs/latest)",
    )
    parser.set_defaults(command=_doctor, name="doctor")


def _doctor(options: argparse.Namespace, rest: Sequence[str]) -> int:
    refuse(rest)
    from elmjax.doctor import State, examine

    findings = examine(options.run)
    wide = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(f"{finding.state:<7}  {finding.name:<{wide}}  {finding.what}")
        if finding.advice:
            print(f"{'':<7}  {'':<{wide}}  -> {finding.advice}")
    return LACKING if any(finding.state is State.MISSING for finding in findings) else 0
