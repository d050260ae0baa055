"""The script for zsh, which runs that of bash."""

from elmjax.cli.completion import bash
from elmjax.cli.completion.words import Vocabulary


def script(vocabulary: Vocabulary) -> str:
    """What zsh is to source, after `compinit`."""
    # bashcompinit stands for bash's complete and compgen, and for neither mapfile nor compopt.
    text = bash.script(vocabulary).replace("mapfile -t COMPREPLY < <(", 'COMPREPLY=(${(f)"$(')
    text = text.replace('compgen -d -- "$current"\n  )\n', 'compgen -d -- "$current"\n  )"})\n')
    text = text.replace("source <(elmjax completion bash)", "source <(elmjax completion zsh)")
    text = text.replace("elmjax in bash", "elmjax in zsh")
    lines = [line for line in text.splitlines() if "compopt" not in line]
    return "\n".join(["autoload -U +X bashcompinit && bashcompinit", *lines]) + "\n"
