"""`elmjax render`: a walker, or the best of an archive, as a picture or a film."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from elmjax.config import Config, ConfigError
from elmjax.qd import Archive, Grid
from elmjax.report.animation import NoEncoderError, animate_walk
from elmjax.report.drawing import Walk, contact_sheet, draw_walk
from elmjax.report.projection import in_picture
from elmjax.stages.evolve import open_found, stage_name
from elmjax.stages.run import Run, check_terrains, open_pool, terrain_lines
from physics.body import Body
from physics.polylines import Polylines
from physics.simulate import trajectory
from physics.terrain import build
from physics.types import FORWARD, UP

STILL, MOVING = (".png", ".svg"), (".gif", ".mp4")
FRAMES_PER_SECOND = 20


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Programs to draw, and the world they walk in."""

    programs: Sequence[str]
    names: Sequence[str]
    terrain: str  # where they were judged
    config: Config


def render(source: str, path: Path, config: Config, *, terrain: str | None, count: int) -> None:
    """Draws one walker, or a sheet of the best of an archive.

    Args:
        source: A program's file, `RUN#NICHE`, or the folder of a run; see `find`.
        path: What to write: .png or .svg, or .gif or .mp4 for one walker.
        config: Of the world a program's file walks in; a run has its own.
        terrain: Where to walk; None: flat for a file, the run's own otherwise.
        count: Of walkers on a sheet.

    Raises:
        ConfigError: The source, the terrain or the name of the file makes no picture.
    """
    if path.suffix.lower() not in (*STILL, *MOVING):
        raise ConfigError(f"-o: got {str(path)!r}, wanted a file in {', '.join(STILL + MOVING)}")
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"-o: {path.parent} is no folder; create it, or give another file")
    shown = find(source, config, count)
    place = terrain or shown.terrain
    check_terrains(shown.config, [place])
    walks, rate = _walks(shown, place)
    if path.suffix.lower() in STILL:
        draw_walk(walks[0], path) if len(walks) == 1 else contact_sheet(walks, path)
    elif len(walks) > 1:
        raise ConfigError(f"-o: {path.suffix} shows one walker; wanted a .png, or RUN#best")
    else:
        try:
            animate_walk(walks[0], path, frames_per_second=rate)
        except NoEncoderError as error:
            raise ConfigError(f"-o: {error}") from None


def find(source: str, config: Config, count: int) -> Shown:
    """What a source names.

    Args:
        source: A file with a program; or `RUN#NICHE`, where NICHE is `best`, the number of a cell
            or its bins (`3,4,5`), with `OPERATOR:` before it where the run has several; or RUN, or
            `RUN#OPERATOR:`, for the best of an archive.
        config: Of a program's file.
        count: How many are the best.

    Raises:
        ConfigError: There is no such thing.
    """
    name, marked, niche = source.partition("#")
    folder = Path(name)
    if not (folder / "config.toml").is_file():
        if marked and not Path(source).is_file():
            Run.read(folder)  # says that it is none, and which are near
        return Shown(
            programs=[_read(Path(source))],
            names=[Path(source).name],
            terrain="flat",
            config=config,
        )
    operator, _, place = niche.rpartition(":") if ":" in niche else ("", "", niche)
    run = Run.read(folder)
    own, found = run.config, open_found(run, _operator(run, operator))
    cells = _cells(found.archive, place, count)
    return Shown(
        programs=[found.history.program(int(found.archive.elite[cell])) for cell in cells],
        names=[f"niche {cell}" for cell in cells],
        terrain=own.evolve.terrain,
        config=own,
    )


def _operator(run: Run, asked: str) -> str:
    """The one asked for, or the first whose archive is finished."""
    operators = run.config.evolve.operators
    finished = [name for name in operators if run.summary(stage_name(name)) is not None]
    if not finished:
        raise ConfigError(f"SOURCE: no stage 1 of {run.folder} is finished; run it to its end")
    if asked and asked not in finished:
        raise ConfigError(
            f"SOURCE: got the operator {asked!r}, wanted one of {', '.join(finished)}"
        )
    return asked or finished[0]


def _cells(archive: Archive, place: str, count: int) -> list[int]:
    """Inhabited cells that a place names: the best few, the best, or one."""
    inhabited = np.flatnonzero(archive.occupied)
    if len(inhabited) == 0:
        raise ConfigError("SOURCE: the archive is empty; there is nothing to draw")
    if place in ("", "best"):
        order = np.argsort(-archive.objective[inhabited], kind="stable")
        return inhabited[order[: 1 if place else count]].tolist()
    cell = _cell(archive, place)
    if not archive.occupied[cell]:
        raise ConfigError(
            f"SOURCE: niche {place} is empty; {len(inhabited)} are inhabited, such as "
            f"{int(inhabited[0])}"
        )
    return [cell]


def _cell(archive: Archive, place: str) -> int:
    grid = archive.grid
    try:
        numbers = [int(part) for part in place.split(",")]
        if len(numbers) == 1 and 0 <= numbers[0] < grid.cells:
            return numbers[0]
        if isinstance(grid, Grid):
            return int(np.ravel_multi_index(tuple(numbers), grid.bins))
    except ValueError:
        pass
    bins = f", or bins below {','.join(map(str, grid.bins))}" if isinstance(grid, Grid) else ""
    raise ConfigError(
        f"SOURCE: got the niche {place!r}, wanted best, a number from 0 to {grid.cells - 1}{bins}"
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"SOURCE: cannot read {path}: {error}") from None


def _walks(shown: Shown, terrain: str) -> tuple[list[Walk], int]:
    """Walks with the rate of their frames; a lone program that builds nothing is an error."""
    config = shown.config
    lines = terrain_lines(config, terrain)
    with open_pool(config) as pool:
        executions = pool.run(shown.programs)
    steps = config.world.substeps_per_second
    rate = next(rate for rate in range(FRAMES_PER_SECOND, 0, -1) if steps % rate == 0)
    walks = [
        _walk(execution.body, name, config, lines, rate)
        for execution, name in zip(executions, shown.names, strict=True)
        if execution.body is not None
    ]
    if not walks:
        raise ConfigError(f"SOURCE: {shown.names[0]} builds no walker: {executions[0].reason}")
    return walks, rate


def _walk(body: Body, name: str, config: Config, lines: Polylines, rate: int) -> Walk:
    """One walk, under its name and the distance that the centre of mass covers."""
    positions = trajectory(
        body,
        build(lines),
        world=config.world,
        seconds=config.seconds,
        backend=config.physics.backend,
        frames_per_second=rate,
    )
    moved = (positions[-1] - positions[0]).mean(axis=0, dtype=np.float64)
    level = moved[[FORWARD]] if config.physics.distance == "forward" else np.delete(moved, UP)
    title = f"{name}: {np.linalg.norm(level):.1f} m"
    return Walk(body=body, terrain=lines, trajectory=in_picture(positions), title=title)
