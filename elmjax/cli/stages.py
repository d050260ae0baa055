"""The commands that run stages of the pipeline."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from elmjax.cli.settings import (
    EXPLANATION,
    Commands,
    add_config_option,
    add_run_option,
    overrides,
)
from elmjax.config import Config, ConfigError, load

Stage = Callable[[argparse.Namespace, Config], int]


def add(commands: Commands) -> None:
    """Adds a command for every stage, and `run` for all of them."""
    for name, help_text, stage in (
        ("run", "all stages in sequence, with pictures and a closing table", _run),
        ("pretrain", "train the diff model on generated edits or on mined commits", _pretrain),
        ("evolve", "stage 1: MAP-Elites with a mutation operator", _evolve),
        ("finetune", "stage 2: train a language model on what stage 1 admitted", _finetune),
        ("conditional", "stage 3: train it by PPO to write the walker for a terrain", _conditional),
    ):
        _add_stage(commands, name, help_text, stage)


def _add_stage(
    commands: Commands,
    name: str,
    help_text: str,
    stage: Stage,
) -> None:
    parser = commands.add_parser(
        name,
        allow_abbrev=False,
        help=help_text,
        description=f"{help_text}. A run that was stopped goes on from its last checkpoint.",
        epilog=EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_config_option(parser)
    add_run_option(parser, default="runs/latest", holds="the run")
    _add_view(parser)
    if stage is _evolve:
        parser.add_argument(
            "--finetune-operator",
            action="store_true",
            help="evolve, fine-tune the diff model on the diffs that were accepted, and evolve "
            "anew with it (operator.rounds 1)",
        )
    if stage is _pretrain:
        parser.add_argument(
            "--corpus",
            type=Path,
            metavar="DIR",
            help="learn the commits that elmjax corpus git has written there, in place of "
            "generated programs (pretrain.corpus)",
        )

    parser.add_argument(
        "--mirror",
        metavar="URL",
        help="where the folder is copied while it is written, such as gs://bucket/run (extra "
        "gcs), and fetched from first where it is not there",
    )

    def command(options: argparse.Namespace, rest: Sequence[str]) -> int:
        from elmjax.mirror import mirrored

        with mirrored(options.run, options.mirror):
            return run(options, rest)

    def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
        written = options.run / "config.toml"
        # A run that is there already need not be described again.
        base = str(written) if options.config is None and written.is_file() else options.config
        settings = overrides(rest)
        if options.progress is not None:
            settings.append(("metrics.progress", options.progress))
        if getattr(options, "corpus", None) is not None:
            settings.append(("pretrain.corpus", json.dumps(str(options.corpus))))
        config = load(base, settings)
        from elmjax.dist import hosts
        from elmjax.stages import stopping
        from elmjax.stages.run import open_mesh

        # Before signals are heeded, because JAX, too, listens to them where it joins hosts.
        open_mesh(config)
        if options.mirror is not None and hosts.count() > 1:
            raise ConfigError(f"--mirror: got one on {hosts.count()} hosts, which share a folder")
        if not hosts.is_writer():
            # One host speaks for all; libraries in C, too, write to the file.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        with stopping.heeded():
            try:
                return stage(options, config)
            except stopping.StoppedError:
                print("\nstopped as asked; the same command goes on", file=sys.stderr)
                return stopping.STOPPED

    parser.set_defaults(command=command, name=name)


def _add_view(parser: argparse.ArgumentParser) -> None:
    view = parser.add_mutually_exclusive_group()
    for mode, told in (
        ("plain", "progress as a line now and then, also on a terminal"),
        ("quiet", "no progress"),
    ):
        view.add_argument(f"--{mode}", dest="progress", action="store_const", const=mode, help=told)


def _run(options: argparse.Namespace, config: Config) -> int:
    from elmjax.stages import pipeline

    pipeline.run_all(options.run, config)
    return 0


def _pretrain(options: argparse.Namespace, config: Config) -> int:
    from elmjax.stages import pretrain
    from elmjax.stages.run import Run

    with Run.open(options.run, config) as run:
        pretrain.pretrain(run)
    return 0


def _evolve(options: argparse.Namespace, config: Config) -> int:
    from elmjax.stages import pipeline

    if options.finetune_operator and config.operator.rounds == 0:
        config = replace(config, operator=replace(config.operator, rounds=1))
    with pipeline.open_run(options.run, config) as run:
        pipeline.show(pipeline.stage_1(run), run.metrics.read())
    return 0


def _finetune(options: argparse.Namespace, config: Config) -> int:
    from elmjax.stages import finetune, pipeline

    with pipeline.open_run(options.run, config) as run:
        pipeline.show({"finetune": finetune.finetune(run)}, run.metrics.read())
    return 0


def _conditional(options: argparse.Namespace, config: Config) -> int:
    from elmjax.stages import conditional, pipeline

    with pipeline.open_run(options.run, config) as run:
        summary = {"conditional": conditional.conditional(run)}
        pipeline.show(summary, run.metrics.read())
    return 0
