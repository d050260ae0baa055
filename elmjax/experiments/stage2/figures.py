"""The paper's figures 12, 13 and 15 and its appendix H, ours and its own side by side."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from elmjax.experiments.evolution.tables import Quantity, percent
from elmjax.report import BarPanel, Interval, bar_panels

FILES = {
    "loss.png": ("test_loss",),
    "samples.png": ("coverage", "qd_score"),
    "completion.png": ("completed",),
}

Lines = Mapping[str, Mapping[str, Interval]] | Mapping[str, Mapping[str, float]]
# A quantity, the thresholds, our lines and the paper's.
Bars = tuple[Quantity, Sequence[str], Lines, Lines]


def draw(folder: Path, bars: Sequence[Bars]) -> None:
    """Draws figures 12, 13 and 15."""
    for path, names in FILES.items():
        panels = []
        for quantity, columns, ours, paper in bars:
            if quantity.name in names:
                panels.append(_panel(quantity, "ours", columns, ours))
                panels.append(_panel(quantity, "paper", columns, paper))
        bar_panels(panels, folder / path)


def draw_properties(
    folder: Path, correlations: Mapping[str, Mapping[str, Interval]], shares: Mapping[str, Interval]
) -> None:
    """Draws what appendix H tells in words.

    Args:
        folder: Where to.
        correlations: Of what is told and what is, by line and property.
        shares: Of walkers made to order.
    """
    names = list(dict.fromkeys(name for row in correlations.values() for name in row))
    bars = {line: [row.get(name) for name in names] for line, row in correlations.items()}
    made = [_scaled(share, 100.0) for share in shares.values()]
    bar_panels(
        [
            BarPanel(title="Spearman's correlation", label="", groups=names, bars=bars),
            BarPanel(
                title="made to order",
                label="share of walkers [%]",
                groups=list(shares),
                bars={"": made},
            ),
        ],
        folder / "properties.png",
    )


def _panel(quantity: Quantity, whose: str, columns: Sequence[str], lines: Lines) -> BarPanel:
    scale = 100.0 if quantity.write is percent else 1.0
    return BarPanel(
        title=f"{quantity.title.partition(' [')[0]}: {whose}",
        label=quantity.title if whose == "ours" else "",
        groups=[line.removeprefix("ELM, ") for line in lines],
        bars={
            column: [_scaled(cells.get(column), scale) for cells in lines.values()]
            for column in columns
        },
    )


def _scaled(value: Interval | float | None, scale: float) -> Interval | None:
    if value is None:
        return None
    if isinstance(value, Interval):
        return Interval(*(scale * part for part in value))
    return Interval(scale * value, math.nan, math.nan)
