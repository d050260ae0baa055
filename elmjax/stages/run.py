"""The folder of a run and what its stages share: configuration, metrics, jail, terrains, models.

RUN/config.toml       the resolved configuration
RUN/lock              which process writes here
RUN/metrics.jsonl     one line of numbers a step
RUN/STAGE/            checkpoints, histories, models, pictures and summary.json of a stage
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from elmjax import config as configuration
from elmjax import lock, seeds
from elmjax.config import Config, ConfigError
from elmjax.evaluate import SPATIAL_MEASURES, Evaluator, Perturbed
from elmjax.files import write_whole
from elmjax.lm.store import LanguageModel, load
from elmjax.programs import Engine, Limits, open_engine
from elmjax.report.metrics_log import MetricsLog
from physics.backends.backend import Backend, open_backend
from physics.parameters import unknown
from physics.polylines import Polylines, load_polylines
from physics.robustness import Starts
from physics.terrain import build, make_polylines, terrain_names


@dataclass(frozen=True)
class Run:
    """One run's folder, open for writing."""

    folder: Path
    config: Config
    metrics: MetricsLog

    @classmethod
    def open(cls, folder: Path, config: Config) -> "Run":
        """Creates the folder, or continues in it, and keeps other processes out.

        Raises:
            ConfigError: where the folder holds a run of another configuration, or something else.
            FolderInUseError: where another process writes to it.
        """
        written = folder / "config.toml"
        if written.exists():
            if configuration.load_dumped(written) != config:
                raise ConfigError(
                    f"--run: {folder} holds a run of another configuration, wanted the same; "
                    "give another folder, or delete this one"
                )
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ConfigError(f"--run: {folder} is not empty and holds no run; give another folder")
        else:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(written, configuration.dump(config))
        lock.hold(folder)
        return cls(folder=folder, config=config, metrics=_metrics(folder))

    @classmethod
    def read(cls, folder: Path) -> "Run":
        """A run to look at, also while another process writes to it.

        Raises:
            ConfigError: where the folder holds none.
        """
        written = folder / "config.toml"
        if not written.is_file():
            raise ConfigError(f"{folder} holds no run; wanted a folder that elmjax has written")
        return cls(folder, configuration.load_dumped(written), _metrics(folder))

    def seed(self, stage: str, *counters: int) -> int:
        """A 63-bit seed for a stage and a step of it: counted, so that resuming needs no state."""
        return seeds.derive(self.config.seed, stage, *counters)

    def summary(self, stage: str) -> dict[str, Any] | None:
        """What a finished stage reached; None while it is not finished."""
        path = self.folder / stage / "summary.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    def finish(self, stage: str, summary: dict[str, Any]) -> dict[str, Any]:
        """Writes what a stage reached, which marks it finished."""
        path = self.folder / stage / "summary.json"
        text = json.dumps(without_nan(summary), indent=2, allow_nan=False)
        write_whole(path, text + "\n")
        return without_nan(summary)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.metrics.close()
        lock.release(self.folder)

    def pool(self, max_characters: int | None = None) -> Engine:
        """What runs programs, with this run's limits and perhaps a tighter one on the text."""
        return open_pool(self.config, max_characters)

    def evaluator(self, pool: Engine, terrains: Iterable[str]) -> Evaluator:
        """Judges programs on some terrains by name."""
        return make_evaluator(self.config, pool, terrains)


def _metrics(folder: Path) -> MetricsLog:
    try:
        return MetricsLog(folder / "metrics.jsonl")
    except ValueError as error:
        raise ConfigError(f"{error}; delete the line, or give another folder") from None


def without_nan(value: Any) -> Any:
    """JSON has no NaN: None in its place."""
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def open_pool(config: Config, max_characters: int | None = None) -> Engine:
    """What runs programs, with the configured limits."""
    limits = Limits(
        seconds=config.programs.time_limit,
        uninterruptible_seconds=2 * config.programs.time_limit,
        memory_mebibytes=config.programs.memory_limit,
        source_bytes=max_characters or config.programs.max_characters,
        dim=config.physics.dim,
    )
    return open_engine(config.programs.engine, workers=config.programs.workers, limits=limits)


def make_evaluator(config: Config, pool: Engine, terrains: Iterable[str]) -> Evaluator:
    """Judges programs in the configured world, on terrains by name or file."""
    return Evaluator(
        pool,
        {name: terrain_lines(config, name) for name in terrains},
        world=config.world,
        seconds=config.seconds,
        remembered=config.programs.remembered,
        perturbed=_perturbed(config),
        scale=config.grid.scale,
        measures=SPATIAL_MEASURES[: len(config.grid.lower)],
        backend=config.physics.backend,
        distance=config.physics.distance,
    )


def _perturbed(config: Config) -> Perturbed | None:
    robust = config.robust
    if robust.starts == 0:
        return None
    return Perturbed(starts=Starts(count=robust.starts, jitter=robust.jitter), score=robust.score)


def terrain_lines(config: Config, name: str) -> Polylines:
    """A terrain by name, with the configured parameters, or from a JSON file of polylines.

    Raises:
        ValueError: for an unknown name or parameter, or a file that does not describe a terrain.
    """
    if name.endswith(".json"):
        if name in config.terrain:
            raise ValueError("got parameters for a file of polylines, wanted none")
        return load_polylines(Path(name))
    generator, parameters = generator_of(config, name)
    return make_polylines(generator, **parameters)


def generator_of(config: Config, name: str) -> tuple[str, dict[str, float]]:
    """The named terrain that a name stands for, and the parameters configured for it.

    `[terrain.NAME]` with `like` defines a terrain NAME; without, it sets those of a named one.

    Raises:
        ValueError: for a name that is neither named nor defined, or both.
    """
    named, given = terrain_names(config.physics.dim), config.terrain.get(name, {})
    parameters = {key: value for key, value in given.items() if not isinstance(value, str)}
    like = given.get("like")
    if like is None:
        if name not in named:
            defined = [own for own, values in config.terrain.items() if "like" in values]
            raise ValueError(unknown("terrain", name, [*named, *defined]))
        return name, parameters
    if name in named:
        raise ValueError(f"like: got {like!r} for a terrain that has this name; wanted a new name")
    if like not in named:
        raise ValueError(f"like: {unknown('terrain', str(like), named)}")
    return str(like), parameters


def check_terrains(config: Config, names: Iterable[str]) -> None:
    """Fails early on terrains that cannot be made.

    Raises:
        ConfigError: naming the terrain or parameter.
    """
    for name in [*names, *config.terrain]:
        try:
            build(terrain_lines(config, name))
        except (TypeError, ValueError, OSError) as error:
            raise ConfigError(f"terrain {name}: {error}") from None


def open_physics(config: Config) -> Backend:
    """What will simulate walks.

    Raises:
        ConfigError: where the configured backend cannot run here.
    """
    try:
        return open_backend(config.physics.backend, dim=config.physics.dim)
    except ValueError as error:
        raise ConfigError(f"physics.{error}") from None


def language_model(name: str) -> LanguageModel:
    """A language model by the name of one that ships with the package, or from a folder.

    Raises:
        ConfigError: where there is none.
    """
    try:
        return load(model_folder(name))
    except (ValueError, OSError) as error:
        raise ConfigError(f"model {name}: {error}") from None


def model_folder(name: str) -> Path:
    """Where a language model stands.

    Raises:
        ConfigError: where there is no such model.
    """
    shipped = Path(str(resources.files("elmjax"))) / "models"
    folder = shipped / name if (shipped / name).is_dir() else Path(name)
    if not folder.is_dir():
        names = ", ".join(sorted(path.name for path in shipped.glob("*") if path.is_dir()))
        raise ConfigError(f"model: got {name!r}, wanted a folder or one of {names}")
    return folder
