"""Children of a mutation operator on a terminal: what was asked, the diff, what became of it."""

import math
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from elmjax.programs import Verdict
from elmjax.qd import Record

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def show_mutations(console: Console, records: Sequence[Record], names: Sequence[str]) -> None:
    """Prints the records of children, each with the name of its parent, and counts of outcomes."""
    for number, (record, name) in enumerate(zip(records, names, strict=True), start=1):
        # Lines of a diff are as long as they are: nothing is wrapped or cut.
        console.print(_headline(number, record, name), soft_wrap=True)
        console.print(_outcome(record), soft_wrap=True)
        console.print(_diff(record), soft_wrap=True)
    counts = Counter(record.outcome for record in records).most_common()
    total = "1 child" if len(records) == 1 else f"{len(records)} children"
    listed = ", ".join(f"{count} {outcome}" for outcome, count in counts)
    console.print(Text(f"{total}: {listed}"), soft_wrap=True)


def printable(text: str) -> str:
    """Text that cannot command a terminal: models may write escape sequences."""
    return "".join(
        letter if letter.isprintable() or letter in "\n\t" else ascii(letter)[1:-1]
        for letter in text
    )


def _headline(number: int, record: Record, name: str) -> Text:
    message = f": {record.message}" if record.message else ""
    return Text(printable(f"{number}. {record.operator} of {name}{message}"), style="bold")


def _outcome(record: Record) -> Text:
    measured = [
        f"{label} {value:{sign}.3f}{unit}"
        for label, value, sign, unit in (
            ("displacement", record.displacement, "+", " m"),
            ("width", record.width, "", " m"),
            ("height", record.height, "", " m"),
            ("depth", record.depth, "", " m"),
            ("mass", record.mass, "", ""),
        )
        if math.isfinite(value)
    ]
    reason = [record.reason] if record.reason else []
    text = f"{record.outcome}: {', '.join([*reason, *measured])}"
    return Text(printable(text), style="green" if record.outcome == Verdict.OK else "yellow")


def _diff(record: Record) -> Text:
    """The diff in colours; what gave no child is shown as the model wrote it."""
    text = Text()
    applied = bool(record.program)
    for line in printable(record.diff).rstrip("\n").split("\n"):
        style = _STYLES.get(line[:1], "") if applied else "dim"
        text.append(f"{line}\n", style="bold" if line.startswith(("--- ", "+++ ")) else style)
    return text
