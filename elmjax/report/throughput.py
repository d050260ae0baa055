"""What each stage of a run got through, from its metrics log: `stages.throughput` has the columns.

Rates are medians over steps, so that compilation does not count; device seconds are a sum.
"""

import pandas as pd
from rich import box
from rich.table import Table

from elmjax.report.table import MISSING, plain_text

_NEEDED = "device_seconds"
_SHARE = "model_flop_utilisation"


def throughput_table(metrics: pd.DataFrame) -> Table | None:
    """One row a stage that kept an account; None where none did.

    Args:
        metrics: All lines of a metrics log.
    """
    if _NEEDED not in metrics:
        return None
    kept = metrics[metrics[_NEEDED].notna()]
    table = Table(title="Throughput", title_justify="left", box=box.ASCII)
    table.add_column("stage")
    for heading in ("evaluations / s", "tokens / s", "device seconds", "model FLOP utilisation"):
        table.add_column(heading, justify="right")
    for stage in dict.fromkeys(kept["stage"]):
        of_stage = kept[kept["stage"] == stage]
        table.add_row(
            stage,
            _rate(of_stage, "evaluations_per_second"),
            _rate(of_stage, "tokens_per_second"),
            f"{of_stage[_NEEDED].sum():,.0f}",
            _utilisation(of_stage),
        )
    return table


def throughput_text(metrics: pd.DataFrame) -> str:
    """The table as plain text; empty where no stage kept an account."""
    table = throughput_table(metrics)
    return "" if table is None else plain_text(table)


def _rate(lines: pd.DataFrame, column: str) -> str:
    rates = lines[column].dropna() if column in lines else pd.Series(dtype=float)
    return f"{rates.median():,.0f}" if (rates > 0).any() else MISSING


def _utilisation(lines: pd.DataFrame) -> str:
    """Of all device seconds; missing where the peak of the device is not known."""
    if _SHARE not in lines or lines[_SHARE].isna().all():
        return MISSING
    of_all = (lines[_SHARE] * lines[_NEEDED]).sum() / lines[_NEEDED].sum()
    return f"{100 * of_all:.2f} %"
