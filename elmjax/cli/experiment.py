"""`elmjax experiment`: the paper's experiments, with its numbers beside ours."""

import argparse
from collections.abc import Sequence

from elmjax.cli import experiment_stages
from elmjax.cli.experiment_options import (
    add_circumstances,
    add_count,
    add_operators,
    configured,
    share,
)
from elmjax.cli.settings import Commands, add_run_option
from elmjax.experiments.bugs.outcome import OPERATORS
from elmjax.experiments.bugs.task import TASKS
from elmjax.programs import SEEDS


def add(commands: Commands) -> None:
    """Adds the command, with one for each experiment below it."""
    parser = commands.add_parser(
        "experiment", help="reproduce an experiment of the paper, its numbers beside ours"
    )
    experiments = parser.add_subparsers(title="experiments", required=True, metavar="EXPERIMENT")
    _add_bugs(experiments)
    _add_seeds(experiments)
    _add_operator(experiments)
    _add_lmx(experiments)
    experiment_stages.add(experiments)


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
    for option, number, help_text in (
        ("--trials", 1000, "trials of a language model, for each number of bugs and repeat"),
        ("--gp-trials", 100_000, "trials of gp"),
        ("--repeats", 1, "repeats of every condition"),
    ):
        add_count(parser, option, number, help_text)
    parser.add_argument(
        "--rate",
        type=share,
        metavar="P",
        help="mutation rate of gp (default: tuned for every problem)",
    )
    add_circumstances(parser)
    parser.set_defaults(command=_bugs, name="experiment bugs")


def _add_seeds(experiments: Commands) -> None:
    parser = experiments.add_parser(
        "seeds",
        allow_abbrev=False,
        help="stage 1 from each of the paper's seed programs",
        description="Runs MAP-Elites from every seed with every operator, repeats it, and lays "
        "niches, QD score and fitness beside the paper's (section 5). Finished runs are kept in "
        "the folder and not run again. Everything else is set as for evolve: --evolve.parents 64.",
    )
    add_run_option(parser, default="runs/seeds", holds="results, runs, tables and plot")
    _add_seed_programs(parser)
    add_operators(parser)
    add_count(parser, "--evaluations", 16_000, "evaluations of a run; the paper has 1024000")
    add_count(parser, "--repeats", 3, "runs of every seed and operator")
    add_circumstances(parser)
    parser.set_defaults(command=_seeds, name="experiment seeds")


def _add_operator(experiments: Commands) -> None:
    parser = experiments.add_parser(
        "operator",
        allow_abbrev=False,
        help="the diff model fine-tuned on accepted diffs, its base, and syntax-tree mutation",
        description="From every seed: stage 1 with the base model, with the model fine-tuned on "
        "the diffs that run accepted, with syntax-tree mutation, with half of both, and with "
        "syntax-tree mutation at twice the evaluations; QD scores as ratios beside the paper's "
        "(section 5.1). Fine-tuning is set by --operator.weighting gain and the like.",
    )
    add_run_option(parser, default="runs/operator", holds="results, runs, tables and plot")
    _add_seed_programs(parser)
    add_count(parser, "--evaluations", 16_000, "evaluations of a run; the paper has 1024000")
    add_count(parser, "--repeats", 3, "runs of every seed and line")
    add_circumstances(parser)
    parser.set_defaults(command=_operator, name="experiment operator")


def _add_seed_programs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seeds",
        nargs="+",
        choices=tuple(SEEDS),
        default=tuple(SEEDS),
        help="seed programs (default: all)",
    )


def _add_lmx(experiments: Commands) -> None:
    parser = experiments.add_parser(
        "lmx",
        allow_abbrev=False,
        help="the protocol of Language Model Crossover: samples of one to three seed programs",
        description="Samples children of one, two and three of the paper's seeds into a map in "
        "OpenELM's ranges, and evolves as many beside them (Meyerson et al. 2023, figure of "
        "OpenELM's paper). Finished runs are kept in the folder and not run again.",
    )
    add_run_option(parser, default="runs/lmx", holds="results, runs, tables and plot")
    add_operators(parser)
    add_count(parser, "--samples", 1000, "samples of a run")
    add_count(parser, "--repeats", 4, "runs, each with another order of the seeds")
    add_circumstances(parser, config="openelm")
    parser.set_defaults(command=_lmx, name="experiment lmx")


def _bugs(options: argparse.Namespace, rest: Sequence[str]) -> int:
    config = configured(options, rest)
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


def _seeds(options: argparse.Namespace, rest: Sequence[str]) -> int:
    config = configured(options, rest)
    from elmjax.experiments.evolution.seeds import Plan, study_seeds

    plan = Plan(
        seed_programs=tuple(name for name in SEEDS if name in options.seeds),
        operators=tuple(dict.fromkeys(options.operators)),
        evaluations=options.evaluations,
        repeats=options.repeats,
    )
    study_seeds(options.run, plan, config)
    return 0


def _lmx(options: argparse.Namespace, rest: Sequence[str]) -> int:
    config = configured(options, rest)
    from elmjax.experiments.evolution.lmx import Plan, study_crossover

    plan = Plan(
        operators=tuple(dict.fromkeys(options.operators)),
        seed_programs=tuple(SEEDS),
        counts=(1, 2, 3),
        samples=options.samples,
        repeats=options.repeats,
    )
    study_crossover(options.run, plan, config)
    return 0


def _operator(options: argparse.Namespace, rest: Sequence[str]) -> int:
    config = configured(options, rest)
    from elmjax.experiments.evolution.operator import Plan, study_operator

    plan = Plan(
        seed_programs=tuple(name for name in SEEDS if name in options.seeds),
        evaluations=options.evaluations,
        repeats=options.repeats,
    )
    study_operator(options.run, plan, config)
    return 0
