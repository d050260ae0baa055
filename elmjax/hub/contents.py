"""Which files of a folder go to the hub, and come from it: those that are data, by their names.

Nothing that runs is among them: no Python, no pickle. Checkpoints stay where they are; a history
says all that they do.
"""

from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path

_MODEL = (
    "config.json",
    "generation_config.json",
    "*.safetensors",
    "model.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "merges.txt",
)
_RUN = (
    "config.toml",
    "metrics.jsonl",
    "summary.txt",
    "report.html",
    "pictures/*.png",
    "*/summary.json",
    "*/history/part-*.parquet",
    "conditional/*.parquet",
    "finetune/*.parquet",
    *(f"*/{name}" for name in _MODEL),
)


class Kind(StrEnum):
    """What a folder holds, by the type of repository that takes it."""

    RUN = "dataset"
    MODEL = "model"


PATTERNS: dict[Kind, tuple[str, ...]] = {
    Kind.RUN: ("README.md", *_RUN),
    Kind.MODEL: ("README.md", *_MODEL),
}
_NEVER = ("*/checkpoints/*", "*/checkpoints.damaged/*", "wandb/*", "tensorboard/*")


def kind_of(folder: Path) -> Kind | None:
    """What a folder holds; None where it is neither."""
    if (folder / "config.toml").is_file():
        return Kind.RUN
    if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")):
        return Kind.MODEL
    return None


def is_data(kind: Kind, path: str) -> bool:
    """Whether a file, by its path in the folder, goes and comes."""
    return any(fnmatch(path, pattern) for pattern in PATTERNS[kind]) and not any(
        fnmatch(path, pattern) for pattern in _NEVER
    )


def files_of(folder: Path, kind: Kind) -> list[str]:
    """Paths of the files in a folder that go to the hub, in order."""
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in paths if is_data(kind, path))
