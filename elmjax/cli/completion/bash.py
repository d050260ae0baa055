"""The script for bash."""

import shlex

from elmjax.cli.completion.words import Command, Takes, Vocabulary

_FRAME = """\
# elmjax in bash: source <(elmjax completion bash)
_elmjax() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}"
  local command="" words="" files="" folders="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command ${{COMP_WORDS[i]}}" in
{commands}
    esac
  done
  case "$command|$previous" in
{options}
    *) case "$previous" in
{settings}
      *) case "$command" in
{arguments}
      esac ;;
    esac ;;
  esac
  mapfile -t COMPREPLY < <(
    compgen -W "$words" -- "$current"
    [[ -n $files ]] && compgen -f -- "$current"
    [[ -n $folders && -z $files ]] && compgen -d -- "$current"
  )
  [[ -n $files$folders ]] && compopt -o filenames 2> /dev/null
  return 0
}}
_elmjax_settings={names}
complete -F _elmjax elmjax
"""


def script(vocabulary: Vocabulary) -> str:
    """What bash is to source."""
    lines: dict[str, list[str]] = {"commands": [], "options": [], "arguments": []}
    for command in vocabulary.commands:
        for word in command.commands:
            name = f"{command.name} {word}"
            lines["commands"].append(
                f"      {shlex.quote(name)}) command={shlex.quote(name.strip())} ;;"
            )
        for option, takes in command.options.items():
            if takes is not None:
                pattern = shlex.quote(f"{command.name}|{option}")
                lines["options"].append(f"    {pattern}) {_offer(takes)} ;;")
        lines["arguments"].append(f"        {shlex.quote(command.name)}) {_start(command)} ;;")
    settings = [f"      {name}) {_offer(takes)} ;;" for name, takes in vocabulary.settings.items()]
    return _FRAME.format(
        **{part: "\n".join(each) for part, each in lines.items()},
        settings="\n".join(settings),
        names=shlex.quote(" ".join(vocabulary.settings)),
    )


def _offer(takes: Takes) -> str:
    parts = [f"words={shlex.quote(' '.join(takes.words))}"] if takes.words else []
    parts += ["files=1"] if takes.files else []
    parts += ["folders=1"] if takes.folders else []
    return "; ".join(parts) or ":"


def _start(command: Command) -> str:
    """What may stand where no option waits for its value: commands and options, or arguments."""
    options = f"words={shlex.quote(' '.join(command.options))}"
    if command.settings:
        options += '; words+=" $_elmjax_settings"'
    words = Takes(words=command.commands) if command.commands else command.arguments
    return f"if [[ $current == -* ]]; then {options}; else {_offer(words)}; fi"
