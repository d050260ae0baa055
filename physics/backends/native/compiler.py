"""The kernel's shared libraries: compiled where and when they are needed, and kept.

A library serves one capacity on one kind of processor. It lies in the user's cache folder under a
name that follows from all that went into it, so it is never stale and several processes may share
it.
"""

import contextlib
import ctypes
import functools
import hashlib
import logging
import os
import platform
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import jax

from physics.backends.native.columns import CHECK_INTERVAL
from physics.body import Capacity

COMPILERS = ("cc", "gcc", "clang")
# What the kernel may use of a processor, best first.
INSTRUCTIONS = ("avx512", "avx2", "scalar")

_SOURCE = Path(__file__).parent / "source"
_SECONDS = 300.0  # for one library; a second is usual
# Products and sums are fused where the source says so and nowhere else: every capacity and every
# compiler rounds alike.
_FLAGS = (
    *("-std=gnu11", "-O3", "-shared", "-fPIC", "-pthread"),
    *("-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"),
)
_LIMITS = {
    "avx512": (),
    "avx2": ("-mno-avx512f",),
    "scalar": ("-DSCALAR", "-O2"),
}
_NEEDS = {"avx512": {"avx512f"}, "avx2": {"avx2", "fma"}, "scalar": set[str]()}

_log = logging.getLogger(__name__)


class CannotCompileError(Exception):
    """Why there is no kernel: no compiler, or one that fails."""


def best_instructions() -> str:
    """The best of INSTRUCTIONS that this processor has."""
    return next(name for name in INSTRUCTIONS if _NEEDS[name] <= _processor_flags())


def has_instructions(name: str) -> bool:
    """Whether this processor has some of INSTRUCTIONS."""
    return _NEEDS[name] <= _processor_flags()


@functools.lru_cache(maxsize=64)
def load_library(capacity: Capacity, name: str) -> ctypes.CDLL:
    """The kernel for a capacity with some of INSTRUCTIONS, compiled where it is not in the cache.

    Raises:
        CannotCompileError: where there is no compiler or it fails.
    """
    compiler = find_compiler()
    command = (*_FLAGS, *_LIMITS[name], *_defines(capacity), *_include())
    file = f"walk-{capacity.joints}x{capacity.springs}-{name}-{_digest(compiler, command)}.so"
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / file).exists():
            _compile(compiler, command, folder / file)
        return ctypes.CDLL(str(folder / file))
    except OSError as error:
        _log.warning("physics: %s: %s; the kernel is not kept", folder, error.strerror or error)
    # A library that is loaded needs its file no longer.
    with tempfile.TemporaryDirectory(prefix="elmjax-") as temporary:
        _compile(compiler, command, Path(temporary) / file)
        return ctypes.CDLL(str(Path(temporary) / file))


def find_compiler() -> str:
    """The path of a C compiler.

    Raises:
        CannotCompileError: where there is none.
    """
    for name in COMPILERS:
        if path := shutil.which(name):
            return path
    raise CannotCompileError(f"no C compiler ({', '.join(COMPILERS)}) on the search path")


def cache_folder() -> Path:
    """Where libraries are kept: below $XDG_CACHE_HOME, else ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "elmjax" / "physics"


def _compile(compiler: str, command: tuple[str, ...], target: Path) -> None:
    """Compiles the kernel to a file that appears whole or not at all."""
    handle, partial = tempfile.mkstemp(suffix=".so", dir=target.parent)
    os.close(handle)
    try:
        failure = ""
        for tuning in (_tuning(), ()):
            failure = _run(compiler, (*tuning, *command), partial)
            if not failure:
                os.replace(partial, target)
                return
        raise CannotCompileError(f"{Path(compiler).name} failed: {failure}")
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)


def _run(compiler: str, command: tuple[str, ...], target: str) -> str:
    """Runs the compiler; what went wrong in one line, or nothing."""
    arguments = [compiler, *command, str(_SOURCE / "native.c"), "-o", target, "-lm"]
    try:
        done = subprocess.run(
            arguments, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    errors = [line for line in done.stderr.splitlines() if "error" in line]
    return "" if done.returncode == 0 else (errors or done.stderr.splitlines() or ["no message"])[0]


def _tuning() -> tuple[str, ...]:
    """The flag for all that this processor can do; not every compiler has it."""
    x86 = platform.machine().lower() in ("x86_64", "amd64")
    return ("-march=native",) if x86 else ("-mcpu=native",)


def _defines(capacity: Capacity) -> tuple[str, ...]:
    sizes = {"JOINTS": capacity.joints, "SPRINGS": capacity.springs}
    sizes["CHECK_INTERVAL"] = CHECK_INTERVAL
    return tuple(f"-D{name}={size}" for name, size in sizes.items())


def _include() -> tuple[str, ...]:
    return ("-I", jax.ffi.include_dir())


@functools.lru_cache(maxsize=256)
def _digest(compiler: str, command: tuple[str, ...]) -> str:
    """A hash of all that a library follows from: sources, headers, compiler, processor."""
    hasher = hashlib.blake2b(digest_size=12)
    sources = sorted(_SOURCE.glob("*.[ch]"))
    header = Path(jax.ffi.include_dir()) / "xla" / "ffi" / "api" / "c_api.h"
    for path in (*sources, header):
        hasher.update(path.name.encode() + b"\0" + path.read_bytes())
    done = subprocess.run([compiler, "--version"], capture_output=True, check=False)
    flags = [flag for flag in command if flag != jax.ffi.include_dir()]
    for part in (done.stdout, " ".join(flags), _processor(), " ".join(sorted(_processor_flags()))):
        hasher.update(part if isinstance(part, bytes) else part.encode())
    return hasher.hexdigest()


@functools.cache
def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux
        return ""


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", _cpuinfo(), re.MULTILINE)
    return f"{platform.machine()} {found[1] if found else platform.processor()}"


@functools.cache
def _processor_flags() -> frozenset[str]:
    """What an x86 processor says it can do; nothing for others and where it is not told."""
    found = re.search(r"^flags\s*:\s*(.+)$", _cpuinfo(), re.MULTILINE)
    return frozenset(found[1].split()) if found else frozenset()
