"""The card of a run: what the hub shows of it."""

from pathlib import Path

from elmjax import __version__
from elmjax.stages.run import Run

FENCE = "\n```\n"


def card(folder: Path, name: str) -> str:
    """A card in Markdown, with what the hub reads at its top.

    Args:
        folder: Of the run.
        name: Of the repository.
    """
    run = Run.read(folder)
    operators = ", ".join(run.config.evolve.operators)
    path = folder / "summary.txt"
    summary = path.read_text(encoding="utf-8").rstrip() if path.is_file() else ""
    return f"""\
---
tags:
- elmjax
- quality-diversity
- evolution-through-large-models
---

# {name}

A run of elmjax {__version__}: Evolution through Large Models (arXiv 2206.08896). Stage 1 took
place on `{run.config.evolve.terrain}` with {operators}; `evolve-OPERATOR/history` holds every
program that was evaluated, with its parent, edit and outcome, as Parquet; `config.toml` says all
settings.

    elmjax pull {name} runs/{name.rpartition("/")[2]}
    elmjax report runs/{name.rpartition("/")[2]}

Programs are untrusted text: run them with elmjax, which locks them down, or read them.
{f"{FENCE}{summary}{FENCE}" if summary else ""}"""
