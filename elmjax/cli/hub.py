"""`elmjax push` and `elmjax pull`: runs and models on the Hugging Face hub."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from elmjax.cli.settings import Commands, refuse


def add(commands: Commands) -> None:
    """Adds both commands."""
    _add_push(commands)
    _add_pull(commands)


def _add_push(commands: Commands) -> None:
    parser = commands.add_parser(
        "push",
        allow_abbrev=False,
        help="write a run or a model to the Hugging Face hub",
        description="Writes a run to a dataset, or a model to a model, of the hub: histories, "
        "models, metrics, pictures and configuration, without checkpoints. Log in with hf auth "
        "login.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="of a run or of a model")
    parser.add_argument("repository", metavar="OWNER/NAME", help="made if it is not there")
    parser.add_argument("--private", action="store_true", help="where it is made")
    parser.set_defaults(command=_push, name="push")


def _add_pull(commands: Commands) -> None:
    parser = commands.add_parser(
        "pull",
        allow_abbrev=False,
        help="read a run or a model from the Hugging Face hub",
        description="Reads what elmjax push has written. Only data comes, by its names: no Python, "
        "no pickle.",
    )
    parser.add_argument("repository", metavar="OWNER/NAME", help="a dataset or a model")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="that is not there yet")
    parser.add_argument("--revision", metavar="REV", help="branch, tag or commit")
    parser.set_defaults(command=_pull, name="pull")


def _push(options: argparse.Namespace, rest: Sequence[str]) -> int:
    refuse(rest)
    from elmjax import hub

    address, files = hub.push(options.folder, options.repository, private=options.private)
    print(f"{address}: {files} files")
    return 0


def _pull(options: argparse.Namespace, rest: Sequence[str]) -> int:
    refuse(rest)
    from elmjax import hub

    pulled = hub.pull(options.repository, options.folder, revision=options.revision)
    what = "a run" if pulled.kind is hub.Kind.RUN else "a model"
    print(f"{options.folder}: {what}, {pulled.files} files")
    for function in pulled.code:
        print(f"config.toml names code, which runs when the run is gone on with: {function}")
    if pulled.endpoint:
        print(f"config.toml names an endpoint, which is asked then: {pulled.endpoint}")
    return 0
