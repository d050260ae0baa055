"""The stage 2 dataset: every program ever admitted, kept where it is good for its niche.

Paper, section 6: over all runs take the maximum fitness of each niche; keep the admitted programs
that reach a share of it (50 % or 80 %), in whatever run they were found; hold out a random 5 %.
Frames of pandas throughout, a row for each program. Needs no JAX.
"""

from elmjax.dataset.admitted import (
    COLUMNS,
    SPATIAL_COLUMNS,
    admitted_programs,
    without_seeds,
)
from elmjax.dataset.card import Provenance, write_card
from elmjax.dataset.family import family
from elmjax.dataset.folder import write_dataset
from elmjax.dataset.selection import above_threshold, without_duplicates
from elmjax.dataset.split import Dataset, split
from elmjax.dataset.trajectories import edit_trajectories, program_trajectories

__all__ = [
    "COLUMNS",
    "SPATIAL_COLUMNS",
    "Dataset",
    "Provenance",
    "above_threshold",
    "admitted_programs",
    "edit_trajectories",
    "family",
    "program_trajectories",
    "split",
    "without_duplicates",
    "without_seeds",
    "write_card",
    "write_dataset",
]
