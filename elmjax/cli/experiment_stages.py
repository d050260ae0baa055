"""`elmjax experiment stage2` and `stage3`: models of admitted programs, and PPO from there on."""

import argparse
import typing
from collections.abc import Sequence
from pathlib import Path

from elmjax.cli.experiment_options import add_circumstances, add_count, configured, share
from elmjax.cli.settings import Commands, add_run_option
from elmjax.config import SIZES, Encoder, Operator
from elmjax.experiments.stage3.terrains import DISTRIBUTIONS


def add(experiments: Commands) -> None:
    """Adds both experiments."""
    _add_stage2(experiments)
    _add_stage3(experiments)


def _add_stage2(experiments: Commands) -> None:
    parser = experiments.add_parser(
        "stage2",
        allow_abbrev=False,
        help="what models learn of the programs of stage 1: samples, completions, comments",
        description="Trains models on the programs that runs of stage 1 admitted, puts samples of "
        "them into an empty archive, lets them complete the paper's walkers, make walkers to order "
        "and predict what walkers are like, and lays the paper's numbers beside (section 6, "
        "appendix H). Finished conditions are kept in the folder and not run again. Training is "
        "set as for finetune: --finetune.optimiser.steps 1000.",
    )
    add_run_option(parser, default="runs/stage2", holds="results, runs, tables and plots")
    parser.add_argument(
        "--models",
        nargs="+",
        default=("0.1M", "1M", "walker"),
        metavar="MODEL",
        help=f"{', '.join(SIZES)} start from random weights, anything else from a shipped model "
        "or a folder; the last learns the comments too (default: 0.1M 1M walker)",
    )
    parser.add_argument(
        "--thresholds",
        nargs="+",
        type=share,
        default=(0.5, 0.8),
        metavar="P",
        help="shares of the niche's best fitness that programs reach (default: 0.5 0.8)",
    )
    for option, number, told in (
        ("--samples", 1024, "samples of a model"),
        ("--completions", 128, "completions of each half program; the paper has 1024"),
        ("--orders", 64, "walkers described to a model inside the held-out band, and outside"),
        ("--predictions", 256, "programs whose walkers a model predicts, of each kind"),
        ("--repeats", 3, "trainings of every model and threshold"),
    ):
        add_count(parser, option, number, told)
    parser.add_argument("--without-comments", action="store_true", help="leave appendix H out")
    parser.add_argument(
        "--histories",
        nargs="+",
        type=Path,
        default=[],
        metavar="DIR",
        help="runs of stage 1 to learn from; without, the experiment evolves its own",
    )
    parser.add_argument(
        "--operator",
        choices=typing.get_args(Operator),
        default="tree",
        help="of its own runs (default: %(default)s)",
    )
    add_count(parser, "--evaluations", 12_800, "of each of its own runs; the paper has 1024000")
    add_count(parser, "--evolutions", 1, "of its own runs from each seed; the paper has 3")
    add_circumstances(parser, config="stage2")
    parser.set_defaults(command=_stage2, name="experiment stage2")


def _add_stage3(experiments: Commands) -> None:
    parser = experiments.add_parser(
        "stage3",
        allow_abbrev=False,
        help="conditional inventors on the paper's terrains: rewards, transfer, baselines",
        description="Trains the stage 2 model by PPO to write walkers for the terrains of a "
        "distribution, with either encoder, and lays the paper's figures 18 and 19 beside. "
        "Finished conditions are kept in the folder and not run again. Training is set as for "
        "conditional: --conditional.iterations 100.",
    )
    add_run_option(parser, default="runs/stage3", holds="results, runs, table and plot")
    parser.add_argument(
        "--distributions",
        nargs="+",
        choices=DISTRIBUTIONS,
        default=("tunnel", "bumpy"),
        help="sets of terrains (default: tunnel bumpy, the paper's)",
    )
    parser.add_argument(
        "--encoders",
        nargs="+",
        choices=typing.get_args(Encoder),
        default=("codes", "image"),
        help="what shows a terrain to the model (default: codes image)",
    )
    add_count(parser, "--repeats", 3, "trainings of every distribution and encoder")
    parser.add_argument(
        "--base",
        type=Path,
        metavar="DIR",
        help="a run whose stage 2 is finished; without, the experiment runs stages 1 and 2 itself",
    )
    add_circumstances(parser, config="stage3")
    parser.set_defaults(command=_stage3, name="experiment stage3")


def _stage2(options: argparse.Namespace, rest: Sequence[str]) -> int:
    config = configured(options, rest)
    from elmjax.experiments.stage2.plan import Counts, Plan
    from elmjax.experiments.stage2.study import Evolutions, study_stage2

    plan = Plan(
        models=tuple(dict.fromkeys(options.models)),
        thresholds=tuple(sorted(set(options.thresholds))),
        counts=Counts(
            samples=options.samples,
            completions=options.completions,
            orders=options.orders,
            predictions=options.predictions,
        ),
        repeats=options.repeats,
        with_properties=not options.without_comments,
    )
    evolutions = Evolutions(
        operator=options.operator, evaluations=options.evaluations, runs=options.evolutions
    )
    study_stage2(options.run, plan, config, options.histories, evolutions)
    return 0


def _stage3(options: argparse.Namespace, rest: Sequence[str]) -> int:
    config = configured(options, rest)
    from elmjax.experiments.stage3.plan import Plan
    from elmjax.experiments.stage3.study import study_stage3

    plan = Plan(
        distributions=tuple(dict.fromkeys(options.distributions)),
        encoders=tuple(dict.fromkeys(options.encoders)),
        repeats=options.repeats,
    )
    study_stage3(options.run, plan, config, options.base)
    return 0
