"""Names that a configuration may hold: of the models that ship with the package."""

from importlib import resources
from pathlib import Path


def models_folder() -> Path:
    """Where the shipped models stand."""
    return Path(str(resources.files("elmjax"))) / "models"


def shipped_models() -> list[str]:
    """Names of the language models that ship with the package."""
    return sorted(path.name for path in models_folder().glob("*") if path.is_dir())
