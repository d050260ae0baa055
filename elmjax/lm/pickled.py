"""Tensors from `.bin` files of PyTorch, without PyTorch and without running what a pickle asks for.

Such a file is a zip archive: a pickle that describes tensors, and the bytes of each storage beside
it. A pickle can name any function and have it called; here only names that describe tensors are
known, they stand for functions of this file, and everything else is refused.
"""

from __future__ import annotations

import io
import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

MOST_DESCRIPTION = 1 << 28  # bytes of the pickle; that of a large model takes one megabyte

_STORAGES = {
    "DoubleStorage": np.float64,
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "BFloat16Storage": ml_dtypes.bfloat16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}


class _Storage(NamedTuple):
    """Bytes of the archive, as numbers of one type."""

    key: str
    dtype: np.dtype[Any]


class _Described(NamedTuple):
    """A tensor: where its numbers lie in a storage."""

    storage: Any
    offset: Any
    shape: Any
    stride: Any


class PickledTensors(Mapping[str, np.ndarray]):
    """The tensors of one `.bin` file by name, each read when it is asked for.

    Raises:
        ValueError: If the file is no such archive, or holds anything but tensors.
    """

    def __init__(self, path: Path):
        self._path = path
        try:
            with zipfile.ZipFile(path) as archive:
                self._folder, content = _description(path, archive)
                self._described = _describe(path, content)
        except zipfile.BadZipFile:
            raise ValueError(
                f"{path} is not a zip archive of PyTorch 1.6 or later; convert it to safetensors"
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._described)

    def __len__(self) -> int:
        return len(self._described)

    def __getitem__(self, name: str) -> np.ndarray:
        storage, offset, shape, stride = self._described[name]
        try:
            numbers = self._read(storage)
            return _view(numbers, offset, shape, stride)
        except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise ValueError(f"{self._path}: tensor {name} is damaged: {error}") from None

    def _read(self, storage: _Storage) -> np.ndarray:
        with zipfile.ZipFile(self._path) as archive:
            member = archive.getinfo(f"{self._folder}/data/{storage.key}")
            if member.compress_type != zipfile.ZIP_STORED:
                raise ValueError("its bytes are compressed")
            return np.frombuffer(archive.read(member), storage.dtype)


def _description(path: Path, archive: zipfile.ZipFile) -> tuple[str, bytes]:
    """The folder within the archive, and the pickle in it."""
    names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(names) != 1:
        raise ValueError(f"{path} is no archive of PyTorch: it lacks data.pkl")
    folder = names[0].removesuffix("/data.pkl")
    order = f"{folder}/byteorder"
    if order in archive.namelist() and archive.read(order) != b"little":
        raise ValueError(f"{path} was written by a big-endian machine; convert it to safetensors")
    member = archive.getinfo(names[0])
    if member.file_size > MOST_DESCRIPTION or member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{path}: data.pkl is compressed or larger than {MOST_DESCRIPTION} bytes")
    return folder, archive.read(member)


def _describe(path: Path, content: bytes) -> dict[str, _Described]:
    try:
        described = _Reader(io.BytesIO(content)).load()
    except pickle.UnpicklingError as error:
        raise ValueError(f"{path}: {error}") from None
    except Exception as error:  # a damaged pickle can make its reader raise anything
        raise ValueError(f"{path} is damaged ({error!r}); fetch it again") from None
    if not isinstance(described, dict):
        raise ValueError(f"{path} holds a {type(described).__name__}, not tensors by name")
    for name, tensor in described.items():
        if not isinstance(name, str) or not isinstance(tensor, _Described):
            raise ValueError(
                f"{path} holds a {type(tensor).__name__} as {name!r}; only tensors are read"
            )
    return dict(described)


class _Reader(pickle.Unpickler):
    """Knows what describes tensors, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Stands in for an import."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _parameter
        if module == "torch" and name in _STORAGES:
            return np.dtype(_STORAGES[name])
        raise pickle.UnpicklingError(
            f"refused, because it asks for {module}.{name}: only tensors are read from a .bin file"
        )

    def persistent_load(self, pid: Any) -> _Storage:
        """A storage of the archive."""
        if not (isinstance(pid, tuple) and len(pid) == 5 and pid[0] == "storage"):
            raise pickle.UnpicklingError(f"refused, because {pid!r} is no storage of tensors")
        _, dtype, key, _, _ = pid
        if not (isinstance(dtype, np.dtype) and isinstance(key, str) and key.isalnum()):
            raise pickle.UnpicklingError(f"refused, because {pid!r} is no storage of tensors")
        return _Storage(key, dtype)


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any, *_: Any) -> _Described:
    return _Described(storage, offset, shape, stride)


def _parameter(tensor: Any, *_: Any) -> Any:
    return tensor


def _view(numbers: np.ndarray, offset: Any, shape: Any, stride: Any) -> np.ndarray:
    """Numbers of a storage as a tensor, which lies within it.

    Raises:
        ValueError: If it does not.
    """
    sizes = (offset, *shape, *stride)
    if len(shape) != len(stride) or not all(type(size) is int and size >= 0 for size in sizes):
        raise ValueError("its shape is not made of numbers")
    if math.prod(shape) == 0:
        return np.zeros(shape, numbers.dtype)
    last = offset + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
    if last >= len(numbers):
        raise ValueError("it reaches beyond its storage")
    steps = [step * numbers.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(numbers[offset:], shape, steps, writeable=False)
