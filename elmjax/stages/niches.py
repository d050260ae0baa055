"""The niches of a run, and the archive over them, as configured."""

from typing import Any

from elmjax.config import Config, ConfigError
from elmjax.evaluate import METRES
from elmjax.qd import Archive, Cells, Grid, Rule, Tessellation


def make_grid(config: Config) -> Cells:
    """The cells over height, width and mass: bins, or around centroids.

    Raises:
        ConfigError: where the bounds, bins and centroids make none.
    """
    grid = config.grid
    box: dict[str, Any] = {"lower": grid.lower, "upper": grid.upper}
    if grid.scale != METRES:
        box["units"] = ("", "", "")
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
