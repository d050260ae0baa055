"""The wheel holds all that elmjax needs, and works in an empty environment without network."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DENIED = ("unshare", "--map-root-user", "--net")  # a command that then has no network
REACHES = "import socket; socket.create_connection(('192.0.2.1', 9), 1)"  # RFC 5737: nobody's
LOCK = f"requirements/python3.{11 if sys.version_info[1] == 11 else 12}.txt"
SMALL = (
    *("--evolve.iterations=2", "--evolve.parents=4", "--evolve.children=4", "--seconds=1"),
    *("--finetune.optimiser.steps=2", "--finetune.samples=4", "--finetune.max_new_tokens=16"),
    *("--conditional.iterations=1", "--conditional.batch=12", "--conditional.max_new_tokens=16"),
    *("--conditional.evaluation_samples=4",),
)


def call(*command: str, folder: Path, environment: dict[str, str] | None = None) -> str:
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, (
        f"{' '.join(command)}:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}"
    )
    return ended.stdout


def without_network(folder: Path) -> Sequence[str]:
    """What to put before a command so that it has no network; a skip where that cannot be."""
    try:
        reached = subprocess.run(
            [*DENIED, sys.executable, "-c", REACHES], cwd=folder, capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("no unshare, with which the network is denied")
    if b"Network is unreachable" not in reached.stderr:
        pytest.skip(f"the network cannot be denied here: {reached.stderr[-200:]!r}")
    return DENIED


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    call(*pip, "--wheel-dir", str(folder), str(ROOT), folder=folder)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel) -> None:
    expected = {f"elmjax/configs/{path.name}" for path in (ROOT / "configs").glob("*.toml")}
    for package in ("elmjax", "physics"):
        expected |= {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == expected
    # What the three stages read, in case it should ever leave the folders of the packages.
    for name in (
        "elmjax/configs/quickstart.toml",
        "elmjax/models/walker/model.safetensors",
        "elmjax/models/general/tokenizer.json",
        "elmjax/report/page/page.html",
        "elmjax/programs/seeds/square.py",
        "physics/backends/native/source/native.c",
    ):
        assert name in held


@pytest.mark.slow
def test_the_quickstart_runs_in_an_empty_environment_without_network(wheel, tmp_path) -> None:
    denied = without_network(tmp_path)
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    scripts = Path(sysconfig.get_path("scripts", "venv", {"base": str(environment)}))
    pip = (str(scripts / "python"), "-m", "pip", "--quiet", "install")
    call(*pip, "--require-hashes", "--requirement", str(ROOT / LOCK), folder=tmp_path)
    call(*pip, "--no-deps", "--no-index", str(wheel), folder=tmp_path)
    # An empty home: nothing compiled or downloaded before can help.
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")}
    (tmp_path / "home").mkdir()
    elmjax = (*denied, str(scripts / "elmjax"))
    run = ("run", "--config", "quickstart", "--run", "runs/demo", *SMALL)
    told = call(*elmjax, *run, folder=tmp_path, environment=bare)
    assert "Everything is in runs/demo" in told
    call(*elmjax, "report", "runs/demo", folder=tmp_path, environment=bare)
    assert (tmp_path / "runs" / "demo" / "report.html").stat().st_size > 10_000
