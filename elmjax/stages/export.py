"""`elmjax export`: what a program builds, as a file for other programs."""

from pathlib import Path

from elmjax.config import Config, ConfigError
from elmjax.export import place, to_json, to_mjcf
from elmjax.files import write_whole
from elmjax.stages.run import open_pool

FORMATS = {".xml": to_mjcf, ".json": to_json}


def export(source: Path, path: Path, config: Config) -> None:
    """Runs a program and writes its walker.

    Args:
        source: A file with a program.
        path: What to write: .xml for MuJoCo, or .json.
        config: Of the world, the dimensions and what runs programs.

    Raises:
        ConfigError: the program builds no walker, or a file cannot be read or written.
    """
    write = FORMATS.get(path.suffix.lower())
    if write is None:
        raise ConfigError(f"-o: got {str(path)!r}, wanted a file in {', '.join(FORMATS)}")
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"-o: {path.parent} is no folder; create it, or give another file")
    try:
        program = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"PROGRAM.py: cannot read {source}: {error}") from None
    with open_pool(config) as pool:
        (execution,) = pool.run([program])
    if execution.body is None:
        raise ConfigError(f"{source} builds no walker: {execution.verdict}, {execution.reason}")
    write_whole(path, write(place(execution.body, config.world)))
