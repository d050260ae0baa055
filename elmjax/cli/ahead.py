"""`elmjax compile`: what the stages would run on TPUs, compiled without one."""

import argparse
import json
import os
from collections.abc import Sequence

from elmjax.cli.settings import EXPLANATION, Commands, add_config_option, overrides
from elmjax.config import load

STAGES = ("pretrain", "evolve", "finetune", "conditional")
USUAL = STAGES[1:]  # those of `elmjax run`
DOES_NOT_FIT = 1


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "compile",
        allow_abbrev=False,
        help="compile the programs of all stages for TPUs that are not there: time, memory, fit",
        description="Compiles what the stages of a configuration would run on a slice of TPUs, on "
        "a machine without one (needs the extra tpu). Exit code 1 where a program does not "
        "compile or a chip's memory is too small for it.",
        epilog=EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--topology",
        nargs="+",
        required=True,
        metavar="SLICE",
        help="slices, such as v5e:2x4; generations are v4, v5e, v5p and v6e",
    )
    parser.add_argument(
        "--stage",
        nargs="+",
        choices=STAGES,
        default=USUAL,
        metavar="STAGE",
        help=f"some of {', '.join(STAGES)} (default: {', '.join(USUAL)})",
    )
    add_config_option(parser)
    parser.add_argument("--json", action="store_true", help="print a record, for machines")
    parser.set_defaults(command=_compile, name="compile")


def _compile(options: argparse.Namespace, rest: Sequence[str]) -> int:
    config = load(options.config, overrides(rest))
    # Here nothing is computed, and JAX would look for the TPUs that the compiler comes for.
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    from rich.console import Console

    from elmjax.bench.ahead.command import compile_ahead, default_name, record

    name = default_name(options.config)
    console = Console(stderr=options.json)
    rows = compile_ahead(config, name, options.topology, options.stage, console)
    lacking = [row for row in rows if not row.fits]
    if options.json:
        print(json.dumps(record(rows, _command(options)), indent=1, allow_nan=False))
    else:
        console.print(
            f"{len(rows)} programs: {f'{len(lacking)} do not fit' if lacking else 'all fit'}",
            highlight=False,
        )
    return DOES_NOT_FIT if lacking else 0


def _command(options: argparse.Namespace) -> str:
    words = ["elmjax compile --topology", *options.topology, "--stage", *options.stage]
    if options.config is not None:
        words += ["--config", options.config]
    return " ".join(words)
