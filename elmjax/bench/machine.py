"""What this machine is, as far as a record may say: no host, no user, no path."""

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

from elmjax import __version__

_PACKAGES = ("jax", "jaxlib", "numpy")
# Words of a processor's name that tell no two machines apart.
_NOISE = re.compile(r"\((r|tm)\)|\bcpu\b|@.*$|\b\d+-core\b|\bprocessor\b", re.IGNORECASE)


def describe_machine() -> dict[str, Any]:
    """Processor, memory and device."""
    devices = jax.devices()
    return {
        "cpu": cpu_model(),
        "cores": count_cores(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.machine()}",
        "platform": devices[0].platform,
        "device": devices[0].device_kind,
        "devices": len(devices),
    }


def describe_versions() -> dict[str, str]:
    """Versions of Python, elmjax and what computes."""
    return {
        "python": platform.python_version(),
        "elmjax": __version__,
        **{name: metadata.version(name) for name in _PACKAGES},
    }


def machine_slug(machine: dict[str, Any]) -> str:
    """A folder name for a machine, such as amd-epyc-9b14-2cores or nvidia-h200-x1-16cores."""
    on_cpu = machine["platform"] == "cpu"
    name = machine["cpu"] if on_cpu else f"{machine['device']} x{machine['devices']}"
    words = re.findall(r"[a-z0-9]+", _NOISE.sub(" ", name).lower())
    return "-".join([*words, f"{machine['cores']}cores"])


def cpu_model() -> str:
    """The processor's name for itself."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine()


def count_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def source_commit() -> str | None:
    """The commit of the checkout this runs from, "+" where files differ; None outside of one."""
    checkout = Path(__file__).parents[2]
    if not (checkout / ".git").exists():
        return None
    commit = _git(checkout, "rev-parse", "HEAD")
    if commit is None:
        return None
    changed = _git(checkout, "status", "--porcelain", "--untracked-files=no")
    return f"{commit}+" if changed else commit


def _git(folder: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
