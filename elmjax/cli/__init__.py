"""The `elmjax` command. Heavy modules are imported by the command that needs them."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from elmjax import __version__
from elmjax.cli import (
    ahead,
    bench,
    choices,
    completion,
    corpus,
    dataset,
    doctor,
    experiment,
    export,
    hub,
    mutate,
    render,
    report,
    sample,
    simulate,
    stages,
    verify,
)
from elmjax.cli.parser import WRONG_USE, Parser, check_options
from elmjax.cli.settings import set_apart
from elmjax.config import ConfigError
from elmjax.endpoint import StoppedError
from elmjax.programs import LockdownUnavailable
from elmjax.qd.history import HistoryError

UNAVAILABLE = 1
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        0; 1 where this machine cannot lock programs down, a run does not hold what it says, or an
        endpoint gives no more answers; 2 where the command, its configuration or a file was wrong;
        130 after an interrupt, 143 after SIGTERM.
    """
    _keep_what_is_compiled()
    _quieten()
    parser = _make_parser()
    words, settings = set_apart(sys.argv[1:] if arguments is None else arguments)
    options, rest = parser.parse_known_args(words)
    try:
        check_options(parser, options.name, rest)
        return options.command(options, [*rest, *settings])
    except ConfigError as error:
        print(f"elmjax {options.name}: {error}", file=sys.stderr)
        return WRONG_USE
    except LockdownUnavailable as error:
        print(f"elmjax {options.name}: {error}", file=sys.stderr)
        return UNAVAILABLE
    except StoppedError as error:
        kept = "what it answered is kept, and the same command goes on"
        print(f"elmjax {options.name}: {error}; {kept}", file=sys.stderr)
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


def _keep_what_is_compiled() -> None:
    """Lets JAX keep compiled programs in the user's cache folder, unless the environment says how.

    JAX reads these when it is imported, which no command has done yet.
    """
    base = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(base) if base else Path.home() / ".cache") / "elmjax" / "jax"
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.1")


def _quieten() -> None:
    """Leaves out what libraries log about errors that are told in one line anyway.

    XLA also calls it an error that a program from the cache was compiled with hints to the CPU,
    such as "prefer-no-gather", that are no feature of one.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in ("absl", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _make_parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="elmjax",
        allow_abbrev=False,
        description="Evolution through Large Models: evolve walkers with a diff model, learn "
        "their language, invent walkers for a terrain.",
    )
    parser.add_argument("--version", action="version", version=f"elmjax {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for group in (
        stages,
        sample,
        report,
        verify,
        ahead,
        doctor,
        render,
        dataset,
        corpus,
        export,
        simulate,
        mutate,
        experiment,
        choices,
        bench,
        hub,
    ):
        group.add(commands)
    completion.add(commands, _make_parser)
    return parser
