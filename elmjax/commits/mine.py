"""Mines repositories: every commit is either a triple of one split, or counted as dropped."""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from elmjax.commits import git, history
from elmjax.commits.card import write_card
from elmjax.commits.filters import Dropped, Limits, changed_file, message_of
from elmjax.commits.folder import SPLITS, TriplesFolder
from elmjax.commits.history import Commit
from elmjax.commits.triple import Triple, difference

Split = Literal["repository", "commit"]
_BYTES_A_CHARACTER = 4  # of UTF-8, at most


@dataclass
class Mined:
    """What a repository gave.

    Attributes:
        name: Of its folder.
        head: The commit from which its history was read.
        commits: In that history.
        kept: Triples by split.
        dropped: Commits by reason.
    """

    name: str
    head: str
    commits: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    dropped: Counter[Dropped] = field(default_factory=Counter)


def mine(
    repositories: Sequence[Path],
    folder: Path,
    *,
    limits: Limits,
    split: Split,
    test_share: float,
    seed: int,
    told: Callable[[Mined], None] = lambda _: None,
) -> list[Mined]:
    """Writes the triples of repositories into a folder, which appears whole or not at all.

    Args:
        repositories: Folders that git knows.
        folder: Written; must not exist or be empty.
        limits: What is kept.
        split: Whether whole repositories are held out, or single commits.
        test_share: Of these.
        seed: Chooses them.
        told: Called after every commit, with what its repository gave until then.

    Returns:
        What each repository gave.

    Raises:
        GitError: a repository cannot be read. Nothing has been written then.
        ValueError: too few repositories to hold one out.
    """
    names = _names(repositories)
    mined = [Mined(name, git.head(path)) for name, path in zip(names, repositories, strict=True)]
    choose = _splitter(names, split, test_share, seed)
    seen: set[bytes] = set()
    with TriplesFolder(folder) as written:
        for path, of_one in zip(repositories, mined, strict=True):
            for commit, result in _examined(path, of_one.name, limits):
                of_one.commits += 1
                if isinstance(result, Dropped):
                    of_one.dropped[result] += 1
                elif (digest := result.digest()) in seen:
                    of_one.dropped[Dropped.DUPLICATE] += 1
                else:
                    seen.add(digest)
                    chosen = choose(of_one.name, commit.id)
                    written.add(chosen, result)
                    of_one.kept[chosen] += 1
                told(of_one)
        rules = {"split by": split, "held out": f"{test_share:.1%} of these, seed {seed}"}
        written.finish(write_card(mined, limits, rules))
    return mined


def _examined(
    repository: Path, name: str, limits: Limits
) -> Iterator[tuple[Commit, Triple | Dropped]]:
    with git.Blobs(repository) as blobs:
        for commit in history.commits(git.log(repository)):
            yield commit, _examine(commit, name, blobs, limits)


def _examine(commit: Commit, name: str, blobs: git.Blobs, limits: Limits) -> Triple | Dropped:
    change = changed_file(commit, limits)
    if isinstance(change, Dropped):
        return change
    message = message_of(commit, limits)
    if isinstance(message, Dropped):
        return message
    most = limits.file * _BYTES_A_CHARACTER
    contents = [blobs.read(blob, most) for blob in (change.before, change.after)]
    before, after = contents
    if before is None or after is None:
        return Dropped.MISSING
    if isinstance(before, int) or isinstance(after, int):
        return Dropped.FILE_LARGE
    changed = difference(before, after, limits)
    if isinstance(changed, Dropped):
        return changed
    old, diff, new = changed
    return Triple(
        repository=name,
        commit=commit.id,
        path=change.path.decode(),
        message=message,
        before=old,
        diff=diff,
        after=new,
    )


def _names(repositories: Sequence[Path]) -> list[str]:
    """Of the folders, without where they stand; a number behind those that came before."""
    names: list[str] = []
    for path in repositories:
        whole = path.resolve()
        name = (whole.parent if whole.name == ".git" else whole).name.removesuffix(".git")
        known = sum(other == name or other.startswith(f"{name}~") for other in names)
        names.append(f"{name}~{known + 1}" if known else name)
    return names


def _splitter(
    names: Sequence[str], split: Split, test_share: float, seed: int
) -> Callable[[str, str], str]:
    train, test = SPLITS
    if split == "commit":
        return lambda _name, commit: test if _uniform(seed, commit) < test_share else train
    count = max(1, round(test_share * len(names))) if test_share > 0 else 0
    if count >= len(names):
        raise ValueError(
            f"--split repository: got {len(names)} of them to hold {count} out, wanted more; or "
            "--split commit"
        )
    held_out = set(random.Random(seed).sample(sorted(names), count))
    return lambda name, _commit: test if name in held_out else train


def _uniform(seed: int, commit: str) -> float:
    """A number in [0, 1) that the commit alone decides: adding a repository moves no other's."""
    drawn = hashlib.blake2b(f"{seed}/{commit}".encode(), digest_size=8).digest()
    return int.from_bytes(drawn) / 2**64
