"""Commits of git repositories as training data of diff models: a file, a message, a diff.

The paper's diff model, and CarperAI's, learned from commits that change one file. `mine` reads the
histories of local repositories, keeps what `filters` leaves, and writes Parquet files with a card
that says what was dropped for which reason. Needs no JAX.
"""

from elmjax.commits.filters import Dropped, Limits
from elmjax.commits.folder import read_triples
from elmjax.commits.git import GitError, count
from elmjax.commits.mine import Mined, mine
from elmjax.commits.triple import Triple

__all__ = ["Dropped", "GitError", "Limits", "Mined", "Triple", "count", "mine", "read_triples"]
