"""`elmjax compile`: what it says where it cannot compile, and what it compiles where it can."""

import importlib.util
import json

import pytest
from rich.console import Console

from elmjax import cli
from elmjax.bench.ahead import command, topology
from elmjax.bench.ahead.row import Row
from elmjax.chips import GIB
from elmjax.config import ConfigError, load

has_compiler = importlib.util.find_spec("libtpu") is not None
with_compiler = pytest.mark.skipif(not has_compiler, reason="no libtpu; pip install 'elmjax[tpu]'")


def row(**told) -> Row:
    usual = {
        "config": "v5e",
        "topology": "v5e:2x2",
        "stage": "evolve",
        "program": "sampling, diff",
        "shape": "32 prompts of 192",
        "devices": 1,
        "compile_seconds": 27.6,
        "processor_seconds": 25.0,
        "arguments": GIB,
        "temporary": GIB,
        "results": 0,
        "code": 0,
        "beside": 0,
        "needed": 2 * GIB,
        "memory": 16 * GIB,
        "gathers": 13,
        "scatters": 4,
    }
    return Row(**{**usual, **told})


@pytest.fixture
def compiler(monkeypatch):
    """Stands for the process that compiles; the rows that it gives can be changed."""
    rows: list[Row] = [row()]
    monkeypatch.setattr(command, "check_compiler", lambda: None)
    monkeypatch.setattr(command, "_compile", lambda *_: iter(rows))
    monkeypatch.setattr(command.importlib.metadata, "version", lambda name: "0.0.41")
    return rows


def test_without_the_compiler_the_extra_is_named(monkeypatch, capsys) -> None:
    monkeypatch.setattr(topology.importlib.util, "find_spec", lambda name: None)
    assert cli.main(["compile", "--topology", "v5e:2x2"]) == 2
    said = capsys.readouterr().err
    assert "pip install 'elmjax[tpu]'" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("asked", "near"), [("v5e:2x3", "v5e:2x2"), ("v5:2x2", "v5e:2x2"), ("v6e:4x", "v6e:4x4")]
)
def test_an_unknown_slice_is_refused_with_near_ones(asked, near, capsys) -> None:
    assert cli.main(["compile", "--topology", asked]) == 2
    said = capsys.readouterr().err
    assert asked in said
    assert near in said


def test_the_memory_of_chips_is_that_of_their_makers() -> None:
    memory = {name: chip.memory // GIB for name, chip in topology.CHIPS.items()}
    assert memory == {"v4": 32, "v5e": 16, "v5p": 95, "v6e": 32}


def test_the_table_tells_what_fits(compiler, capsys) -> None:
    assert cli.main(["compile", "--topology", "v5e:2x2", "--config", "v5e"]) == 0
    said = capsys.readouterr().out
    assert "v5e on v5e:2x2, 16 GiB a chip" in said
    (line,) = [line for line in said.splitlines() if "sampling, diff" in line]
    assert line.split()[-4:] == ["%", "13", "4", "fits"]
    assert "12.5 %" in line  # 2 of 16 GiB


def test_what_does_not_fit_fails(compiler, capsys) -> None:
    compiler.append(row(program="PPO update", needed=18 * GIB))
    assert cli.main(["compile", "--topology", "v5e:2x2"]) == 1
    said = capsys.readouterr().out
    assert "2.00 GiB too much" in said
    assert "2 programs: 1 do not fit" in said


def test_the_record_is_json_alone(compiler, capsys) -> None:
    words = ["compile", "--topology", "v5e:2x2", "--config", "v5e", "--stage", "evolve", "--json"]
    assert cli.main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["command"] == ("elmjax compile --topology v5e:2x2 --stage evolve --config v5e")
    assert told["versions"]["libtpu"] == "0.0.41"
    (only,) = told["rows"]
    assert only["fits"] is True
    assert only["needed"] == 2 * GIB


def test_the_process_that_compiles_refuses_in_a_line() -> None:
    with pytest.raises(ConfigError, match="v9:2x2") as refused:
        list(command._compile(load(), "defaults", "v9:2x2", ["evolve"]))
    assert "\n" not in str(refused.value)


def test_the_last_words_of_a_process_that_dies_are_told() -> None:
    said = command._last_words(["a warning\n", "Fatal: the lock is held\n", "\n"], -6)
    assert "ended with -6: Fatal: the lock is held" in said


@pytest.mark.tpu
@with_compiler
def test_programs_are_spread_over_the_chips_of_a_slice() -> None:
    small = load(
        "v5e",
        [
            ("finetune.init", "random"),
            ("finetune.size", "0.1M"),
            ("finetune.optimiser.row_length", "64"),
            ("finetune.samples", "8"),
            ("finetune.max_new_tokens", "8"),
            ("physics.backend", "native"),  # no walks
        ],
    )
    rows = command.compile_ahead(small, "small", ["v5e:2x2"], ["finetune"], Console(stderr=True))
    found = {each.program: each for each in rows}
    assert set(found) == {"training step", "loss", "sampling"}
    assert all(each.fits for each in rows)
    assert {each.devices for each in rows} == {4}
    assert found["training step"].shape == "8 rows of 64"
    # Parameters and two moments come in, in float32; rows of 64 tokens are small beside them.
    assert found["training step"].arguments >= 3 * 100_000 * 4


@pytest.mark.slow
@pytest.mark.tpu
@with_compiler
def test_a_model_that_no_chip_holds_is_told_with_what_is_lacking() -> None:
    large = load(
        "v5e",
        [
            ("finetune.init", "random"),
            ("finetune.model.width", "8192"),
            ("finetune.model.layers", "1"),
            ("finetune.model.heads", "64"),
            ("finetune.model.hidden", "131072"),
        ],
    )
    rows = command._compile(large, "large", "v5e:1x1", ["finetune"])
    step = next(rows)
    rows.close()  # ends the process
    assert step.program == "training step"
    assert not step.fits
    # Weights of 3 x 8192 x 131072, their two moments and the model as it was, in float32.
    assert step.over >= 4 * 4 * (3 * 8192 * 131072) - 16 * GIB
