"""Programs to learn from and programs held out, near-duplicates on the same side."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from elmjax.dataset.family import family


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Programs to learn from and programs held out, no text in both."""

    train: pd.DataFrame  # the columns of `admitted_programs`
    test: pd.DataFrame


def split(
    programs: pd.DataFrame,
    test_share: float,
    rng: np.random.Generator,
    by: Literal["family", "text"] = "family",
) -> Dataset:
    """Holds out a random share, at least one program where the share is not zero.

    Args:
        programs: Of `admitted_programs`; texts may repeat.
        test_share: Of the programs. Families are drawn at random and taken whole where they fit
            into what is left of the share; one that is larger is learned.
        rng: Draws.
        by: What stays together: near-duplicates, or equal texts alone (the paper's random split).

    Raises:
        ValueError: where nothing would be left to learn from, or all families are too large.
    """
    held_out = int(np.ceil(test_share * len(programs)))
    if len(programs) - held_out < 1:
        raise ValueError(
            f"dataset: got {len(programs)} programs, wanted at least {held_out + 1}; "
            "evolve longer or lower finetune.threshold"
        )
    names = programs["program"].map(family) if by == "family" else programs["program"]
    groups, _ = pd.factorize(names)
    is_test = _draw(groups, held_out, rng)
    if held_out and not is_test.any():
        raise ValueError(
            f"dataset: got {len(set(groups.tolist()))} families of near-duplicates, none of "
            f"{held_out} programs or less to hold out; evolve longer, raise finetune.test_share or "
            "set finetune.split to 'text'"
        )
    return Dataset(
        train=programs[~is_test].reset_index(drop=True),
        test=programs[is_test].reset_index(drop=True),
    )


def _draw(groups: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """[n] which programs are held out: whole groups, `most` programs at most."""
    sizes = np.bincount(groups)
    chosen, room = np.zeros(len(sizes), bool), most
    for group in rng.permutation(len(sizes)).tolist():
        if sizes[group] <= room:
            chosen[group] = True
            room -= int(sizes[group])
    return chosen[groups]
