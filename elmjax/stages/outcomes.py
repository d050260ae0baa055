"""What became of the programs of a history, counted."""

import pandas as pd

from elmjax.programs import Verdict


def outcome_counts(rows: pd.DataFrame) -> dict[str, int]:
    """Programs by outcome, the most frequent first."""
    return _counts(rows["outcome"])


def error_counts(rows: pd.DataFrame) -> dict[str, int]:
    """Runtime errors by their standard class, which is the first word of the reason."""
    reasons = rows.loc[rows["outcome"] == str(Verdict.RUNTIME), "reason"]
    return _counts(reasons.str.extract(r"^(\w+)", expand=False))


def _counts(names: pd.Series) -> dict[str, int]:
    return {str(name): int(count) for name, count in names.value_counts().items()}
