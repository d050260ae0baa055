"""`elmjax sample`: what a finished stage 3 writes for a terrain."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from elmjax.cli.settings import Commands
from elmjax.config import ConfigError


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "sample",
        allow_abbrev=False,
        help="write walkers for a terrain with the model of a finished stage 3",
        description="Writes walkers for a terrain, runs each on it, and prints how far they get, "
        "the farthest first, and its program.",
    )
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="a finished run")
    parser.add_argument(
        "--terrain", required=True, metavar="NAME", help="one of those that the run trained on"
    )
    parser.add_argument(
        "-n", type=int, default=16, metavar="N", help="walkers (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="the same walkers for the same number"
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a line, with every program"
    )
    parser.set_defaults(command=_sample, name="sample")


def _sample(options: argparse.Namespace, rest: Sequence[str]) -> int:
    if rest:
        raise ConfigError(f"{rest[0]}: no such option; see elmjax sample --help")
    if options.n < 1:
        raise ConfigError(f"-n: got {options.n}, wanted at least 1")
    from elmjax.stages import invent
    from elmjax.stages.run import Run

    samples = invent.invent(Run.read(options.run), options.terrain, options.n, options.seed)
    told = [invent.tell(sample) for sample in samples]
    if options.json:
        for each in told:
            print(json.dumps(each))
        return 0
    for place, each in enumerate(told, start=1):
        distance = "-" if each["distance"] is None else f"{each['distance']:.1f} m"
        print(f"{place:>4}  {distance:>8}  {each['outcome']}  {each['reason']}".rstrip())
    walked = [each["distance"] for each in told if each["distance"] is not None]
    mean = f", {sum(walked) / len(walked):.1f} m on average" if walked else ""
    print(f"{len(walked)} of {len(told)} walk{mean}\n")
    if walked:
        print(told[0]["program"])
    return 0
