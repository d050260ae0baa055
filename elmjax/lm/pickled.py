"""Tensors from `.bin` files of PyTorch, without PyTorch and without running what a pickle asks for.

Such a file is a zip archive: a pickle that describes tensors, and the bytes of each storage beside
it. A pickle can name any function and have it called; here only names that describe tensors are
known, they stand for objects of this file that it cannot change, and everything else is refused:
first of all every instruction that a description of tensors does not need.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

MOST_DESCRIPTION = 1 << 28  # bytes of the pickle; that of a large model takes one megabyte

# What PyTorch writes to describe tensors, and nothing that could make objects of other classes.
_INSTRUCTIONS = frozenset(
    (
        *("PROTO", "STOP", "MARK", "GLOBAL", "REDUCE", "BUILD", "BINPERSID"),
        *("BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET"),
        *("NONE", "NEWTRUE", "NEWFALSE", "BINFLOAT", "BINUNICODE", "SHORT_BINSTRING"),
        *("BININT", "BININT1", "BININT2", "LONG1"),
        *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "EMPTY_LIST", "APPEND", "APPENDS"),
        *("EMPTY_DICT", "SETITEM", "SETITEMS"),
    )
)

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


class _Named(dict[str, Any]):
    """Stands in for an ordered dict; what PyTorch notes about modules beside it is dropped."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        """Takes no attribute: one called `items` would hide what the dict holds."""


class _Word:
    """What a name of a pickle stands for. It can be called or looked at, and not be changed."""

    __slots__ = ("dtype", "make")

    def __init__(self, make: Callable[..., Any] | None = None, dtype: np.dtype[Any] | None = None):
        self.make, self.dtype = make, dtype

    def __call__(self, *arguments: Any) -> Any:
        """What the name makes of arguments."""
        if self.make is None:
            raise pickle.UnpicklingError("refused, because it calls a type of numbers")
        return self.make(*arguments)

    def __setstate__(self, state: Any) -> None:
        """Refuses attributes, which would outlive the file."""
        raise pickle.UnpicklingError("refused, because it changes what its names stand for")


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
        _refuse_instructions(content)
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


def _refuse_instructions(content: bytes) -> None:
    """Looks through a pickle without following it."""
    for number, (instruction, argument, _) in enumerate(pickletools.genops(content)):
        if instruction.name not in _INSTRUCTIONS:
            raise pickle.UnpicklingError(
                f"refused, because of its instruction {instruction.name}: only tensors are read "
                "from a .bin file"
            )
        # The reader makes room for as many remembered objects as the highest number says.
        if instruction.name in ("BINPUT", "LONG_BINPUT") and (argument or 0) > number:
            raise pickle.UnpicklingError(f"refused, because it remembers an object as {argument}")


class _Reader(pickle.Unpickler):
    """Knows what describes tensors, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Stands in for an import."""
        if (module, name) == ("collections", "OrderedDict"):
            return _Word(_Named)
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Word(_tensor)
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _Word(_parameter)
        if module == "torch" and name in _STORAGES:
            return _Word(dtype=np.dtype(_STORAGES[name]))
        raise pickle.UnpicklingError(
            f"refused, because it asks for {module}.{name}: only tensors are read from a .bin file"
        )

    def persistent_load(self, pid: Any) -> _Storage:
        """A storage of the archive."""
        if not (isinstance(pid, tuple) and len(pid) == 5 and pid[0] == "storage"):
            raise pickle.UnpicklingError(f"refused, because {pid!r} is no storage of tensors")
        _, kind, key, _, _ = pid
        dtype = kind.dtype if isinstance(kind, _Word) else None
        if dtype is None or not (isinstance(key, str) and key.isalnum()):
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
