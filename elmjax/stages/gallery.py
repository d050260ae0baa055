"""`elmjax terrains`: the terrains there are, as a list and as a picture."""

from collections.abc import Sequence
from pathlib import Path

from elmjax.config import Config, ConfigError
from elmjax.report.terrain_sheet import TerrainPicture, terrain_sheet
from elmjax.stages.run import check_terrains, generator_of, terrain_lines
from physics.raster import terrain_image
from physics.terrain import describe, parameters_of, terrain_names

VIEW = (-36.0, 36.0, -4.0, 12.0)  # m
PIXELS_PER_METRE = 10


def choose(config: Config, names: Sequence[str]) -> list[str]:
    """The terrains asked for; all named and configured ones where none are.

    Raises:
        ConfigError: for one that cannot be made.
    """
    chosen = list(names) or list(
        dict.fromkeys([*terrain_names(config.physics.dim), *config.terrain])
    )
    check_terrains(config, chosen)
    return chosen


def listing(config: Config, names: Sequence[str]) -> str:
    """Two lines a terrain: its name with parameters and values, and what it is."""
    return "\n".join(f"{_headline(config, name)}\n    {_describe(config, name)}" for name in names)


def draw(config: Config, names: Sequence[str], path: Path) -> None:
    """Writes a contact sheet of terrains, titled with the parameters that are not the default.

    Raises:
        ConfigError: where the file would be no PNG.
    """
    if path.suffix.lower() != ".png":
        raise ConfigError(f"-o: got {str(path)!r}, wanted a file that ends in .png")
    left, right, bottom, top = VIEW
    pictures = [
        TerrainPicture(
            title=_title(config, name),
            image=terrain_image(
                terrain_lines(config, name),
                height=round(PIXELS_PER_METRE * (top - bottom)),
                width=round(PIXELS_PER_METRE * (right - left)),
                view=VIEW,
            ),
        )
        for name in names
    ]
    terrain_sheet(pictures, path, view=VIEW)


def _headline(config: Config, name: str) -> str:
    if name.endswith(".json"):
        return name
    generator, given = generator_of(config, name)
    values = parameters_of(generator) | given
    return "  ".join([_own_name(name, generator), *_settings(values)])


def _describe(config: Config, name: str) -> str:
    if name.endswith(".json"):
        return "A file of polylines."
    return describe(generator_of(config, name)[0])


def _title(config: Config, name: str) -> str:
    if name.endswith(".json"):
        return name
    generator, given = generator_of(config, name)
    defaults = parameters_of(generator)
    changed = {key: value for key, value in given.items() if value != defaults[key]}
    return "  ".join([_own_name(name, generator), *_settings(changed)])


def _own_name(name: str, generator: str) -> str:
    return name if name == generator else f"{name} (like {generator})"


def _settings(values: dict[str, float]) -> list[str]:
    return [
        f"{key}={value if isinstance(value, int) else format(value, 'g')}"
        for key, value in values.items()
    ]
