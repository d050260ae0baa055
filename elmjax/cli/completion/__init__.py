"""`elmjax completion`: what a shell needs to complete commands, options, settings and names."""

import argparse
from collections.abc import Callable, Sequence

from elmjax.cli.completion import bash, fish, zsh
from elmjax.cli.completion.words import Vocabulary, vocabulary
from elmjax.cli.settings import Commands, refuse

SHELLS: dict[str, Callable[[Vocabulary], str]] = {
    "bash": bash.script,
    "zsh": zsh.script,
    "fish": fish.script,
}


def add(commands: Commands, tree: Callable[[], argparse.ArgumentParser]) -> None:
    """Adds the command.

    Args:
        commands: Where to.
        tree: Makes the parser of all commands, which the script is made from.
    """
    parser = commands.add_parser(
        "completion",
        allow_abbrev=False,
        help="print a script that completes elmjax in bash, zsh or fish",
        description="Prints a script for a shell. bash: source <(elmjax completion bash), in "
        "~/.bashrc for good. zsh: the same in ~/.zshrc, after compinit. fish: elmjax completion "
        "fish > ~/.config/fish/completions/elmjax.fish. Print it anew after an update.",
    )
    parser.add_argument("shell", choices=tuple(SHELLS), metavar="bash|zsh|fish")

    def command(options: argparse.Namespace, rest: Sequence[str]) -> int:
        refuse(rest)
        print(SHELLS[options.shell](vocabulary(tree())), end="")
        return 0

    parser.set_defaults(command=command, name="completion")
