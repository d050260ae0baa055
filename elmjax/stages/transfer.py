"""How well programs written for one terrain do on another: whether the terrain decides.

The conditionality of a terrain is what the programs written for it are ahead, on it, of those
written for the others: zero for a policy that writes the same for all (paper, section 7, where it
is shown by films of walkers that fail elsewhere).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from elmjax.report.statistics import difference_interval, mean_interval
from elmjax.stages.inventor import Inventor, pay, rewards


def walk_everywhere(
    inventor: Inventor, written: Sequence[str | None], asked: Sequence[str], places: Sequence[str]
) -> pd.DataFrame:
    """Runs every program on every place.

    Args:
        inventor: Pays.
        written: Programs.
        asked: The terrain each was written for.
        places: Names of terrains.

    Returns:
        A row for each program and place: `written_for`, `walked_on`, `reward` in m.
    """
    parts = []
    for place in places:
        paid = rewards(inventor, pay(inventor, written, [place] * len(written)))
        parts.append(pd.DataFrame({"written_for": asked, "walked_on": place, "reward": paid}))
    return pd.concat(parts, ignore_index=True)


def conditionality(walked: pd.DataFrame) -> float:
    """Mean over terrains of what their own programs are ahead on them, m; NaN for one terrain."""
    names = walked["written_for"].unique()
    here = walked[walked["walked_on"].isin(names)]
    means = here.pivot_table("reward", "written_for", "walked_on").to_numpy(dtype=np.float64)
    if len(means) < 2:
        return float("nan")
    own = np.diagonal(means)  # both axes are sorted by name
    others = (means.sum(axis=0) - own) / (len(means) - 1)
    return float((own - others).mean())


def summarise(walked: pd.DataFrame, place: str) -> dict[str, Any]:
    """One terrain's row and column of the transfer matrix.

    Returns:
        `on`: for each place the mean reward of the programs written for this terrain, and
        `conditionality`: what these are ahead here of all written for others; each
        [mean, low, high] in m. Without the latter where there are no others.
    """
    own = walked[walked["written_for"] == place]
    here = walked[walked["walked_on"] == place]
    mine, others = (here[here["written_for"] == place], here[here["written_for"] != place])
    told: dict[str, Any] = {
        "on": {
            name: list(mean_interval(of_place["reward"]))
            for name, of_place in own.groupby("walked_on", sort=False)
        }
    }
    if len(others):
        told["conditionality"] = list(difference_interval(mine["reward"], others["reward"]))
    return told
