"""Which of the admitted programs are worth learning from."""

import pandas as pd


def above_threshold(admitted: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Keeps programs whose fitness is at least `threshold` times the best of their niche.

    Args:
        admitted: of `admitted_programs`, all runs together.
        threshold: share of the niche's maximum, 0 to 1.
    """
    best = admitted.groupby("cell")["fitness"].transform("max")
    return admitted[admitted["fitness"] >= threshold * best].reset_index(drop=True)


def without_duplicates(programs: pd.DataFrame, column: str) -> pd.DataFrame:
    """The first of the programs that agree in a column, such as `program` or `body`."""
    return programs.drop_duplicates(column, ignore_index=True)
