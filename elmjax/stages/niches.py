"""The niches of a run, and the archive over them, as configured."""

from typing import Any

from elmjax.config import Config, ConfigError
from elmjax.evaluate import MEASURES, SPATIAL_MEASURES, is_in_metres
from elmjax.qd import Archive, Cells, Grid, Rule, Tessellation


def measure_names(config: Config) -> tuple[str, ...]:
    """What the niches are of: height, width and mass, and depth where a fourth range is given.

    Raises:
        ConfigError: where depth is asked for in two dimensions.
    """
    if len(config.grid.lower) == len(MEASURES):
        return MEASURES
    if config.physics.dim == 2:
        raise ConfigError(
            f"grid.lower: got {list(config.grid.lower)}, of which the fourth is of depth; wanted "
            "three numbers, or physics.dim = 3"
        )
    return SPATIAL_MEASURES


def make_grid(config: Config) -> Cells:
    """The cells over height, width, mass and perhaps depth: bins, or around centroids.

    Raises:
        ConfigError: where the bounds, bins and centroids make none.
    """
    grid, names = config.grid, measure_names(config)
    units = ["" if name == "mass" or not is_in_metres(grid.scale) else "m" for name in names]
    box: dict[str, Any] = {"lower": grid.lower, "upper": grid.upper, "names": names}
    box["units"] = tuple(units)
    try:
        if grid.centroids == 0:
            return Grid(bins=grid.bins, **box)
        return Tessellation.centroidal(grid.centroids, seed=grid.centroid_seed, **box)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def make_archive(config: Config) -> Archive:
    """An empty archive with the configured rule of admission.

    Raises:
        ConfigError: as `make_grid`.
    """
    rule = Rule(order=config.evolve.admission, parsimony=config.evolve.parsimony)
    return Archive(make_grid(config), rule)
