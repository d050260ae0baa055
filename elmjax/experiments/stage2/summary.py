"""Tables and plots of the stage 2 experiment, ours beside the paper's."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from elmjax.experiments.evolution.tables import (
    Quantity,
    hundredths,
    percent,
    table,
    tenths,
    whole,
)
from elmjax.experiments.stage2 import figures
from elmjax.experiments.stage2.plan import Condition
from elmjax.experiments.stage2.published import DATASET, PUBLISHED, SPEARMAN_RADIAL
from elmjax.files import write_whole
from elmjax.report import Interval, mean_interval

Measured = Sequence[tuple[Condition, dict[str, Any]]]
Cells = dict[str, dict[str, Interval]]  # by line, by column


def _thousandths(number: float) -> str:
    return f"{number:.3f}"


LOSS = Quantity(name="test_loss", title="lowest test loss [nats/token]", write=_thousandths)
NICHES = Quantity(name="coverage", title="niches filled by the samples [%]", write=percent, most=1)
QD = Quantity(name="qd_score", title="QD score of the samples [m]", write=whole)
COMPLETED = Quantity(
    name="completed", title="best completion, % of the original, mean of three", write=percent
)
QUANTITIES = (
    LOSS,
    NICHES,
    QD,
    Quantity(name="valid_samples", title="samples that walk [%]", write=percent, most=1),
    Quantity(
        name="novel_samples", title="samples that walk, differ and are new [%]", write=percent
    ),
    Quantity(name="novel_families", title="of these, new in more than numbers [%]", write=percent),
    Quantity(name="best", title="best sample [m]", write=tenths),
    COMPLETED,
    Quantity(name="wheel", title="best completion of Wheel, % of the original", write=percent),
    Quantity(name="galloper", title="best completion of Galloper", write=percent),
    Quantity(name="runner", title="best completion of Runner", write=percent),
    Quantity(name="completions_valid", title="completions that walk [%]", write=percent, most=1),
)

FIGURES = (LOSS, NICHES, QD, COMPLETED)

ORDERED = {
    "order_fitness": "fitness",
    "order_height": "height",
    "order_width": "width",
    "order_mass": "mass",
}
SHARES = {
    "order_valid": "walk",
    "order_met": "height and width met",
    "band_ordered": "in the band, ordered there",
    "band_by_chance": "in the band, ordered elsewhere",
}


def write(folder: Path, measured: Measured) -> None:
    """Writes and prints the tables, and draws the figures."""
    plain = _of_kind(measured, "none")
    columns = _columns(plain)
    text = "\n".join(
        [
            _claims(plain),
            *(
                table(
                    quantity, _columns(plain), {**_lines(plain, quantity.name), **_paper(quantity)}
                )
                for quantity in QUANTITIES
            ),
            *_properties(measured),
        ]
    )
    text += f"\n{_REMARK}\n"
    write_whole(folder / "table.md", f"{text}\n{_settings(measured)}")
    bars = [(each, columns, _lines(plain, each.name), _paper(each)) for each in FIGURES]
    figures.draw(folder, bars)
    if orders := _of_kind(measured, "prefix"):
        figures.draw_properties(folder, _correlations(measured), _row(orders, SHARES))
    Console().print(text, highlight=False, markup=False, soft_wrap=True)


_REMARK = (
    "Ours: mean of the repeats, 95 % interval. All repeats learn from the same runs of stage 1; "
    "split, order, initial weights and samples differ. `dataset`: as many programs drawn from what "
    "is learned. The paper's programs, tokens and distances are others: compare within a column. "
    "Its loss of 0.1M is cut off by the figure's axis: at least 0.12."
)


def _columns(measured: Measured) -> list[str]:
    return list(dict.fromkeys(condition.column for condition, _ in measured))


def _gather(measured: Measured, name: str) -> dict[str, dict[str, list[float]]]:
    """One quantity: by line, by column, a value for each repeat that has one."""
    found: dict[str, dict[str, list[float]]] = {}
    for condition, values in measured:
        if values.get(name) is not None:
            of_line = found.setdefault(condition.line, {})
            of_line.setdefault(condition.column, []).append(values[name])
    return found


def _means(gathered: Mapping[str, Mapping[str, Sequence[float]]]) -> Cells:
    return {
        line: {column: mean_interval(values) for column, values in columns.items()}
        for line, columns in gathered.items()
    }


def _lines(measured: Measured, name: str) -> Cells:
    """Our lines, with the dataset's own where it has the quantity."""
    lines = _means(_gather(measured, name))
    of_dataset = _gather(measured, f"dataset_{name}")
    if of_dataset:  # the same for all models but for the draw: that of the last stands for it
        lines[DATASET] = _means(of_dataset)[list(of_dataset)[-1]]
    return lines


def _table(plain: Measured, quantity: Quantity) -> str:
    lines: dict[str, Mapping[str, Interval | float]] = {
        **_lines(plain, quantity.name),
        **_paper(quantity),
    }
    return table(quantity, _columns(plain), lines)


def _paper(quantity: Quantity) -> Mapping[str, Mapping[str, float]]:
    return PUBLISHED.get(quantity.name, {})


def _claims(plain: Measured) -> str:
    """Differences that the paper reports, repeat by repeat: of models, and of thresholds."""
    names, columns = list(dict.fromkeys(each.line for each, _ in plain)), _columns(plain)
    # The repeats of all lines stand in the same order.
    found = {name: _gather(plain, name) for name in ("test_loss", "qd_score")}
    trained, least, most = names[-1], columns[0], columns[-1]
    rows: dict[str, dict[str, Interval | float]] = {
        f"{trained} minus {rival}: {title}": {
            column: _difference(found[name][trained][column], found[name][rival][column])
            for column in columns
        }
        for name, title in (("test_loss", "test loss [nats/token]"), ("qd_score", "QD score [m]"))
        for rival in names[:-1]
    }
    if least != most:
        for name in names:
            scores = found["qd_score"][name]
            rows[f"{name}, {most} minus {least}: QD score [m]"] = {
                most: _difference(scores[most], scores[least])
            }
    quantity = Quantity(name="claims", title="differences, repeat by repeat", write=_signed)
    return table(quantity, columns, rows, signed=True) if rows else ""


def _difference(ones: Sequence[float], others: Sequence[float]) -> Interval:
    return mean_interval([one - other for one, other in zip(ones, others, strict=True)])


def _signed(number: float) -> str:
    return f"{number:+,.3f}" if abs(number) < 10.0 else f"{number:+,.0f}"


def _properties(measured: Measured) -> list[str]:
    """Appendix H: what is ordered and comes, what is predicted and is."""
    orders = _of_kind(measured, "prefix")
    if not orders:
        return []
    correlation = Quantity(name="spearman", title="Spearman's correlation", write=hundredths)
    share = Quantity(name="share", title="walkers made to order [%]", write=percent, most=1)
    lines: dict[str, Mapping[str, Interval | float]] = {
        **_correlations(measured),
        "ELM, 300M, predicted, Radial": {"fitness": SPEARMAN_RADIAL},
    }
    return [
        table(correlation, list(ORDERED.values()), lines, signed=True),
        table(share, list(SHARES.values()), {orders[0][0].line: _row(orders, SHARES)}),
    ]


def _correlations(measured: Measured) -> Cells:
    """Spearman's, of every property."""
    predictions = _of_kind(measured, "postfix")
    return {
        "ordered and made": _row(_of_kind(measured, "prefix"), ORDERED),
        "predicted, test programs": _row(predictions, _predicted("test")),
        "predicted, Radial": _row(predictions, _predicted("unseen")),
    }


def _of_kind(measured: Measured, properties: str) -> Measured:
    return [pair for pair in measured if pair[0].properties == properties]


def _predicted(kind: str) -> dict[str, str]:
    return {f"{kind}_{name}": name for name in ORDERED.values()}


def _row(measured: Measured, names: Mapping[str, str]) -> dict[str, Interval]:
    """Means over repeats of several quantities, by their columns."""
    row = {}
    for name, column in names.items():
        values = [found[name] for _, found in measured if found.get(name) is not None]
        if values:
            row[column] = mean_interval(values)
    return row


def _settings(measured: Measured) -> str:
    """How the lines came about, in words."""
    first = measured[0][0]
    told = first.describe()
    words = {
        "samples": f"{first.counts.samples:,}",
        "completions of each half program": first.counts.completions,
        "repeats": len({condition.repeat for condition, _ in measured}),
        "seed": told["seed"],
        **{f"programs, {key}": value for key, value in told["programs"].items()},
        **told["settings"],
    }
    sizes = {
        condition.column: f"{found['programs']:,} learned, {found['test_programs']:,} held out"
        for condition, found in measured
        if condition.properties == "none"
    }
    lines = [f"- {key}: {value}" for key, value in {**words, **sizes}.items()]
    return "\n".join(lines) + "\n"
