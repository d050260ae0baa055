"""The card of mined commits: where they came from, what was dropped, and whose they are."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from elmjax.commits.filters import Dropped, Limits
from elmjax.commits.folder import SPLITS

if TYPE_CHECKING:
    from elmjax.commits.mine import Mined

_COLUMNS = {
    "repository": "name of the folder it was read from",
    "commit": "id of the commit",
    "path": "of the file",
    "message": "of the commit, without trailers such as Signed-off-by",
    "before": "the file; lines end in a newline, the last one too",
    "diff": "unified, three lines of context, from the first hunk on",
    "after": "the file that the diff gives",
}


def write_card(mined: Sequence["Mined"], limits: Limits, rules: Mapping[str, str]) -> str:
    """The card in Markdown, with the head from which Hugging Face reads its splits."""
    return "\n\n".join(
        (
            _head(mined),
            "# Commits that change one Python file",
            "Each row is a file, the message of a commit, and its diff, mined from histories of "
            "git with `elmjax corpus git`.",
            _table(("column", ""), _COLUMNS.items()),
            "## Repositories",
            _table(
                ("repository", "read from", "commits", *SPLITS),
                [
                    (one.name, f"`{one.head}`", one.commits, *(one.kept[name] for name in SPLITS))
                    for one in mined
                ],
            ),
            "## What was dropped",
            "Every commit counts under the first reason that applies, from above.",
            _dropped(mined),
            "## How",
            _table(("rule", ""), (asdict(limits) | dict(rules)).items()),
            "## Licence",
            "Files, diffs and messages are their authors' and stand under the licences of their "
            "repositories, which nobody has looked at here. Use what these allow.\n",
        )
    )


def _head(mined: Sequence["Mined"]) -> str:
    filled = [name for name in SPLITS if any(one.kept[name] for one in mined)]
    files = [f"  - split: {name}\n    path: data/{name}-*" for name in filled]
    configs = ["configs:", "- config_name: default", "  data_files:", *files] if files else []
    return "\n".join(("---", "license: other", *configs, "---"))


def _dropped(mined: Sequence["Mined"]) -> str:
    total = sum((one.dropped for one in mined), Counter[Dropped]())
    commits = sum(one.commits for one in mined)
    rows = [(reason, reason.explanation, f"{total[reason]:,}") for reason in Dropped]
    kept = commits - total.total()
    return _table(
        ("reason", "", "commits"),
        [("", "all", f"{commits:,}"), *rows, ("", "kept", f"{kept:,}")],
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
