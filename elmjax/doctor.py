"""What this machine has for elmjax, what it lacks, and what to do about it."""

import importlib.metadata
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from elmjax.programs import SEEDS, Limits, LockdownUnavailable, open_engine
from elmjax.programs.engine import EngineName
from elmjax.programs.monty import MontyPool

PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "transformers")
# Releases with which results are wrong or nothing runs, and why: as in pyproject.toml.
BROKEN = {
    ("jax", "0.10.2"): "it gives wrong results on CPU",
    ("jax", "0.11.0"): "Flax 0.12.8 does not run with it",
    ("jax", "0.11.1"): "Flax 0.12.8 does not run with it",
}
# Modules by extra, and what they are for.
EXTRAS = {
    "tpu": ("libtpu", "TPUs, and compiling for them"),
    "gcs": ("gcsfs", "copies of runs on gs://"),
    "monty": ("pydantic_monty", "running programs where the kernel confines none"),
    "box2d": ("Box2D", "comparing physics with Box2D"),
    "endpoint": ("httpx2", "operators that ask an endpoint"),
    "ribs": ("ribs", "archives as pyribs archives"),
    "tensorboard": ("tensorboard", "metrics in TensorBoard"),
    "wandb": ("wandb", "metrics at Weights & Biases"),
    "browser": ("playwright", "tests of reports in Chromium"),
}
ENOUGH_DISK = 2.0  # GB; the quickstart takes a tenth
ENOUGH_MEMORY = 4.0  # GB


class State(StrEnum):
    """How a finding is to be taken."""

    OK = "ok"
    ADVICE = "advice"  # runs, but slower or without something
    MISSING = "missing"  # nothing runs without it


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    what: str
    advice: str = ""


def examine(folder: Path) -> list[Finding]:
    """Looks at everything.

    Args:
        folder: Where runs are to be written.
    """
    looks: tuple[Callable[[], Finding], ...] = (
        _python,
        _packages,
        _devices,
        _confinement,
        _compiler,
        lambda: _disk(folder),
        _memory,
        _films,
    )
    return [look() for look in looks] + [_extra(name) for name in EXTRAS]


def _python() -> Finding:
    return Finding("Python", State.OK, ".".join(map(str, sys.version_info[:3])))


def _packages() -> Finding:
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    for (name, version), why in BROKEN.items():
        if versions[name] == version:
            advice = f"{why}: pip install --upgrade {name}"
            return Finding("packages", State.MISSING, told, advice)
    return Finding("packages", State.OK, told)


def _devices() -> Finding:
    import jax

    try:
        devices = jax.devices()
    except RuntimeError as error:
        words = " ".join(str(error).split())[:160]
        return Finding("devices", State.MISSING, words, "JAX_PLATFORMS=cpu runs on the CPU")
    told = f"{len(devices)} x {devices[0].device_kind} ({devices[0].platform})"
    if devices[0].platform == "cpu" and shutil.which("nvidia-smi"):
        advice = "for the GPU of this machine: pip install 'elmjax[cuda]'"
        return Finding("devices", State.ADVICE, told, advice)
    return Finding("devices", State.OK, f"{told}, {os.cpu_count()} cores")


def _confinement() -> Finding:
    """Whether an engine confines programs, tried on one."""
    engine: EngineName
    refused = ""
    for engine in ("jail", "monty"):
        try:
            with open_engine(engine, workers=1, limits=Limits()) as pool:
                if pool.run([SEEDS["square"]])[0].body is None:
                    refused = f"{refused}{engine}: Square does not run; "
                    continue
                return _confined_by(engine, pool, refused)
        except LockdownUnavailable as unavailable:
            refused = f"{refused}{engine}: {unavailable.reason}; "
    advice = "programs of a model are never run unconfined; pip install 'elmjax[monty]'"
    return Finding("confinement", State.MISSING, refused.removesuffix("; "), advice)


def _confined_by(engine: str, pool: object, refused: str) -> Finding:
    if engine == "jail":
        return Finding("confinement", State.OK, "the kernel confines programs")
    layers = ", ".join(pool.refused) if isinstance(pool, MontyPool) else ""
    without = f", without {layers}" if layers else ""
    advice = f"slower than the kernel's confinement ({refused.removesuffix('; ')})"
    return Finding("confinement", State.ADVICE, f"Monty runs programs{without}", advice)


def _compiler() -> Finding:
    from physics.backends.native.compiler import (
        CannotCompileError,
        best_instructions,
        find_compiler,
    )

    try:
        told = f"{find_compiler()}, {best_instructions()}"
    except CannotCompileError as error:
        advice = "physics on the CPU is many times as fast with one: install gcc or clang"
        return Finding("C compiler", State.ADVICE, str(error), advice)
    return Finding("C compiler", State.OK, told)


def _disk(folder: Path) -> Finding:
    there = next(
        place for place in (folder.absolute(), *folder.absolute().parents) if place.exists()
    )
    free = shutil.disk_usage(there).free / 1e9
    told = f"{free:.1f} GB free for {folder}"
    if not os.access(there, os.W_OK):
        return Finding(
            "disk", State.MISSING, f"{there} cannot be written to", "give --run a folder"
        )
    if free < ENOUGH_DISK:
        return Finding("disk", State.ADVICE, told, f"long runs want {ENOUGH_DISK:g} GB and more")
    return Finding("disk", State.OK, told)


def _memory() -> Finding:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    told = f"{memory:.1f} GB"
    if memory < ENOUGH_MEMORY:
        advice = (
            f"the quickstart wants {ENOUGH_MEMORY:g} GB; lower evolve.parents, finetune.samples"
        )
        return Finding("memory", State.ADVICE, told, advice)
    return Finding("memory", State.OK, told)


def _films() -> Finding:
    if path := shutil.which("ffmpeg"):
        return Finding("films", State.OK, path)
    advice = "films are GIFs; install ffmpeg for MP4"
    return Finding("films", State.ADVICE, "no ffmpeg", advice)


def _extra(name: str) -> Finding:
    module, purpose = EXTRAS[name]
    if importlib.util.find_spec(module) is None:
        advice = f"for {purpose}: pip install 'elmjax[{name}]'"
        return Finding(f"extra {name}", State.ADVICE, "not installed", advice)
    return Finding(f"extra {name}", State.OK, f"for {purpose}")
