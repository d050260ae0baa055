"""What the rows of the study say: success rates with intervals, beside the paper's."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from elmjax.experiments.bugs.outcome import OPERATORS, Outcome
from elmjax.experiments.bugs.published import PUBLISHED, Published
from elmjax.experiments.bugs.task import TASKS, problems
from elmjax.experiments.results import Results, Row
from elmjax.files import write_whole
from elmjax.report import Interval, proportion_interval
from elmjax.report.success import (
    Place,
    Series,
    format_percent,
    success_markdown,
    success_tables,
)
from elmjax.report.success_curves import success_curves
from elmjax.report.table import plain_text

TITLE = "bugs repaired [% of trials, 95 % interval]"
_TOLD_ELSEWHERE = ("operator", "model", "task", "bugs", "trials", "repeat")  # than in the settings


def write(results: Results) -> None:
    """Prints the table, and writes it and the plot into the folder."""
    rows = _current(results.rows)
    series = lines(rows)
    if not series:
        return
    places = {
        Place(task.title, problem.bugs): None
        for task in TASKS.values()
        for problem in problems(task)
        if any(not each.published and Place(task.title, 1) in each.rates for each in series)
    }
    _show(series, list(places))
    text = success_markdown(TITLE.capitalize(), series, list(places)) + "\n" + _notes(rows)
    text += _exact(results.rows)
    write_whole(results.folder / "table.md", text)
    success_curves(series, results.folder / "success.png")


def _show(series: Sequence[Series], places: Sequence[Place]) -> None:
    console = Console()
    if console.is_terminal:
        console.print(success_tables(TITLE, series, places))
    else:
        print(plain_text(success_tables(TITLE, series, places, ascii_only=True)), end="")


def lines(rows: Sequence[Row]) -> list[Series]:
    """A series for every operator and model, each followed by the paper's that it compares with."""
    series = []
    for operator in OPERATORS:
        ours = [row for row in rows if row["condition"]["operator"] == operator]
        for label in dict.fromkeys(_label(row["condition"]) for row in ours):
            rates = _rates([row for row in ours if _label(row["condition"]) == label])
            series.append(Series(label=label, family=operator, published=False, rates=rates))
        if ours:
            series += [_published(each) for each in PUBLISHED if each.operator == operator]
    return series


def _current(rows: Sequence[Row]) -> list[Row]:
    """The rows of trials without those of an earlier plan, or an earlier model of the same name.

    Of an operator and model, the rows of a problem that were last asked for decide.
    """
    trials = [row for row in rows if "operator" in row["condition"]]
    latest = {_subject(row): _but_repeat(row) for row in trials}
    return [row for row in trials if _but_repeat(row) == latest[_subject(row)]]


def _subject(row: Row) -> tuple[str, str, int]:
    return _label(row["condition"]), row["condition"]["task"], row["condition"]["bugs"]


def _but_repeat(row: Row) -> Row:
    """The condition of a row, which is the same for all repeats."""
    return {key: value for key, value in row["condition"].items() if key != "repeat"}


def _rates(rows: Sequence[Row]) -> dict[Place, Interval]:
    """Success in % by task and bugs, over all repeats."""
    tallies: dict[Place, Counter[str]] = {}
    for row in rows:
        place = Place(TASKS[row["condition"]["task"]].title, row["condition"]["bugs"])
        tallies.setdefault(place, Counter()).update(row["values"]["outcomes"])
    return {
        place: _percent(tally[Outcome.FIXED], tally.total()) for place, tally in tallies.items()
    }


def _percent(fixed: int, trials: int) -> Interval:
    return Interval(*(100.0 * part for part in proportion_interval(fixed, trials)))


def _published(published: Published) -> Series:
    rates = {}
    for task, values in published.success.items():
        for bugs, value in enumerate(values, start=1):
            high = float("nan")
            if value == 0.0 and published.trials is not None:
                high = _percent(0, published.trials).high
            rates[Place(TASKS[task].title, bugs)] = Interval(value, float("nan"), high)
    return Series(label=published.label, family=published.operator, published=True, rates=rates)


def _notes(rows: Sequence[Row]) -> str:
    """How the results of each operator came about, and what became of its trials."""
    by_name: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: OPERATORS.index(row["condition"]["operator"])):
        by_name.setdefault(_label(row["condition"]), []).append(row)
    return "".join(
        f"- `{name}`: {_settings(some)}. Of all trials: {_fates(some)}.\n"
        for name, some in by_name.items()
    )


def _exact(rows: Sequence[Row]) -> str:
    """What counting every tree says of the rates that `gp` was tuned to."""
    return "".join(
        f"- `gp` on {TASKS[row['condition']['task']].title}, every tree counted: "
        f"{', '.join(f'{format_percent(100.0 * each)} %' for each in success.values())}.\n"
        for row in rows
        if "tuned" in row["condition"] and (success := row["values"]["success"])
    )


def _settings(rows: Sequence[Row]) -> str:
    """Trials of a problem and settings in words, each with all the values that it had."""
    values: dict[str, dict[str, None]] = {}
    for row in rows:
        for key, value in row["condition"].items():
            if key not in _TOLD_ELSEWHERE and value is not None:
                values.setdefault(key, {})[str(value)] = None
    repeats = len({row["condition"]["repeat"] for row in rows})
    trials = f"{repeats} x {rows[0]['condition']['trials']:,} trials of every problem"
    told = (f"{key.replace('_', ' ')} {', '.join(some)}" for key, some in values.items())
    return "; ".join((trials, *told))


def _fates(rows: Sequence[Row]) -> str:
    """Shares of the outcomes over all problems, the most frequent first."""
    counts: Counter[str] = Counter()
    for row in rows:
        counts.update(row["values"]["outcomes"])
    shares = ((name, 100.0 * count / counts.total()) for name, count in counts.most_common())
    return ", ".join(f"{name} {format_percent(share)} %" for name, share in shares)


def _label(condition: Mapping[str, Any]) -> str:
    return f"{condition['operator']} {condition.get('model', '')}".strip()
