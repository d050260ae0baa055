"""The runs that stand near a folder that holds none, for whoever mistyped its name."""

import difflib
from collections.abc import Iterator
from pathlib import Path

MOST = 500  # folders that are looked into: a home folder holds many


def nearest(folder: Path) -> str:
    """The end of an error message: the runs in it or of a similar name; "" where there are none."""
    inside = [str(run) for run in _runs_in(folder)]
    near = {str(run): run.name for run in _around(folder)}
    similar = difflib.get_close_matches(folder.name, list(near.values()), n=3, cutoff=0.5)
    named = [run for name in dict.fromkeys(similar) for run in near if near[run] == name]
    told = (inside or named)[:3]
    return f" (nearest: {', '.join(told)})" if told else ""


def _around(folder: Path) -> Iterator[Path]:
    yield from _runs_in(folder.parent)
    yield from _runs_in(Path("runs"))
    if not folder.parent.is_dir():  # rus/demo
        for place in _folders_in(folder.parent.parent):
            if difflib.get_close_matches(place.name, [folder.parent.name]):
                yield from _runs_in(place)


def _runs_in(place: Path) -> Iterator[Path]:
    return (path for path in _folders_in(place) if (path / "config.toml").is_file())


def _folders_in(place: Path) -> list[Path]:
    try:
        return [path for path in sorted(place.iterdir())[:MOST] if path.is_dir()]
    except OSError:
        return []
