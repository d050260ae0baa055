"""The folder of a run and what its stages share: configuration, metrics, jail, terrains, models.

RUN/config.toml       the resolved configuration
RUN/lock              which process writes here
RUN/metrics.jsonl     one line of numbers a step
RUN/tensorboard/      the same for TensorBoard, RUN/wandb/ for Weights & Biases, where asked for
RUN/replies.jsonl     what an endpoint answered, where one was asked
RUN/STAGE/            checkpoints, histories, models, pictures and summary.json of a stage
"""

import difflib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import jax
import jax.numpy as jnp

from elmjax import config as configuration
from elmjax import lock, seeds
from elmjax.config import Config, ConfigError
from elmjax.dist import hosts
from elmjax.dist.placement import Placement
from elmjax.endpoint.config import MAY_CHANGE
from elmjax.evaluate import SPATIAL_MEASURES, Evaluator, Perturbed
from elmjax.files import write_whole
from elmjax.lm.hub import fetch, is_hub_name
from elmjax.lm.lora import peft
from elmjax.lm.split import to_read
from elmjax.lm.store import LanguageModel, load
from elmjax.programs import Engine, Limits, open_engine
from elmjax.report.metrics_log import MetricsLog
from elmjax.report.mirror import Mirror, MirrorError
from elmjax.report.progress import Mode, StageProgress, stage_progress
from elmjax.stages.mirrors import mirrors
from elmjax.stages.names import models_folder, shipped_models
from elmjax.stages.neighbours import nearest
from physics.backends.backend import Backend, open_backend
from physics.entry import is_entry
from physics.parameters import unknown
from physics.polylines import Polylines, load_polylines
from physics.robustness import Starts
from physics.terrain import build, make_polylines, terrain_names


@dataclass(frozen=True)
class Run:
    """One run's folder, open for writing, unless it is only read."""

    folder: Path
    config: Config
    metrics: MetricsLog
    read_only: bool = False

    @classmethod
    def open(cls, folder: Path, config: Config) -> "Run":
        """Creates the folder, or continues in it, and keeps other processes out.

        Raises:
            ConfigError: where the folder holds a run of another configuration, or something else.
            FolderInUseError: where another process writes to it.
        """
        open_mesh(config)
        asked: list[Mirror] = []  # on host 0
        hosts.once(lambda: asked.extend(mirrors(folder, config)))  # before anything is written
        hosts.once(lambda: _begin(folder, config))
        written = folder / "config.toml"
        if not written.is_file() or not _may_follow(configuration.load_dumped(written), config):
            raise ConfigError(
                f"--run: this host does not see what host 0 wrote to {folder}, wanted a folder "
                "that all hosts share"
            )
        try:
            metrics = hosts.in_turn(lambda: _metrics(folder, asked))
        except (ConfigError, OSError):
            lock.release(folder)
            raise
        return cls(folder=folder, config=config, metrics=metrics)

    @classmethod
    def read(cls, folder: Path) -> "Run":
        """A run to look at, also while another process writes to it.

        Raises:
            ConfigError: where the folder holds none.
        """
        written = folder / "config.toml"
        if not written.is_file():
            raise ConfigError(
                f"{folder} holds no run; wanted a folder that elmjax has written{nearest(folder)}"
            )
        config = configuration.load_dumped(written)
        return cls(folder, config, _metrics(folder), read_only=True)

    @cached_property
    def placement(self) -> Placement:
        """Where the arrays of its stages lie."""
        if self.read_only:  # perhaps on another machine than it was written on
            return Placement.over(devices=jax.local_devices())
        return open_mesh(self.config)

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
        hosts.once(lambda: write_whole(path, text + "\n"))
        return without_nan(summary)

    def progress(
        self, name: str, total: int, *, completed: int = 0, quiet: bool = False
    ) -> AbstractContextManager[StageProgress]:
        """Shows the progress of a stage, as the configuration says; see `stage_progress`."""
        mode: Mode = "quiet" if quiet else self.config.metrics.progress
        return stage_progress(name, total, completed=completed, mode=mode)

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
        return make_evaluator(self.config, pool, terrains, self.placement.local_devices)


def _begin(folder: Path, config: Config) -> None:
    """Makes the folder a run's, or goes on with the one that it is, and locks it."""
    written = folder / "config.toml"
    # How one command shows its progress is nothing for those after it.
    kept = replace(config, metrics=replace(config.metrics, progress="auto"))
    if written.exists():
        before = configuration.load_dumped(written)
        kept = replace(kept, metrics=before.metrics)
        if not _may_follow(before, config):
            raise ConfigError(
                f"--run: {folder} holds a run of another configuration, wanted the same; "
                "give another folder, or delete this one"
            )
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"--run: {folder} is not empty and holds no run; give another folder")
    else:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(written, configuration.dump(kept))
    lock.hold(folder)
    if kept != configuration.load_dumped(written):
        write_whole(written, configuration.dump(kept))


def _may_follow(before: Config, config: Config) -> bool:
    """Whether a run may go on so: what is told of it, and how an endpoint is asked, may change."""
    patience = {name: getattr(config.evolve.endpoint, name) for name in MAY_CHANGE}
    endpoint = replace(before.evolve.endpoint, **patience)
    evolve = replace(before.evolve, endpoint=endpoint)
    return replace(before, evolve=evolve, metrics=config.metrics) == config


def _metrics(folder: Path, mirrors: Sequence[Mirror] = ()) -> MetricsLog:
    try:
        return MetricsLog(folder / "metrics.jsonl", mirrors=mirrors, writes=hosts.is_writer())
    except ValueError as error:
        raise ConfigError(f"{error}; delete the line, or give another folder") from None
    except MirrorError as error:
        raise ConfigError(str(error)) from None


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


def make_evaluator(
    config: Config,
    pool: Engine,
    terrains: Iterable[str],
    devices: Sequence[jax.Device] | None = None,
) -> Evaluator:
    """Judges programs in the configured world, on terrains by name or file; see `evaluator_on`."""
    lines = {name: terrain_lines(config, name) for name in terrains}
    return evaluator_on(config, pool, lines, devices)


def evaluator_on(
    config: Config,
    pool: Engine,
    terrains: Mapping[str, Polylines],
    devices: Sequence[jax.Device] | None = None,
) -> Evaluator:
    """Judges programs in the configured world, on any terrains.

    Args:
        config: Of the world and its limits.
        pool: Runs programs.
        terrains: Polylines by name.
        devices: Where walks run; None: all of this process.
    """
    return Evaluator(
        pool,
        terrains,
        world=config.world,
        seconds=config.seconds,
        remembered=config.programs.remembered,
        perturbed=_perturbed(config),
        scale=config.grid.scale,
        measures=SPATIAL_MEASURES[: len(config.grid.lower)],
        backend=config.physics.backend,
        devices=devices,
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

    `[terrain.NAME]` with `like`, a named terrain or `module:function`, defines a terrain NAME;
    without, it sets those of a named one.

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
    if like not in named and not is_entry(str(like)):
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


def open_mesh(config: Config) -> Placement:
    """The devices of all hosts, laid out as configured; the first call joins these.

    Raises:
        ConfigError: where there are not as many.
    """
    mesh = config.mesh
    try:
        hosts.join(mesh.hosts)
        return Placement.over(data=mesh.data, fsdp=mesh.fsdp, tensor=mesh.tensor)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def language_model(name: str, placement: Placement | None = None) -> LanguageModel:
    """A language model by its name or from a folder (`model_folder`); adapters are merged into it.

    Args:
        name: Of the model.
        placement: Whose devices sample from it; None: the default device.

    Raises:
        ConfigError: where there is none.
    """
    folder = model_folder(name)
    try:
        if not peft.is_adapter(folder):
            return load(folder, placement=placement)
        beside = load(model_folder(peft.base_of(folder)))
        model = peft.load_adapters(folder, beside).merged()
        if placement is not None:
            return replace(model, params=to_read(placement, model.config, model.params))
    except ConfigError:
        raise
    except (ValueError, OSError) as error:
        raise ConfigError(f"model {name}: {error}") from None
    return replace(model, params=jax.tree.map(jnp.asarray, model.params))


def model_folder(name: str) -> Path:
    """Where a language model stands: one that ships, a folder, or fetched by its name on the hub.

    Raises:
        ConfigError: where there is no such model.
    """
    if (folder := local_folder(name)) is not None:
        return folder
    close = difflib.get_close_matches(name, shipped_models(), n=1)
    hint = f" (nearest: {close[0]})" if close else ""
    names = ", ".join(shipped_models())
    if not is_hub_name(name):
        raise ConfigError(
            f"model: got {name!r}, wanted a folder, owner/name or one of {names}{hint}"
        )
    try:
        return fetch(name)
    except OSError as error:
        raise ConfigError(f"model: no folder is called {name!r}, and {error}") from None


def local_folder(name: str) -> Path | None:
    """The folder of a shipped model or of a path; None where there is none."""
    return next((path for path in (models_folder() / name, Path(name)) if path.is_dir()), None)
