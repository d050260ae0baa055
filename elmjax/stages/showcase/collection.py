"""What the page shows of a run: archives, learning, inventions, configuration."""

import platform
from pathlib import Path
from typing import Any

import jax

from elmjax import __version__
from elmjax import config as configuration
from elmjax.config import ConfigError
from elmjax.report.page import floor_and_ceilings, palettes, write_page
from elmjax.stages.run import Run, terrain_lines, without_nan
from elmjax.stages.showcase import inventions, learning, maps
from elmjax.stages.showcase.walks import Stage
from physics.terrain import terrain_names


def write(folder: Path, path: Path) -> int:
    """Writes the page of a run.

    Args:
        folder: Of the run, of which any stage is finished.
        path: The HTML file.

    Returns:
        Size of the file, bytes.

    Raises:
        ConfigError: The folder holds no run, or none of its stages is finished.
    """
    return write_page(path, without_nan(_collect(Run.read(folder))))


def _collect(run: Run) -> dict[str, Any]:
    """Plain data; what it holds is said where it is made."""
    shown = [
        *terrain_names(run.config.physics.dim),
        *run.config.terrain,
        run.config.evolve.terrain,
        *run.config.conditional.terrains,
    ]
    terrains = {name: terrain_lines(run.config, name) for name in dict.fromkeys(shown)}
    with run.pool() as pool:
        stage = Stage(run=run, terrains=terrains, pool=pool)
        content = {
            "archives": maps.collect(stage),
            "learning": learning.collect(run),
            "inventions": inventions.collect(stage),
        }
    if not any(content.values()):
        raise ConfigError(
            f"RUN: no stage of {run.folder} is finished; wanted one: give the run's command again, "
            "it goes on from its last checkpoint"
        )
    return {
        "title": f"elmjax: {run.folder.resolve().name}",
        **content,
        "terrains": {name: floor_and_ceilings(lines) for name, lines in terrains.items()},
        "seconds": run.config.seconds,
        "joint_radius": run.config.world.joint_radius,
        "palettes": palettes(),
        "configuration": configuration.dump(run.config),
        "versions": {
            "elmjax": __version__,
            "jax": jax.__version__,
            "Python": platform.python_version(),
        },
    }
