"""The dataset of stage 2, from the histories of finished runs (paper, section 6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from elmjax import seeds
from elmjax.config import Config, ConfigError
from elmjax.dataset import (
    Dataset,
    Provenance,
    above_threshold,
    admitted_programs,
    edit_trajectories,
    program_trajectories,
    split,
    without_duplicates,
    without_seeds,
    write_card,
    write_dataset,
)
from elmjax.dataset.card import niche_counts
from elmjax.dataset.folder import read_split
from elmjax.executions import Executions
from elmjax.stages.histories import Source, find_sources
from elmjax.stages.niches import make_grid
from elmjax.stages.run import open_pool


@dataclass(frozen=True, kw_only=True)
class Collection:
    """A dataset with where it came from."""

    dataset: Dataset
    provenance: Provenance
    sources: Sequence[Source]


def collect(config: Config, folders: Sequence[Path]) -> Collection:
    """Gathers, selects and splits what runs admitted, as the section `finetune` says.

    Args:
        config: its `finetune`, and the seed of the split.
        folders: of runs.

    Raises:
        ConfigError: a folder holds no finished stage 1, runs do not compare, or too little is left.
    """
    rules = config.finetune
    sources = find_sources(folders, rules.operators)
    histories = {source.name: source.admissions() for source in sources}
    pairs = [(source, histories[source.name]) for source in sources]
    admitted = admitted_programs(
        histories,
        seeds={source.name: source.seeds(history) for source, history in pairs},
        ids=None
        if rules.programs == "admitted"
        else {source.name: source.elites(history) for source, history in pairs},
    )
    counts = {_FIRST[rules.programs]: len(admitted)}
    of_seeds = without_seeds(admitted, rules.exclude_seeds)
    counts["of the seed programs that count"] = len(of_seeds)
    kept = above_threshold(of_seeds, rules.threshold)
    counts[f"at least {rules.threshold:.0%} of the best of their niche"] = len(kept)
    kept = _distinct(sources[0].config, kept, rules.duplicates)
    counts[_DISTINCT[rules.duplicates]] = len(kept)
    rng = np.random.default_rng(seeds.derive(config.seed, "finetune/split"))
    try:
        dataset = split(kept, rules.test_share, rng, rules.split)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    provenance = Provenance(
        runs={source.name: source.tell(history) for source, history in pairs},
        rules=_tell(config),
        niches=make_grid(sources[0].config).cells,
        counts=counts,
    )
    return Collection(dataset=dataset, provenance=provenance, sources=sources)


def write(collection: Collection, folder: Path, *, trajectories: bool = False) -> None:
    """Writes a dataset with its card, and what others can train on where that is asked for."""
    dataset = collection.dataset
    tables = {"data/train": dataset.train, "data/test": dataset.test}
    if trajectories:
        tables["trajectories/train"] = _trajectories(collection)
        tables["trajectories/test"] = program_trajectories(dataset.test)
    card = write_card(dataset, collection.provenance, trajectories=trajectories)
    write_dataset(folder, card, tables, niche_counts(dataset))


def read(folder: Path) -> Dataset:
    """Reads a dataset that `write` wrote.

    Raises:
        FileNotFoundError: there is none.
    """
    return Dataset(train=read_split(folder, "train"), test=read_split(folder, "test"))


_FIRST = {"admitted": "ever admitted", "final": "elites of the final archives"}
_DISTINCT = {"keep": "duplicates kept", "text": "different texts", "body": "different bodies"}


def _distinct(config: Config, programs: pd.DataFrame, by: str) -> pd.DataFrame:
    if by == "keep":
        return programs
    texts = without_duplicates(programs, "program")
    if by == "text":
        return texts
    return without_duplicates(texts.assign(body=_digests(config, texts["program"])), "body")


def _digests(config: Config, programs: pd.Series) -> list[str]:
    """What tells bodies apart; programs that build none this time are told apart by their text."""
    with open_pool(config, config.evolve.max_characters) as pool:
        executions = Executions(pool, remembered=0).run(programs.tolist())
    return [
        program if execution.body is None else execution.body.digest()
        for program, execution in zip(programs, executions, strict=True)
    ]


def _trajectories(collection: Collection) -> pd.DataFrame:
    """Whole programs that are learned, and the edits that diff models wrote in these runs.

    Edits of a held-out program, and those that give one, are left out.
    """
    held_out = set(collection.dataset.test["program"])
    parts = [program_trajectories(collection.dataset.train)]
    for source in collection.sources:
        if source.config.evolve.format != "numbered":
            continue
        history = source.history()
        edits = edit_trajectories(source.name, history)
        known = set(history.loc[history["program"].isin(held_out), "id"])
        touched = history.loc[history["id"].isin(known) | history["parent"].isin(known), "id"]
        parts.append(edits[~edits["id"].isin(touched)])
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _tell(config: Config) -> dict[str, Any]:
    rules = config.finetune
    excluded = ", ".join(rules.exclude_seeds) or "none"
    families = "families of programs that differ in numbers only"
    by = families if rules.split == "family" else "text"
    return {
        "programs": _FIRST[rules.programs],
        "threshold": f"{rules.threshold:.0%} of the best of the niche over all runs",
        "left out": f"descendants of {excluded}, where others remain",
        "duplicates": _DISTINCT[rules.duplicates],
        "held out": f"{rules.test_share:.0%}, by {by}",
        "seed of the split": config.seed,
    }
