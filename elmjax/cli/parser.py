"""The parser: wrong use in one line, with what is nearest to it."""

import argparse
import difflib
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from elmjax.cli.completion.words import find, option_names, setting_names
from elmjax.config import ConfigError

WRONG_USE = 2


class Parser(argparse.ArgumentParser):
    """Reports a wrong use in one line."""

    def error(self, message: str) -> NoReturn:
        """Ends the process."""
        self.exit(WRONG_USE, f"{self.prog}: {message} (see {self.prog} --help)\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            hint = nearest(str(value), map(str, action.choices or ()))
            raise argparse.ArgumentError(action, f"{error.message}{hint}") from None


def nearest(got: str, known: Iterable[str]) -> str:
    """The end of a message; "" where nothing is near."""
    close = difflib.get_close_matches(got, list(known), n=1)
    return f" (nearest: {close[0]})" if close else ""


def check_options(parser: argparse.ArgumentParser, name: str, rest: Sequence[str]) -> None:
    """Refuses what looks like an option and is none, nor a setting.

    Args:
        parser: Of all commands.
        name: Of the command.
        rest: What its parser did not know.

    Raises:
        ConfigError: naming the nearest option or setting.
    """
    options = option_names(find(parser, name))
    settings = setting_names() if "--config" in options else []
    whole = [f"--{setting}" for setting in settings]
    top = {setting.partition(".")[0] for setting in settings}
    for word in rest:
        option = word.partition("=")[0]
        if not option.startswith("--") or "." in option or option.removeprefix("--") in top:
            continue
        last = option.removeprefix("--")
        inside = [each for each in settings if each.rpartition(".")[2] == last]
        inside.sort(key=lambda each: (not each.startswith(f"{name}."), each.count(".")))
        if inside:
            told = " or ".join(f"--{each}" for each in inside[:3])
            raise ConfigError(f"{option}: no such option; perhaps {told}")
        raise ConfigError(
            f"{option}: no such option; elmjax {name} --help lists them"
            f"{nearest(option, [*options, *whole])}"
        )
