"""The tensors of a model's folder by name, from one file or from many, each read when asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from elmjax.lm.pickled import PickledTensors

WEIGHTS_FILE = "model.safetensors"
PICKLED_FILE = "pytorch_model.bin"
INDEX = ".index.json"


def open_weights(folder: Path) -> Mapping[str, np.ndarray]:
    """The tensors of a folder: safetensors where there are any, else what PyTorch pickled.

    Raises:
        FileNotFoundError: If there are no weights, or a file that an index names is missing.
        ValueError: If a file is damaged or holds anything but tensors.
    """
    for name in (WEIGHTS_FILE, PICKLED_FILE):
        if (folder / name).is_file():
            return open_file(folder / name)
        if (folder / f"{name}{INDEX}").is_file():
            return Shards(folder / f"{name}{INDEX}")
    raise FileNotFoundError(
        f"{folder} holds no model: it lacks {WEIGHTS_FILE} or {PICKLED_FILE}, or an index of them"
    )


def write_tensors(tensors: Mapping[str, np.ndarray], path: Path) -> None:
    """Writes one file, as torch's tools expect it.

    Raises:
        OSError: If it cannot be written.
    """
    try:
        save_file(dict(tensors), path, metadata={"format": "pt"})
    except SafetensorError as error:
        raise OSError(f"{path}: the weights cannot be written: {error}") from error


def open_file(path: Path) -> Mapping[str, np.ndarray]:
    """The tensors of one file.

    Raises:
        ValueError: If it is damaged or holds anything but tensors.
    """
    return PickledTensors(path) if path.suffix == ".bin" else SafeTensors(path)


class SafeTensors(Mapping[str, np.ndarray]):
    """The tensors of one file."""

    def __init__(self, path: Path):
        try:
            # NumPy maps the file, and knows bfloat16 by ml_dtypes.
            self._file = safe_open(path, framework="numpy")
        except SafetensorError as error:
            raise ValueError(f"{path} is damaged ({error}); fetch or save it again") from None
        self._names = frozenset(self._file.keys())

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._names:
            raise KeyError(name)
        return self._file.get_tensor(name)


class Shards(Mapping[str, np.ndarray]):
    """The tensors of several files, which an index names.

    Raises:
        FileNotFoundError: If one of the files is missing.
        ValueError: If the index is damaged, or a file lacks a tensor that it should hold.
    """

    def __init__(self, index: Path):
        try:
            self._file_of: dict[str, str] = _weight_map(index)
        except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
            raise ValueError(f"{index} is damaged ({error}); fetch it again") from None
        files = sorted(set(self._file_of.values()))
        if missing := [name for name in files if not (index.parent / name).is_file()]:
            raise FileNotFoundError(
                f"{index.parent} lacks {', '.join(missing)}, named by its index"
            )
        self._files = {name: open_file(index.parent / name) for name in files}
        for name, file in self._file_of.items():
            if name not in self._files[file]:
                raise ValueError(
                    f"{index.parent / file} lacks {name}, which {index.name} says it has"
                )

    def __iter__(self) -> Iterator[str]:
        return iter(self._file_of)

    def __len__(self) -> int:
        return len(self._file_of)

    def __getitem__(self, name: str) -> np.ndarray:
        return self._files[self._file_of[name]][name]


def _weight_map(index: Path) -> dict[str, str]:
    content: dict[str, Any] = json.loads(index.read_text(encoding="utf-8"))
    names: dict[str, str] = dict(content["weight_map"])
    for file in names.values():
        if Path(file).name != file:
            raise ValueError(f"{file!r} is no file of this folder")
    return names
