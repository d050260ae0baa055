"""`elmjax dataset`: the dataset of stage 2, for use elsewhere."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from elmjax.cli.settings import EXPLANATION, Commands, add_config_option, overrides
from elmjax.config import ConfigError, load


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "dataset",
        allow_abbrev=False,
        help="write the programs that stage 1 admitted as a dataset that Hugging Face reads",
        description="Joins what runs of stage 1 admitted, keeps what is good for its niche, holds "
        "some out, and writes Parquet files with a card (paper, section 6).",
        epilog=EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--run",
        type=Path,
        metavar="DIR",
        action="append",
        required=True,
        help="folder of a run with a finished stage 1; several: --run A --run B",
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", required=True, help="folder to write; must be new"
    )
    parser.add_argument(
        "--threshold",
        metavar="P",
        help="share of the niche's best fitness over all runs that a program must reach "
        "(default: 0.5; the paper also has 0.8)",
    )
    parser.add_argument(
        "--final", action="store_true", help="only the elites of the final archives"
    )
    parser.add_argument(
        "--duplicates",
        choices=("keep", "text", "body"),
        help="of equal texts, or of programs that build equal bodies, keep the first "
        "(default: text)",
    )
    parser.add_argument("--test-share", metavar="P", help="held out (default: 0.05)")
    parser.add_argument(
        "--split",
        choices=("family", "text"),
        help="hold out programs with all that differ from them in numbers only, or equal texts "
        "alone (default: family)",
    )
    parser.add_argument(
        "--trajectories",
        action="store_true",
        help="also write prompt, completion and reward of every learned program, and of every "
        "edit that a diff model wrote in these runs",
    )
    parser.add_argument("--seed", metavar="S", help="the same split for the same number")
    add_config_option(parser)
    parser.set_defaults(command=_dataset, name="dataset")


def _dataset(options: argparse.Namespace, rest: Sequence[str]) -> int:
    output: Path = options.output
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ConfigError(f"--output: {output} is there already; give another folder")
    settings = overrides(rest)
    for name in ("threshold", "test_share"):
        if (value := getattr(options, name)) is not None:
            settings.append((f"finetune.{name}", value))
    for name in ("duplicates", "split"):
        if (value := getattr(options, name)) is not None:
            settings.append((f"finetune.{name}", json.dumps(value)))
    if options.final:
        settings.append(("finetune.programs", '"final"'))
    if options.seed is not None:
        settings.append(("seed", options.seed))
    config = load(options.config, settings)
    from elmjax.stages import programs

    collection = programs.collect(config, [*options.run, *map(Path, config.finetune.runs)])
    programs.write(collection, output, trajectories=options.trajectories)
    dataset = collection.dataset
    for told, count in {
        **collection.provenance.counts,
        "to learn from": len(dataset.train),
        "held out": len(dataset.test),
        "niches": dataset.train["cell"].nunique(),
    }.items():
        print(f"{count:>10,}  {told}")
    print(f"Written to {output}; read README.md there")
    return 0
