"""The card of a dataset: what is in it, where it came from, how its niches are filled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from elmjax.dataset.split import Dataset

FULLEST = 12  # niches in the card
_MEASURES = ("height", "width", "mass", "depth")
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))

_COLUMNS = {
    "program": "text in canonical form; it builds a walker through `walk_creator`",
    "fitness": "distance that the centre of mass walks, m",
    "height": "of the body at its start, in the unit of the archive",
    "width": "of the body at its start, in the unit of the archive",
    "mass": "joints + half the sum of rest lengths",
    "depth": "of the body at its start, m",
    "cell": "niche, flat index in the archive",
    "id": "in the history of its run",
    "run": "whose history",
    "seed": "seed program that its line began with",
    "body": "digest of the body that it builds",
}


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a dataset came from.

    Attributes:
        runs: By name: what to tell of a run.
        rules: By which programs were kept and split, in words.
        niches: Of the archive, inhabited or not.
        counts: Programs after each step of the selection, in order.
    """

    runs: Mapping[str, Mapping[str, Any]]
    rules: Mapping[str, Any]
    niches: int
    counts: Mapping[str, int]


def niche_counts(dataset: Dataset) -> pd.DataFrame:
    """Programs of every niche: `cell`, `train`, `test`, `best` (m), and mean measures."""
    parts = [dataset.train.assign(train=1, test=0), dataset.test.assign(train=0, test=1)]
    measures = {name: "mean" for name in _MEASURES if name in dataset.train}
    return (
        pd.concat(parts, ignore_index=True)
        .groupby("cell", as_index=False)
        .agg({"train": "sum", "test": "sum", "fitness": "max", **measures})
        .rename(columns={"fitness": "best"})
    )


def write_card(dataset: Dataset, provenance: Provenance, *, trajectories: bool) -> str:
    """The card in Markdown, with the head from which Hugging Face reads its splits."""
    niches = niche_counts(dataset)
    return "\n\n".join(
        (
            _head(dataset, trajectories),
            "# Walkers of Evolution through Large Models, stage 2",
            "Programs that runs of MAP-Elites admitted to their archives, kept where they are good "
            "for their niche (Lehman et al. 2022, section 6), made by elmjax.",
            _tell_rows(dataset, provenance),
            f"## Runs\n\n{_rows(provenance.runs)}",
            f"## Rules\n\n{_list(provenance.rules)}",
            _tell_niches(niches, provenance.niches),
            f"## Columns\n\n{_list({name: _COLUMNS[name] for name in map(str, dataset.train)})}",
            "Licence: Apache-2.0, as elmjax, whose runs wrote all programs.\n",
        )
    )


def _head(dataset: Dataset, trajectories: bool) -> str:
    """YAML in fences. Values are ours alone, so that nothing needs quoting."""
    count = len(dataset.train) + len(dataset.test)
    size = next((name for most, name in _SIZES if count < most), "n>1M")
    splits = ["train", "test"] if len(dataset.test) else ["train"]
    lines = [
        "---",
        "license: apache-2.0",
        "pretty_name: ELM walkers",
        "tags: [quality-diversity, evolution, code]",
        "task_categories: [text-generation]",
        f"size_categories: ['{size}']",
        "configs:",
        *_config("default", "data", splits),
        *(_config("trajectories", "trajectories", splits) if trajectories else []),
        "---",
    ]
    return "\n".join(lines)


def _config(name: str, folder: str, splits: list[str]) -> list[str]:
    files = [(f"  - split: {split}", f"    path: {folder}/{split}-*.parquet") for split in splits]
    default = ["  default: true"] if name == "default" else []
    return [
        f"- config_name: {name}",
        *default,
        "  data_files:",
        *(line for pair in files for line in pair),
    ]


def _tell_rows(dataset: Dataset, provenance: Provenance) -> str:
    kept = {**provenance.counts, "to learn from": len(dataset.train), "held out": len(dataset.test)}
    return f"## Programs\n\n{_list({name: f'{count:,}' for name, count in kept.items()})}"


def _tell_niches(niches: pd.DataFrame, cells: int) -> str:
    count = (niches["train"] + niches["test"]).to_numpy()
    least, middle, most = np.quantile(count, (0.0, 0.5, 1.0))
    fullest = niches.iloc[np.argsort(-count, kind="stable")[:FULLEST]]
    rows = {
        f"niche {row['cell']}": {
            "train": row["train"],
            "test": row["test"],
            "best [m]": round(row["best"], 1),
            **{f"mean {name}": round(row[name], 1) for name in _MEASURES if name in row},
        }
        for row in fullest.to_dict("records")
    }
    return (
        f"## Niches\n\n{len(niches):,} of {cells:,} are inhabited, by {least:.0f} to {most:.0f} "
        f"programs, {middle:.0f} in the median. `niches.csv` has all of them; the fullest:\n\n"
        f"{_rows(rows)}"
    )


def _list(values: Mapping[str, Any]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in values.items())


def _rows(rows: Mapping[str, Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    table = [
        ["", *columns],
        ["---"] * (len(columns) + 1),
        *([name, *(str(row.get(column, "")) for column in columns)] for name, row in rows.items()),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in table)
