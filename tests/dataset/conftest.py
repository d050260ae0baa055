import pandas as pd
import pytest


@pytest.fixture
def history():
    """A history of (program, fitness, cell, admitted, parent) rows."""

    def make(*rows: tuple) -> pd.DataFrame:
        full = [(*row, *(True, -1)[len(row) - 3 :]) for row in rows]
        frame = pd.DataFrame(full, columns=["program", "fitness", "cell", "admitted", "parent"])
        return frame.assign(
            id=range(len(frame)),
            height=2.0,
            width=3.0,
            mass=4.0,
            operator="diff",
            diff="",
            message="m",
            outcome="ok",
        )

    return make
