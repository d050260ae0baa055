"""What two folders of the same run differ in."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from elmjax.qd import History
from elmjax.report import read_metrics

# What depends on the machine, or on what a process still remembered.
_TIMES = ("seconds", "per_second", "hits", "busy", "rates_of", "requests", "remembered", "failed.")


def differences(folder: Path, whole: Path, *, without: str = "") -> list[str]:
    """Names of the histories, models, samples, metrics and summaries that are not equal.

    Args:
        folder: Of the one run.
        whole: Of the other, of which all is looked at.
        without: A stage that is left out.
    """
    found = []
    for path in sorted(whole.rglob("*")):
        name = path.relative_to(whole)
        if name.parts[0] == without:
            continue
        other = folder / name
        if path.name == "history":
            a, b = History.open(path).frame(), History.open(other).frame()
            found += [str(name)] * (not a.equals(b))
        elif path.suffix == ".safetensors":
            found += [str(name)] * (path.read_bytes() != other.read_bytes())
        elif path.suffix == ".parquet" and path.parent.name != "history":
            found += [str(name)] * (not pd.read_parquet(path).equals(pd.read_parquet(other)))
        elif path.name == "summary.json":
            a, b = (_timeless(json.loads(each.read_text())) for each in (path, other))
            found += [str(name)] * (a != b)
    return found + _metrics(folder, whole, without)


def _metrics(folder: Path, whole: Path, without: str) -> list[str]:
    logs = [read_metrics(each / "metrics.jsonl") for each in (folder, whole)]
    plain = [
        log.loc[log["stage"] != without, [name for name in log.columns if not _is_time(name)]]
        .dropna(axis=1, how="all")
        .sort_values(["stage", "step"], kind="stable")
        .reset_index(drop=True)
        for log in logs
    ]
    try:
        pd.testing.assert_frame_equal(*plain, check_like=True, check_exact=True)
    except AssertionError as error:
        return [f"metrics.jsonl: {' '.join(str(error).split())[:200]}"]
    return []


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(inner) for name, inner in value.items() if not _is_time(name)}
    return value


def _is_time(name: str) -> bool:
    return any(word in name for word in _TIMES)
