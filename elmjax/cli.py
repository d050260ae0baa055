"""The `elmjax` command. Heavy modules are imported by the command that needs them."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from elmjax import __version__
from elmjax.config import Config, ConfigError, dump, load, named_configs
from elmjax.programs import LockdownUnavailable
from elmjax.qd.history import HistoryError

UNAVAILABLE = 1
WRONG_USE = 2
INTERRUPTED = 130

_OVERRIDES = """\
Every value of the configuration can be set by its dotted name, read as TOML:
  elmjax run --config quickstart --evolve.iterations 100 --conditional.terrains '["flat", "tunnel"]'
`elmjax config` lists all names with their values.
"""


class _Parser(argparse.ArgumentParser):
    """Reports a wrong use in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_USE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        0; 1 where this machine cannot lock programs down; 2 where the command, its configuration
        or a file was wrong; 130 after an interrupt.
    """
    parser = _make_parser()
    options, rest = parser.parse_known_args(arguments)
    try:
        return options.command(options, rest)
    except ConfigError as error:
        print(f"elmjax {options.name}: {error}", file=sys.stderr)
        return WRONG_USE
    except LockdownUnavailable as error:
        print(f"elmjax {options.name}: {error}", file=sys.stderr)
        return UNAVAILABLE
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (HistoryError, OSError) as error:
        print(f"elmjax {options.name}: {error}", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        print("\nstopped; a run goes on from its last checkpoint", file=sys.stderr)
        return INTERRUPTED


def _make_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="elmjax",
        allow_abbrev=False,
        description="Evolution through Large Models: evolve walkers with a diff model, learn "
        "their language, invent walkers for a terrain.",
    )
    parser.add_argument("--version", action="version", version=f"elmjax {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, help_text, stage in (
        ("run", "all stages in sequence, with pictures and a closing table", _run),
        ("pretrain", "train the diff model from scratch on generated edits", _pretrain),
        ("evolve", "stage 1: MAP-Elites with a mutation operator", _evolve),
        ("finetune", "stage 2: train a language model on what stage 1 admitted", _finetune),
        ("conditional", "stage 3: train it by PPO to write the walker for a terrain", _conditional),
    ):
        _add_stage(commands, name, help_text, stage)
    _add_simulate(commands)
    _add_config(commands)
    _add_bench(commands)
    return parser


def _add_stage(
    commands: "argparse._SubParsersAction[_Parser]",
    name: str,
    help_text: str,
    stage: Callable[[argparse.Namespace, Config], int],
) -> None:
    parser = commands.add_parser(
        name,
        allow_abbrev=False,
        help=help_text,
        description=f"{help_text}. A run that was stopped goes on from its last checkpoint.",
        epilog=_OVERRIDES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_config_option(parser)
    parser.add_argument(
        "--run",
        type=Path,
        metavar="DIR",
        default=Path("runs/latest"),
        help="folder of the run, written or continued (default: %(default)s)",
    )

    def command(options: argparse.Namespace, rest: Sequence[str]) -> int:
        written = options.run / "config.toml"
        # A run that is there already need not be described again.
        base = str(written) if options.config is None and written.is_file() else options.config
        return stage(options, load(base, _overrides(rest)))

    parser.set_defaults(command=command, name=name)


def _add_simulate(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser(
        "simulate",
        allow_abbrev=False,
        help="run walker programs and tell how far they walk",
        description="Evaluates walker programs in one batch and prints what became of each.",
    )
    parser.add_argument("programs", nargs="+", type=Path, metavar="PROGRAM.py")
    parser.add_argument(
        "--terrain",
        default="flat",
        metavar="NAME",
        help="name of a terrain, or a JSON file of polylines (default: %(default)s)",
    )
    parser.add_argument(
        "--seconds", type=float, metavar="T", help="duration of the walk (default: 10)"
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a line, in the order given"
    )
    _add_config_option(parser)
    parser.set_defaults(command=_simulate, name="simulate")


def _add_config(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("config", help="print the resolved configuration as TOML")
    _add_config_option(parser)
    parser.set_defaults(command=_config, name="config")


def _add_bench(commands: "argparse._SubParsersAction[_Parser]") -> None:
    parser = commands.add_parser("bench", help="measure how fast this machine is")
    subjects = parser.add_subparsers(title="subjects", required=True, metavar="SUBJECT")
    _add_bench_physics(subjects)


def _add_bench_physics(subjects: "argparse._SubParsersAction[_Parser]") -> None:
    parser = subjects.add_parser(
        "physics",
        allow_abbrev=False,
        help="evaluations a second, over walkers, terrains and batch sizes",
        description="Times whole calls of the simulation, packing included, and writes a record "
        "and a plot. Lists are separated by commas; every combination is run.",
    )
    for option, default, help_text in (
        ("--backend", "xla", "what simulates"),
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
    parser.add_argument(
        "-o",
        dest="folder",
        type=Path,
        metavar="FOLDER",
        help="where to write (default: docs/benchmarks/MACHINE in a checkout, else bench)",
    )
    parser.set_defaults(command=_bench_physics, name="bench physics")


def _add_config_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        metavar="NAME",
        help=f"a TOML file or one of: {', '.join(named_configs())} (default: built-in values)",
    )


def _overrides(rest: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of name and value from `--name value` and `--name=value`.

    Raises:
        ConfigError: for anything else.
    """
    pairs, words = [], list(rest)
    while words:
        word = words.pop(0)
        if not word.startswith("--") or len(word) == len("--"):
            raise ConfigError(f"got {word!r}, wanted --section.key value")
        name, equals, value = word.removeprefix("--").partition("=")
        if not equals:
            if not words:
                raise ConfigError(f"{word}: got no value, wanted one after it")
            value = words.pop(0)
        pairs.append((name, value))
    return pairs


def _config(options: argparse.Namespace, rest: Sequence[str]) -> int:
    print(dump(load(options.config, _overrides(rest))), end="")
    return 0


def _simulate(options: argparse.Namespace, rest: Sequence[str]) -> int:
    overrides = _overrides(rest)
    if options.seconds is not None:
        overrides.append(("seconds", repr(options.seconds)))
    from elmjax.stages import simulate

    lines = simulate.simulate_files(
        options.programs, options.terrain, load(options.config, overrides)
    )
    simulate.show(lines, as_json=options.json)
    return 0


def _bench_physics(options: argparse.Namespace, rest: Sequence[str]) -> int:
    if rest:
        raise ConfigError(f"got {rest[0]!r}, wanted an option that --help lists")
    from elmjax.bench import physics, plan

    names = ("backend", "buckets", "batches", "terrains", "seconds", "repeats", "against")
    values = {name: getattr(options, name) for name in names}
    physics.bench_physics(plan.read_plan(**values), options.folder)
    return 0


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
    from elmjax.stages import evolve, pipeline

    with pipeline.open_run(options.run, config) as run:
        results = {name: evolve.evolve(run, name) for name in config.evolve.operators}
    pipeline.show({"evolve": results})
    return 0


def _finetune(options: argparse.Namespace, config: Config) -> int:
    from elmjax.stages import finetune, pipeline

    with pipeline.open_run(options.run, config) as run:
        pipeline.show({"finetune": finetune.finetune(run)})
    return 0


def _conditional(options: argparse.Namespace, config: Config) -> int:
    from elmjax.stages import conditional, pipeline

    with pipeline.open_run(options.run, config) as run:
        pipeline.show({"conditional": conditional.conditional(run)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
