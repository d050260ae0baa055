"""`elmjax corpus git`: training data of diff models from histories of git."""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elmjax.cli.settings import Commands, refuse
from elmjax.config import ConfigError

if TYPE_CHECKING:
    from elmjax.commits import Mined

_DESCRIPTION = """\
Reads the histories of local repositories and writes every commit that modifies one Python file as a
row of file, message and diff, for `elmjax pretrain --corpus DIR`. README.md in the folder says what
was dropped, and why. Mind the licences of the repositories."""


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "corpus", allow_abbrev=False, help="mine training data of diff models from git"
    )
    sources = parser.add_subparsers(title="sources", required=True, metavar="SOURCE")
    git = sources.add_parser(
        "git", allow_abbrev=False, help="commits of local repositories", description=_DESCRIPTION
    )
    git.add_argument("repositories", nargs="+", type=Path, metavar="REPO", help="a local clone")
    git.add_argument(
        "-o", "--output", type=Path, metavar="DIR", required=True, help="to write; must be new"
    )
    git.add_argument(
        "--split",
        choices=("repository", "commit"),
        help="hold out whole repositories (default where there are several) or single commits",
    )
    git.add_argument(
        "--test-share", type=_share, default=0.05, metavar="P", help="held out (default: 0.05)"
    )
    git.add_argument(
        "--longest-file",
        type=_characters,
        default=8192,
        metavar="N",
        help="characters of a file, before and after (default: 8192, about 2,048 tokens)",
    )
    git.add_argument(
        "--longest-diff",
        type=_characters,
        default=4096,
        metavar="N",
        help="characters of a diff (default: 4096)",
    )
    git.add_argument(
        "--other-files",
        action="store_true",
        help="keep commits that change files other than the one Python file, too",
    )
    git.add_argument("--seed", type=int, default=0, metavar="S", help="of the split (default: 0)")
    git.set_defaults(command=_git, name="corpus git")


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share < 1.0:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted a number from 0 to below 1")
    return share


def _characters(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}, wanted an integer of 1 or more")
    return int(text)


def _git(options: argparse.Namespace, rest: Sequence[str]) -> int:
    refuse(rest)
    output: Path = options.output
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise ConfigError(f"--output: {output} is there already; give another folder")
    from elmjax import commits
    from elmjax.report.progress import stage_progress

    several = len(options.repositories) > 1
    limits = commits.Limits(
        file=options.longest_file, diff=options.longest_diff, other_files=options.other_files
    )
    try:
        total = sum(map(commits.count, options.repositories))
        with stage_progress("commits", total) as progress:
            mined = commits.mine(
                options.repositories,
                output,
                limits=limits,
                split=options.split or ("repository" if several else "commit"),
                test_share=options.test_share,
                seed=options.seed,
                told=lambda of_one: progress.advance(1, repository=of_one.name),
            )
    except (commits.GitError, ValueError) as error:
        raise ConfigError(str(error)) from None
    _tell(mined)
    print(f"Written to {output}; read README.md there")
    return 0


def _tell(mined: Sequence["Mined"]) -> None:
    dropped = sum((one.dropped for one in mined), Counter[Any]())
    kept = sum((one.kept for one in mined), Counter[str]())
    print(f"{sum(one.commits for one in mined):>10,}  commits")
    for reason, count in dropped.most_common():
        print(f"{count:>10,}  dropped: {reason.explanation}")
    print(f"{kept['train']:>10,}  to learn from\n{kept['test']:>10,}  held out")
