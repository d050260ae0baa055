"""`elmjax experiment`: the paper's experiments, with its numbers beside ours."""

import argparse
import json
import typing
from collections.abc import Sequence
from pathlib import Path

from elmjax.cli.settings import Commands, add_config_option, add_run_option, overrides
from elmjax.config import SIZES, Config, Operator, load
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
    _add_stage2(experiments)


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
        _add_count(parser, option, number, help_text)
    parser.add_argument(
        "--rate",
        type=_share,
        metavar="P",
        help="mutation rate of gp (default: tuned for every problem)",
    )
    _add_circumstances(parser)
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
    _add_operators(parser)
    _add_count(parser, "--evaluations", 16_000, "evaluations of a run; the paper has 1024000")
    _add_count(parser, "--repeats", 3, "runs of every seed and operator")
    _add_circumstances(parser)
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
    _add_count(parser, "--evaluations", 16_000, "evaluations of a run; the paper has 1024000")
    _add_count(parser, "--repeats", 3, "runs of every seed and line")
    _add_circumstances(parser)
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
    _add_operators(parser)
    _add_count(parser, "--samples", 1000, "samples of a run")
    _add_count(parser, "--repeats", 4, "runs, each with another order of the seeds")
    _add_circumstances(parser, config="openelm")
    parser.set_defaults(command=_lmx, name="experiment lmx")


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
        type=_share,
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
        _add_count(parser, option, number, told)
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
    _add_count(parser, "--evaluations", 12_800, "of each of its own runs; the paper has 1024000")
    _add_count(parser, "--evolutions", 1, "of its own runs from each seed; the paper has 3")
    _add_circumstances(parser, config="stage2")
    parser.set_defaults(command=_stage2, name="experiment stage2")


def _add_operators(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--operators",
        nargs="+",
        choices=typing.get_args(Operator),
        default=("diff", "tree"),
        help="what mutates (default: diff tree)",
    )


def _add_count(parser: argparse.ArgumentParser, option: str, number: int, told: str) -> None:
    parser.add_argument(
        option, type=_count, default=number, metavar="N", help=f"{told} (default: {number})"
    )


def _add_circumstances(parser: argparse.ArgumentParser, config: str | None = None) -> None:
    """What every experiment can be told: its model, its seed and all other settings."""
    parser.add_argument(
        "--model", metavar="DIR", help="a shipped model's name or a folder (default: walker)"
    )
    parser.add_argument("--seed", metavar="S", help="the same results for the same number")
    add_config_option(parser, config)


def _configured(options: argparse.Namespace, rest: Sequence[str]) -> Config:
    settings = overrides(rest)
    if options.model is not None:
        settings.append(("evolve.model", json.dumps(options.model)))
    if options.seed is not None:
        settings.append(("seed", options.seed))
    return load(options.config, settings)


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
    config = _configured(options, rest)
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
    config = _configured(options, rest)
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
    config = _configured(options, rest)
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


def _stage2(options: argparse.Namespace, rest: Sequence[str]) -> int:
    config = _configured(options, rest)
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


def _operator(options: argparse.Namespace, rest: Sequence[str]) -> int:
    config = _configured(options, rest)
    from elmjax.experiments.evolution.operator import Plan, study_operator

    plan = Plan(
        seed_programs=tuple(name for name in SEEDS if name in options.seeds),
        evaluations=options.evaluations,
        repeats=options.repeats,
    )
    study_operator(options.run, plan, config)
    return 0
