"""What can stand on the command line, read off the parser and the configuration."""

import argparse
import dataclasses
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from elmjax.config import Config, named_configs
from elmjax.stages.names import shipped_models


@dataclass(frozen=True, kw_only=True)
class Takes:
    """What may follow an option, or stand as an argument."""

    words: tuple[str, ...] = ()
    files: bool = False
    folders: bool = False


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command.

    Attributes:
        name: As it is typed, such as "experiment bugs"; "" is elmjax itself.
        about: In one line.
        options: What follows each; None after a switch.
        arguments: What stands without an option.
        commands: Names of the commands below it.
        settings: Whether it takes settings of the configuration.
    """

    name: str
    about: str
    options: dict[str, Takes | None]
    arguments: Takes
    commands: tuple[str, ...] = ()
    settings: bool = False


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """All commands, and the settings that many of them take."""

    commands: list[Command]
    settings: dict[str, Takes] = field(default_factory=dict)


def vocabulary(parser: argparse.ArgumentParser) -> Vocabulary:
    """Reads a parser with all that is below it."""
    settings = {f"--{'.'.join(name)}": _values(name, kind) for name, kind in _settings(Config, ())}
    return Vocabulary(commands=list(_commands(parser, "", "")), settings=settings)


def find(parser: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
    """The parser of a command by its name, such as "experiment bugs"."""
    for word in name.split():
        parser = _below(parser)[word][0]
    return parser


def option_names(parser: argparse.ArgumentParser) -> list[str]:
    """The long options of one command."""
    return [
        option
        for action in parser._actions  # argparse tells them in no public way
        for option in action.option_strings
        if option.startswith("--")
    ]


def setting_names() -> list[str]:
    """All settings of the configuration, dotted."""
    return [".".join(name) for name, _ in _settings(Config, ())]


def _commands(parser: argparse.ArgumentParser, name: str, about: str) -> Iterator[Command]:
    below = _below(parser)
    actions = [
        action for action in parser._actions if not isinstance(action, argparse._SubParsersAction)
    ]
    options = {
        option: None if action.nargs == 0 else _taken(action)
        for action in actions
        for option in action.option_strings
    }
    positional = [_taken(action) for action in actions if not action.option_strings]
    yield Command(
        name=name,
        about=about,
        options=options,
        arguments=positional[0] if positional else Takes(),
        commands=tuple(below),
        settings="--config" in options,
    )
    for word, (child, told) in below.items():
        yield from _commands(child, f"{name} {word}".strip(), told)


def _below(
    parser: argparse.ArgumentParser,
) -> dict[str, tuple[argparse.ArgumentParser, str]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            told = {choice.dest: choice.help or "" for choice in action._choices_actions}
            return {word: (child, told.get(word, "")) for word, child in action.choices.items()}
    return {}


def _terrains() -> tuple[str, ...]:
    from physics.terrain import TERRAINS  # imports JAX

    return tuple(TERRAINS)


def _taken(action: argparse.Action) -> Takes:
    """By what the argument is called, where its type does not say it."""
    if action.choices is not None:
        return Takes(words=tuple(map(str, action.choices)))
    metavar = str(action.metavar or "")
    if action.dest == "config":
        return Takes(words=tuple(named_configs()), files=True)
    if action.dest in ("terrain", "terrains") or (action.dest, metavar) == ("names", "NAME"):
        return Takes(words=_terrains(), files=True)
    if action.dest in ("model", "models"):
        return Takes(words=tuple(shipped_models()), folders=True)
    if any(word in metavar for word in ("DIR", "FOLDER", "RUN")):
        return Takes(folders=True, files="PROGRAM" in metavar)
    return Takes(files=action.type is Path)


def _settings(schema: type, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Names of settings with their types."""
    hints = typing.get_type_hints(schema)
    for each in dataclasses.fields(schema):
        kind, name = hints[each.name], (*path, each.name)
        if dataclasses.is_dataclass(kind):
            yield from _settings(typing.cast(type, kind), name)
        elif name != ("terrain",):  # its names are the user's
            yield name, kind


def _values(name: tuple[str, ...], kind: object) -> Takes:
    if kind is bool:
        return Takes(words=("true", "false"))
    if typing.get_origin(kind) is typing.Literal:
        return Takes(words=tuple(map(str, typing.get_args(kind))))
    if name[-1] == "terrain":
        return Takes(words=_terrains(), files=True)
    if name in (("evolve", "model"), ("finetune", "init")):
        return Takes(words=tuple(shipped_models()), folders=True)
    return Takes()
