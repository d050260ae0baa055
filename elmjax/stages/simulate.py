"""`elmjax simulate`: programs from files, evaluated in one batch, one line for each."""

import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from elmjax.config import Config, ConfigError
from elmjax.evaluate import Evaluation, measures_of
from elmjax.programs import Verdict
from elmjax.stages.run import check_terrains, make_evaluator, open_physics, open_pool

PLAIN_WIDTH = 400  # characters at most, where the output is no terminal


def simulate_files(paths: Sequence[Path], terrain: str, config: Config) -> list[dict[str, Any]]:
    """Evaluates program files; distances in m, None where there is no number.

    Raises:
        ConfigError: for a file that cannot be read or a terrain that cannot be made.
    """
    texts = [_read(path) for path in paths]
    programs = [text for text in texts if text is not None]
    check_terrains(config, [terrain])
    with open_pool(config) as pool:
        print(f"walks on {open_physics(config).name}", file=sys.stderr)
        evaluator = make_evaluator(config, pool, [terrain])
        evaluations = iter(evaluator.evaluate(programs, terrain))
    not_text = Evaluation(verdict=Verdict.SYNTAX, reason="the file is not UTF-8 text")
    return [
        _line(path, not_text if text is None else next(evaluations), config.physics.dim)
        for path, text in zip(paths, texts, strict=True)
    ]


def show(lines: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Prints one JSON object a line, or a table."""
    if as_json:
        for line in lines:
            print(json.dumps(line))
        return
    columns = [column for column in lines[0] if column != "reason"]
    table = Table(box=None, header_style="bold")
    for column in columns:
        is_text = column in ("program", "outcome")
        table.add_column(column, justify="left" if is_text else "right", no_wrap=True)
    for line in lines:
        table.add_row(*(escape(_cell(line[column])) for column in columns))
    # A line of a log is as long as it needs to be.
    Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH).print(table)
    for line in lines:
        if line["reason"]:
            print(f"{line['program']}: {line['reason']}")


def _line(path: Path, evaluation: Evaluation, dim: int) -> dict[str, Any]:
    body = evaluation.body
    height, width, mass = measures_of(body)
    depth = {} if dim == 2 else {"depth": None if body is None else body.depth}
    return {
        "program": str(path),
        "outcome": str(evaluation.verdict),
        "reason": evaluation.reason,
        "displacement": _number(evaluation.displacement),
        "distance": _number(evaluation.fitness),
        "width": _number(width),
        "height": _number(height),
        **depth,
        "mass": _number(mass),
        "joints": None if body is None else len(body.joints),
        "springs": None if body is None else len(body.ends),
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _cell(value: str | float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _read(path: Path) -> str | None:
    """The text of a program file, None where it is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
