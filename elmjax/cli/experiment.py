"""`elmjax experiment`: the paper's experiments, with its numbers beside ours."""

import argparse
import json
from collections.abc import Sequence

from elmjax.cli.settings import Commands, add_config_option, add_run_option, overrides
from elmjax.config import load
from elmjax.experiments.bugs.outcome import OPERATORS
from elmjax.experiments.bugs.task import TASKS


def add(commands: Commands) -> None:
    """Adds the command, with one for each experiment below it."""
    parser = commands.add_parser(
        "experiment", help="reproduce an experiment of the paper, its numbers beside ours"
    )
    experiments = parser.add_subparsers(title="experiments", required=True, metavar="EXPERIMENT")
    _add_bugs(experiments)


def _add_bugs(experiments: Commands) -> None:
    parser = experiments.add_parser(
        "bugs",
        allow_abbrev=False,
        help="repair 4-Parity and Quadratic: genetic programming against language models",
        description="Perturbs a buggy function once a trial and counts how often that repairs it "
        "(paper, section 3.1). Finished conditions are kept in the folder and not run again; "
        "several models can share one. Sampling is set as for evolve: --evolve.temperature 0.8.",
    )
    add_run_option(parser, default="runs/bugs", holds="results, table and plot")
    for option, choices, help_text in (
        ("--operators", OPERATORS, "what perturbs"),
        ("--tasks", tuple(TASKS), "functions to repair"),
    ):
        parser.add_argument(
            option, nargs="+", choices=choices, default=choices, help=f"{help_text} (default: all)"
        )
    parser.add_argument(
        "--model", metavar="DIR", help="a shipped model's name or a folder (default: walker)"
    )
    for option, number, help_text in (
        ("--trials", 1000, "trials of a language model, for each number of bugs and repeat"),
        ("--gp-trials", 100_000, "trials of gp"),
        ("--repeats", 1, "repeats of every condition"),
    ):
        parser.add_argument(
            option,
            type=_count,
            default=number,
            metavar="N",
            help=f"{help_text} (default: {number})",
        )
    parser.add_argument(
        "--rate",
        type=_share,
        metavar="P",
        help="mutation rate of gp (default: tuned for every problem)",
    )
    parser.add_argument("--seed", metavar="S", help="the same results for the same number")
    add_config_option(parser)
    parser.set_defaults(command=_bugs, name="experiment bugs")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted an integer of 1 or more")
    return int(text)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value <= 1.0:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted a number above 0 and at most 1")
    return value


def _bugs(options: argparse.Namespace, rest: Sequence[str]) -> int:
    settings = overrides(rest)
    if options.model is not None:
        settings.append(("evolve.model", json.dumps(options.model)))
    if options.seed is not None:
        settings.append(("seed", options.seed))
    config = load(options.config, settings)
    from elmjax.experiments.bugs.study import Plan, study

    plan = Plan(
        operators=tuple(name for name in OPERATORS if name in options.operators),
        tasks=tuple(name for name in TASKS if name in options.tasks),
        trials=options.trials,
        gp_trials=options.gp_trials,
        rate=options.rate,
        repeats=options.repeats,
    )
    study(options.run, plan, config)
    return 0
