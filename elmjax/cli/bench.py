"""`elmjax bench`: how fast this machine is."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from elmjax.cli.settings import Commands, add_config_option, overrides, refuse
from elmjax.config import ConfigError, load

MOST_VIRTUAL = 64


def add(commands: Commands) -> None:
    """Adds the command, with one for each subject below it."""
    parser = commands.add_parser("bench", help="measure how fast this machine is")
    subjects = parser.add_subparsers(title="subjects", required=True, metavar="SUBJECT")
    _add_physics(subjects)
    _add_programs(subjects)
    _add_decode(subjects)
    _add_pipeline(subjects)
    _add_scaling(subjects)


def _add_physics(subjects: Commands) -> None:
    parser = subjects.add_parser(
        "physics",
        allow_abbrev=False,
        help="evaluations a second, over walkers, terrains and batch sizes",
        description="Times whole calls of the simulation, packing included, and writes a record "
        "and a plot. Lists are separated by commas; every combination is run.",
    )
    for option, default, help_text in (
        ("--backend", "auto", "what simulates: auto, xla, native, native-avx2, pallas_tpu ..."),
        ("--buckets", "16x32,32x64", "sizes of walkers, joints x springs"),
        ("--batches", "64,512,4096", "walkers in one call"),
        ("--terrains", "flat,tunnel,mixed", "names of terrains; mixed is all in turn"),
    ):
        parser.add_argument(
            option, default=default, metavar="LIST", help=f"{help_text} (default: %(default)s)"
        )
    parser.add_argument(
        "--seconds", type=float, default=10.0, metavar="T", help="length of a walk (default: 10)"
    )
    parser.add_argument(
        "--repeats", type=int, default=10, metavar="N", help="timed calls a row (default: 10)"
    )
    parser.add_argument(
        "--against", metavar="RIVAL", help="box2d: the same walks in Box2D, on one core"
    )
    _add_folder(parser)
    parser.set_defaults(command=_physics, name="bench physics")


def _add_programs(subjects: Commands) -> None:
    parser = subjects.add_parser(
        "programs",
        allow_abbrev=False,
        help="programs a second, by kind of program and number of workers",
        description="Runs programs in the jail, with and without memory of earlier ones, and in "
        "plain Python, and writes a record.",
    )
    parser.add_argument(
        "--repeats", type=int, default=10, metavar="N", help="timed calls a row (default: 10)"
    )
    _add_folder(parser)
    parser.set_defaults(command=_programs, name="bench programs")


def _add_decode(subjects: Commands) -> None:
    parser = subjects.add_parser(
        "decode",
        allow_abbrev=False,
        help="tokens and applied diffs a second, by batch, children per parent and model",
        description="Times the sampling loop with the prompt's memory shared by the children and "
        "with a copy for each, and whole calls of a diff model from programs to programs, and "
        "writes a record. Lists are separated by commas; every combination is run.",
    )
    for option, default, help_text in (
        ("--models", "1m", "shapes of models: tiny, 1m, 10m"),
        ("--writers", "walker", "diff models, by name or folder; empty: none"),
        ("--batches", "128,256", "children of all parents"),
        ("--children", "8,16,256", "children of each parent"),
    ):
        parser.add_argument(
            option, default=default, metavar="LIST", help=f"{help_text} (default: %(default)s)"
        )
    for option, number, help_text in (
        ("--prompt", 512, "tokens of a prompt"),
        ("--new-tokens", 96, "tokens of a completion"),
        ("--repeats", 10, "timed calls a row"),
    ):
        parser.add_argument(
            option, type=int, default=number, metavar="N", help=f"{help_text} (default: {number})"
        )
    _add_folder(parser)
    parser.set_defaults(command=_decode, name="bench decode")


def _add_pipeline(subjects: Commands) -> None:
    parser = subjects.add_parser(
        "pipeline",
        allow_abbrev=False,
        help="evaluations a second of stage 1, end to end, with the share of each part",
        description="Runs stage 1 with every operator of evolve.operators in a folder of its own "
        "and writes a record. What is run is set as for evolve: --evolve.parents 64.",
    )
    add_config_option(parser)
    _add_folder(parser)
    parser.set_defaults(command=_pipeline, name="bench pipeline")


def _add_scaling(subjects: Commands) -> None:
    parser = subjects.add_parser(
        "scaling",
        allow_abbrev=False,
        help="the same work for every device, over 1, 2, 4 ... devices",
        description="Times walks and decoding spread over numbers of devices, with the same work "
        "for each, and writes a record.",
    )
    for option, number, help_text in (
        ("--virtual", 0, "devices to make of a CPU, which share its cores; 0: those there are"),
        ("--walkers", 256, "walkers of each device"),
        ("--children", 32, "completions of each device"),
        ("--prompt", 256, "tokens of a prompt"),
        ("--new-tokens", 64, "tokens of a completion"),
        ("--repeats", 10, "timed calls a row"),
    ):
        parser.add_argument(
            option, type=int, default=number, metavar="N", help=f"{help_text} (default: {number})"
        )
    parser.add_argument(
        "--bucket", default="16x32", metavar="SIZE", help="of walkers (default: %(default)s)"
    )
    parser.add_argument(
        "--model", default="1m", metavar="MODEL", help="tiny, 1m, 10m (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=10.0, metavar="T", help="length of a walk (default: 10)"
    )
    _add_folder(parser)
    parser.set_defaults(command=_scaling, name="bench scaling")


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o",
        dest="folder",
        type=Path,
        metavar="FOLDER",
        help="where to write (default: docs/benchmarks/MACHINE in a checkout, else bench)",
    )


def _physics(options: argparse.Namespace, rest: Sequence[str]) -> int:
    refuse(rest)
    from elmjax.bench import physics, plan

    names = ("backend", "buckets", "batches", "terrains", "seconds", "repeats", "against")
    values = {name: getattr(options, name) for name in names}
    physics.bench_physics(plan.read_plan(**values), options.folder)
    return 0


def _programs(options: argparse.Namespace, rest: Sequence[str]) -> int:
    refuse(rest)
    from elmjax.bench import programs

    programs.bench_programs(options.repeats, options.folder)
    return 0


def _decode(options: argparse.Namespace, rest: Sequence[str]) -> int:
    refuse(rest)
    from elmjax.bench import decode
    from elmjax.stages.run import language_model

    names = ("models", "writers", "batches", "children", "prompt", "new_tokens", "repeats")
    values = {name: getattr(options, name) for name in names}
    plan = decode.read_plan(**values)
    writers = [language_model(name) for name in plan.writers]
    decode.bench_decode(plan, writers, options.folder)
    return 0


def _pipeline(options: argparse.Namespace, rest: Sequence[str]) -> int:
    settings = overrides(rest)
    config = load(options.config, settings)
    from elmjax.bench import pipeline

    pipeline.bench_pipeline(config, options.config, settings, options.folder)
    return 0


def _scaling(options: argparse.Namespace, rest: Sequence[str]) -> int:
    refuse(rest)
    if not 0 <= options.virtual <= MOST_VIRTUAL:
        raise ConfigError(f"--virtual: got {options.virtual}, wanted 0 to {MOST_VIRTUAL}")
    if options.virtual:
        # Read when JAX is imported.
        flags = os.environ.get("XLA_FLAGS", "")
        made = f"--xla_force_host_platform_device_count={options.virtual}"
        os.environ.update(XLA_FLAGS=f"{flags} {made}".strip(), JAX_PLATFORMS="cpu")
    from elmjax.bench import scaling

    names = ("virtual", "walkers", "bucket", "seconds", "model", "children", "prompt")
    values = {name: getattr(options, name) for name in (*names, "new_tokens", "repeats")}
    scaling.bench_scaling(scaling.read_plan(**values), options.folder)
    return 0
