"""Pictures of a run, as PNG files in its folder `pictures`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from elmjax.report.curves import evolution_curves, reward_curves, training_curve
from elmjax.report.drawing import Walk, contact_sheet
from elmjax.report.heat_map import archive_heat_map
from elmjax.report.projection import in_picture
from elmjax.stages import conditional
from elmjax.stages.admission import Found
from elmjax.stages.evolve import stage_name
from elmjax.stages.run import Run, open_pool, terrain_lines
from physics.simulate import trajectory
from physics.terrain import build

BEST_SHOWN = 6  # elites of an archive that are drawn


def of_evolution(run: Run, found_by: Mapping[str, Found]) -> None:
    """Archive heat maps, the best walkers and curves of all operators side by side."""
    folder = _folder(run)
    numbers = []
    for operator, found in found_by.items():
        archive_heat_map(
            found.archive, folder / f"archive-{operator}.png", title=f"Archive of {operator}"
        )
        order = found.archive.objective.argsort()  # NaN, where empty, goes last
        best = [i for i in order[::-1] if found.archive.elite[i] >= 0][:BEST_SHOWN]
        programs = [found.history.program(int(found.archive.elite[i])) for i in best]
        titles = [f"{found.archive.objective[i]:.1f} m" for i in best]
        terrains = [run.config.evolve.terrain] * len(best)
        _draw(run, programs, terrains, titles, folder / f"best-{operator}.png")
        numbers.append(run.metrics.read(stage_name(operator)).assign(operator=operator))
    evolution_curves(pd.concat(numbers, ignore_index=True), folder / "evolution.png")


def of_training(run: Run, stage: str, title: str) -> None:
    """The loss over steps."""
    training_curve(run.metrics.read(stage), _folder(run) / f"{stage}.png", title=title)


def of_rewards(run: Run) -> None:
    """Mean reward per terrain over iterations, and each terrain's best sampled walker."""
    folder, config = _folder(run), run.config.conditional
    reward_curves(_by_terrain(run), folder / "rewards.png")
    samples = pd.read_parquet(run.folder / conditional.STAGE / "samples.parquet")
    after = samples[(samples["time"] == "after") & (samples["outcome"] == "ok")]
    best = after.sort_values("reward").groupby("terrain").tail(1)
    champions = {
        terrain: (program, reward)
        for terrain, program, reward in zip(
            best["terrain"], best["program"], best["reward"], strict=True
        )
    }
    shown = [terrain for terrain in config.terrains if terrain in champions]
    if shown:
        _draw(
            run,
            [champions[terrain][0] for terrain in shown],
            shown,
            [f"{terrain}: {champions[terrain][1]:.1f} m" for terrain in shown],
            folder / "champions.png",
        )


def _by_terrain(run: Run) -> pd.DataFrame:
    """The metrics log's columns of every terrain as rows."""
    numbers = run.metrics.read(conditional.STAGE)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "step": numbers["step"],
                    "terrain": terrain,
                    "mean": numbers[f"reward_{terrain}"],
                    "low": numbers[f"reward_{terrain}_low"],
                    "high": numbers[f"reward_{terrain}_high"],
                }
            )
            for terrain in run.config.conditional.terrains
        ],
        ignore_index=True,
    )


def _draw(
    run: Run, programs: Sequence[str], terrains: Sequence[str], titles: Sequence[str], path: Path
) -> None:
    """A contact sheet of programs walking on terrains."""
    config = run.config
    with open_pool(config) as pool:
        bodies = [execution.body for execution in pool.run(programs)]
    walks = []
    for body, name, title in zip(bodies, terrains, titles, strict=True):
        if body is None:  # it walked when it was evaluated; a busy machine may time it out now
            continue
        lines = terrain_lines(config, name)
        steps = trajectory(
            body,
            build(lines),
            world=config.world,
            seconds=config.seconds,
            backend=config.physics.backend,
            frames_per_second=_frame_rate(config.world.substeps_per_second),
        )
        path_seen = in_picture(steps)
        walks.append(Walk(body=body, terrain=lines, trajectory=path_seen, title=title))
    if walks:
        contact_sheet(walks, path)


def _frame_rate(substeps_per_second: int) -> int:
    """The largest number of frames a second, up to 30, that falls on whole time steps."""
    return next(rate for rate in range(30, 0, -1) if substeps_per_second % rate == 0)


def _folder(run: Run) -> Path:
    folder = run.folder / "pictures"
    folder.mkdir(exist_ok=True)
    return folder
