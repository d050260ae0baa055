"""The script for bash, in bash; those for other shells where they are installed."""

import os
import pty
import select
import shutil
import subprocess
import time

import pytest

from elmjax import cli
from elmjax.config import named_configs

ASK = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_elmjax
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """The scripts by shell, written once."""
    folder = tmp_path_factory.mktemp("completion")
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        for shell in ("bash", "zsh", "fish"):
            made[shell] = folder / f"elmjax.{shell}"
            with made[shell].open("w") as file:
                patch.setattr("sys.stdout", file)
                assert cli.main(["completion", shell]) == 0
    return made


@pytest.fixture
def complete(scripts, tmp_path):
    def ask(*words: str) -> list[str]:
        command = ["bash", "--norc", "-c", ASK, "bash", str(scripts["bash"]), "elmjax", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
        assert done.stderr == ""
        return done.stdout.split()

    return ask


def test_commands_are_completed(complete) -> None:
    assert complete("ev") == ["evolve"]
    assert {"run", "report", "completion", "bench"} <= set(complete(""))
    assert complete("experiment", "st") == ["stage2", "stage3"]
    assert complete("bench", "ph") == ["physics"]


def test_options_and_settings_are_completed(complete) -> None:
    assert complete("run", "--conf") == ["--config"]
    assert "--evolve.iterations" in complete("run", "--evolve.it")
    assert "--finetune-operator" in complete("evolve", "--fine")
    assert complete("verify", "--evolve") == []  # takes no settings
    assert complete("experiment", "bugs", "--gp") == ["--gp-trials"]


def test_values_are_completed(complete) -> None:
    presets = complete("run", "--config", "")
    assert set(named_configs()) == set(presets)
    assert complete("simulate", "x.py", "--terrain", "tun") == ["tunnel"]
    assert complete("mutate", "x.py", "--model", "gen") == ["general"]
    assert complete("run", "--evolve.format", "ca") == ["carper"]
    assert complete("run", "--metrics.tensorboard", "") == ["true", "false"]
    assert complete("completion", "f") == ["fish"]


def test_files_and_folders_are_completed(complete, tmp_path) -> None:
    (tmp_path / "walker.py").touch()
    (tmp_path / "runs").mkdir()
    assert complete("simulate", "wal") == ["walker.py"]
    assert complete("report", "") == ["runs"]  # a folder, not the file
    assert complete("evolve", "--run", "r") == ["runs"]


def test_a_tab_completes(scripts, tmp_path) -> None:
    terminal, inner = pty.openpty()
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env={**os.environ, "PS1": "", "TERM": "dumb", "HOME": str(tmp_path)},
        start_new_session=True,
    )
    os.close(inner)
    try:
        os.write(terminal, f"source {scripts['bash']}; echo so''urced\n".encode())
        assert "sourced" in until(terminal, "sourced\r\n")
        os.write(terminal, b"elmjax exper\tbu\t--ta\tpar\t")
        assert "elmjax experiment bugs --tasks parity" in until(terminal, "parity")
    finally:
        shell.kill()
        shell.wait()
        os.close(terminal)


def until(terminal: int, wanted: str) -> str:
    """What a terminal shows until some words are there, or for ten seconds."""
    shown, end = "", time.monotonic() + 10.0
    while wanted not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            shown += os.read(terminal, 4096).decode(errors="replace")
    return shown


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_read_their_script(scripts, shell) -> None:
    text = scripts[shell].read_text()
    assert "evolve" in text
    assert "--evolve.iterations" in text or "-l evolve.iterations" in text
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run(
        [shell, "-n", str(scripts[shell])], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["evlve"], "invalid choice: 'evlve'"),
        (["evlve"], "(nearest: evolve)"),
        (["experiment", "bgs"], "(nearest: bugs)"),
        (["completion", "bsh"], "(nearest: bash)"),
        (["run", "--confg", "x"], "--confg: no such option"),
        (["run", "--confg", "x"], "(nearest: --config)"),
        (["evolve", "--iterations", "3"], "perhaps --evolve.iterations or"),
        (["verify", "runs", "--ru=3"], "--ru: no such option; elmjax verify --help lists them"),
        (["run", "--evolve.iteratons", "3"], "(nearest: iterations)"),
        (["run", "--evolve.format", "carpr"], "(nearest: carper)"),
        (["run", "--config", "quikstart"], "(nearest: quickstart)"),
        (["run", "--evolve.model", "walkr"], "(nearest: walker)"),
        (["terrains", "hils"], "did you mean 'hills'"),
    ],
)
def test_what_is_nearest_is_told(words, said, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code = cli.main(words)
    except SystemExit as stop:
        code = stop.code
    error = capsys.readouterr().err
    assert code == 2
    assert said in error
    assert error.count("\n") == 1
