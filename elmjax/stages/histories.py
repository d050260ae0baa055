"""The histories of finished runs of stage 1, as sources of the stage 2 dataset."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from elmjax import config as configuration
from elmjax.config import Config, ConfigError
from elmjax.dataset import COLUMNS, SPATIAL_COLUMNS
from elmjax.qd import History
from elmjax.qd.history import NO_PARENT
from elmjax.stages import operator_tuning
from elmjax.stages.evolve import stage_name
from elmjax.stages.neighbours import nearest

# What must agree, or niches and fitness would not compare.
_SHARED = ("seconds", "world", "robust", "grid")


@dataclass(frozen=True, kw_only=True)
class Source:
    """One operator's search in one run."""

    name: str  # of run and operator, unlike those of other sources
    folder: Path  # of the search
    operator: str
    config: Config  # of the run

    def history(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """All rows, or some columns of them.

        Raises:
            HistoryError: a part is damaged or missing.
        """
        return History.open(self.folder / "history").frame(columns)

    def admissions(self) -> pd.DataFrame:
        """The columns that `admitted_programs` reads."""
        history = History.open(self.folder / "history")
        deep = [name for name in SPATIAL_COLUMNS if name in history.schema.names]
        return history.frame([*COLUMNS, *deep, "parent", "admitted", "step"])

    def seeds(self, history: pd.DataFrame) -> dict[int, str]:
        """Names of the seed programs by id: the programs without parent, as configured."""
        roots = history.loc[history["parent"] == NO_PARENT, "id"].tolist()
        names = [Path(name).stem for name in self.config.evolve.seed_programs]
        return dict(zip(roots, names, strict=False))

    def elites(self, history: pd.DataFrame) -> list[int]:
        """Ids of the elites of the final archive."""
        admitted = history[history["admitted"] & (history["cell"] >= 0)]
        if self.config.evolve.admission == "sequential":
            return admitted.groupby("cell")["id"].last().tolist()
        # Of those that one iteration admitted at once, the best stayed.
        last = admitted[admitted["step"] == admitted.groupby("cell")["step"].transform("max")]
        return last.loc[last.groupby("cell")["fitness"].idxmax(), "id"].tolist()

    def tell(self, history: pd.DataFrame) -> dict[str, Any]:
        """For a card."""
        search = self.config.evolve
        return {
            "operator": self.operator,
            "seed programs": ", ".join(Path(name).stem for name in search.seed_programs),
            "terrain": Path(search.terrain).stem,
            "evaluations": f"{len(history):,}",
            "admitted": f"{int(history['admitted'].sum()):,}",
            "seed": self.config.seed,
        }


def find_sources(folders: Sequence[Path], operators: Sequence[str] = ()) -> list[Source]:
    """The searches of some runs, in order.

    Args:
        folders: Of runs.
        operators: Whose searches; none: the fine-tuned operator's where a run has one, else all.

    Raises:
        ConfigError: a folder holds no finished stage 1, or the runs do not compare.
    """
    sources: list[Source] = []
    for folder in dict.fromkeys(path.resolve() for path in folders):
        taken = {source.name for source in sources}
        sources += _of_run(folder, operators, taken)
    if sources:
        check_alike(sources, sources[0].config, sources[0].name)
    return sources


def check_alike(sources: Sequence[Source], config: Config, name: str) -> None:
    """Refuses searches whose niches and fitness mean something else than in a configuration.

    Args:
        sources: What is to be compared.
        config: With this.
        name: Whose it is, for the message.

    Raises:
        ConfigError: naming the section that differs.
    """
    for source in sources:
        for section, wanted in _meaning(config).items():
            if _meaning(source.config)[section] != wanted:
                raise ConfigError(
                    f"--run: {source.name} has another {section} than {name}, wanted the same: "
                    "niches and fitness would not compare"
                )


def _meaning(config: Config) -> dict[str, Any]:
    """What niches and fitness depend on."""
    terrain = config.evolve.terrain
    return {
        **{section: getattr(config, section) for section in _SHARED},
        "physics.dim": config.physics.dim,
        "physics.distance": config.physics.distance,
        "evolve.terrain": (terrain, config.terrain.get(terrain)),
    }


def has_stage_1(folder: Path) -> bool:
    """Whether a run's folder holds a search, finished or not."""
    return any(folder.glob(f"{stage_name('*')}/history"))


def _of_run(folder: Path, operators: Sequence[str], taken: set[str]) -> list[Source]:
    written = folder / "config.toml"
    if not written.is_file():
        raise ConfigError(
            f"--run: {folder} holds no run, wanted one with a finished stage 1{nearest(folder)}"
        )
    try:
        config = configuration.load_dumped(written)
    except ConfigError as error:
        raise ConfigError(f"--run: {written} is not of this version of elmjax: {error}") from None
    chosen = [name for name in config.evolve.operators if not operators or name in operators]
    if not operators and operator_tuning.is_tuned(config):
        chosen = [operator_tuning.OPERATOR]
    if not chosen:
        raise ConfigError(
            f"finetune.operators: got {', '.join(operators)}, wanted one of those that {folder} "
            f"ran: {', '.join(config.evolve.operators)}"
        )
    stages = [stage_name(operator) for operator in chosen]
    unfinished = [stage for stage in stages if not (folder / stage / "summary.json").is_file()]
    if unfinished:
        raise ConfigError(
            f"--run: {folder} has no finished {', '.join(unfinished)}, wanted stage 1 of all "
            "of evolve.operators; run elmjax evolve first"
        )
    name, number = folder.name, 2
    while any(f"{name}/{operator}" in taken for operator in chosen):
        name, number = f"{folder.name}-{number}", number + 1
    return [
        Source(name=f"{name}/{operator}", folder=folder / stage, operator=operator, config=config)
        for operator, stage in zip(chosen, stages, strict=True)
    ]
