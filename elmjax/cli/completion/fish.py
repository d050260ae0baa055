"""The script for fish."""

import shlex
from collections.abc import Iterator

from elmjax.cli.completion.words import Command, Takes, Vocabulary

_FRAME = """\
# elmjax in fish: elmjax completion fish > ~/.config/fish/completions/elmjax.fish
function __elmjax_command
    # Whether the words before the cursor are those of a command, and of none below it.
    set -l words (commandline -opc)[2..-1]
    set -l found
    for word in $words
        if contains -- (string join ' ' $found $word) $__elmjax_commands
            set found $found $word
        end
    end
    test (string join ' ' $found) = "$argv[1]"
end
"""


def script(vocabulary: Vocabulary) -> str:
    """What fish is to read."""
    names = " ".join(shlex.quote(command.name) for command in vocabulary.commands if command.name)
    lines = [_FRAME, f"set -g __elmjax_commands {names}", "complete -c elmjax -f"]
    about = {command.name: command.about for command in vocabulary.commands}
    for command in vocabulary.commands:
        lines += _of_command(command, vocabulary, about)
    return "\n".join(lines) + "\n"


def _of_command(command: Command, vocabulary: Vocabulary, about: dict[str, str]) -> Iterator[str]:
    here = f"complete -c elmjax -n '__elmjax_command \"{command.name}\"'"
    for word in command.commands:
        told = about[f"{command.name} {word}".strip()]
        yield f"{here} -a {word} -d {_quoted(told)}"
    options: dict[str, Takes | None] = dict(command.options)
    if command.settings:
        options |= vocabulary.settings
    for option, takes in options.items():
        kind = "-l" if option.startswith("--") else "-s"
        yield f"{here} {kind} {option.lstrip('-')}{'' if takes is None else _follows(takes)}"
    if not command.commands:
        yield f"{here}{_follows(command.arguments).replace(' -r', '')}"


def _follows(takes: Takes) -> str:
    files = " -F" if takes.files or takes.folders else ""
    words = f" -a {_quoted(' '.join(takes.words))}" if takes.words else ""
    return f" -r{files}{words}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
