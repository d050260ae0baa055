"""The stage 2 dataset: every program ever admitted, kept where it is good for its niche.

Paper, section 6: over all runs take the maximum fitness of each niche; keep the admitted programs
that reach a share of it (50 % or 80 %), in whatever run they were found; hold out a random 5 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Programs to learn from and programs held out, no text in both."""

    train: pd.DataFrame  # columns: program, fitness, cell, run, id
    test: pd.DataFrame


def admitted_programs(histories: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Joins the admitted programs of some runs, one row per text: the first of equal ones."""
    columns = ["program", "fitness", "cell", "id"]
    joined = pd.concat(
        [
            history[history["admitted"]][columns].assign(run=run)
            for run, history in enumerate(histories)
        ]
    )
    return joined.drop_duplicates("program", ignore_index=True)


def above_threshold(admitted: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """Keeps programs whose fitness is at least `threshold` times the best of their niche.

    Args:
        admitted: of `admitted_programs`, all runs together.
        threshold: share of the niche's maximum, 0 to 1.
    """
    best = admitted.groupby("cell")["fitness"].transform("max")
    return admitted[admitted["fitness"] >= threshold * best].reset_index(drop=True)


def split(programs: pd.DataFrame, test_share: float, rng: np.random.Generator) -> Dataset:
    """Holds out a random share, at least one program where the share is not zero.

    Raises:
        ValueError: where nothing would be left to learn from.
    """
    held_out = int(np.ceil(test_share * len(programs)))
    if len(programs) - held_out < 1:
        raise ValueError(
            f"dataset: got {len(programs)} programs, wanted at least {held_out + 1}; "
            "evolve longer or lower finetune.threshold"
        )
    order = rng.permutation(len(programs))
    return Dataset(
        train=programs.iloc[order[held_out:]].reset_index(drop=True),
        test=programs.iloc[order[:held_out]].reset_index(drop=True),
    )
