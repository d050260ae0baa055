"""What `elmjax doctor` finds where something is not as it should be."""

import shutil
from pathlib import Path

import pytest

from elmjax import cli, doctor
from elmjax.doctor import State
from elmjax.programs import LockdownUnavailable


def found(name: str, folder: Path = Path()) -> doctor.Finding:
    return next(finding for finding in doctor.examine(folder) if finding.name == name)


def test_a_machine_that_runs_the_tests_lacks_nothing(capsys, tmp_path) -> None:
    assert cli.main(["doctor", "--run", str(tmp_path / "runs" / "new")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert not any(line.startswith("missing") for line in lines)
    assert any(line.startswith("ok") and "jax" in line for line in lines)
    assert not (tmp_path / "runs").exists()


def test_without_confinement_the_command_fails(monkeypatch, capsys) -> None:
    def none(engine, **_):
        raise LockdownUnavailable(f"no {engine} here")

    monkeypatch.setattr(doctor, "open_engine", none)
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "no jail here" in said
    assert "pip install 'elmjax[monty]'" in said


def test_a_release_known_to_be_wrong_is_named(monkeypatch) -> None:
    real = doctor.importlib.metadata.version
    versions = {"jax": "0.10.2"}
    monkeypatch.setattr(
        doctor.importlib.metadata, "version", lambda name: versions.get(name) or real(name)
    )
    finding = found("packages")
    assert finding.state is State.MISSING
    assert "wrong results" in finding.advice


def test_no_compiler_is_told_with_what_it_costs(monkeypatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert found("C compiler").state is State.ADVICE
    assert "gcc" in found("C compiler").advice
    assert "ffmpeg" in found("films").advice


@pytest.fixture
def full_disk(monkeypatch) -> None:
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**8))


def test_little_room_is_told(full_disk, tmp_path) -> None:
    finding = found("disk", tmp_path / "not" / "there")
    assert finding.state is State.ADVICE
    assert finding.what.startswith("0.1 GB free")


def test_every_extra_that_is_named_can_be_installed() -> None:
    project = Path(doctor.__file__).parents[1] / "pyproject.toml"
    text = project.read_text()
    for name in doctor.EXTRAS:
        assert f"\n{name} = [" in text
