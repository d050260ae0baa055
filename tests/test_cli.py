import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from elmjax import cli
from elmjax.programs import SEEDS, LockdownUnavailable

KEYS = [
    "program",
    "outcome",
    "reason",
    "displacement",
    "distance",
    "width",
    "height",
    "mass",
    "joints",
    "springs",
]


def write(folder: Path, **programs: str) -> list[str]:
    paths = []
    for name, text in programs.items():
        path = folder / f"{name}.py"
        path.write_text(text)
        paths.append(str(path))
    return paths


def elmjax(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "elmjax.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_simulate_gives_every_program_its_line_in_order(tmp_path, capsys) -> None:
    paths = write(tmp_path, broken="def make_walker(:", square=SEEDS["square"], nothing="x = 3")
    binary = tmp_path / "binary.py"
    binary.write_bytes(b"\xff\xfe\x00")
    code = cli.main(["simulate", *paths, str(binary), "--seconds", "0", "--json"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    assert [list(line) for line in lines] == [KEYS] * 4
    assert [line["program"] for line in lines] == [*paths, str(binary)]
    assert [line["outcome"] for line in lines] == ["syntax", "ok", "no_entry", "syntax"]
    square = lines[1]
    assert (square["displacement"], square["distance"], square["reason"]) == (0.0, 0.0, "")
    assert (square["width"], square["height"], square["joints"], square["springs"]) == (
        10,
        10,
        5,
        8,
    )
    for line in (lines[0], lines[2], lines[3]):
        assert line["reason"]
        assert all(line[key] is None for key in KEYS[3:])


def test_simulate_prints_a_table_with_whole_reasons(tmp_path, capsys) -> None:
    paths = write(tmp_path, nothing="x = 3", square=SEEDS["square"])
    assert cli.main(["simulate", *paths, "--seconds", "0"]) == 0
    text = capsys.readouterr().out
    assert "displacement" in text
    assert "no function make_walker, nor any other that takes no arguments" in text


def test_simulate_on_a_terrain_from_a_file(tmp_path, capsys) -> None:
    terrain = tmp_path / "pit.json"
    terrain.write_text(json.dumps({"floor": [[-100, 0], [100, 0]], "ceilings": []}))
    paths = write(tmp_path, square=SEEDS["square"])
    for name in (str(terrain), "flat"):
        cli.main(["simulate", *paths, "--seconds", "1", "--terrain", name, "--json"])
    own, flat = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert own["displacement"] == pytest.approx(flat["displacement"], abs=1e-4)
    assert own["displacement"] != 0.0


def test_simulate_on_a_terrain_like_a_named_one(tmp_path, capsys) -> None:
    paths = write(tmp_path, square=SEEDS["square"])
    steep = ["--terrain.steep.like", "bumpy", "--terrain.steep.height", "9", "--seconds", "1"]
    # The settings stand before the programs: their values are not programs.
    assert cli.main(["simulate", *steep, *paths, "--terrain", "steep", "--json"]) == 0
    bumpy = ["--terrain", "bumpy", "--terrain.bumpy.height=9", "--seconds", "1"]
    assert cli.main(["simulate", *paths, *bumpy, "--json"]) == 0
    own, named = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert own["displacement"] == named["displacement"] != 0.0


def test_mutate_gives_every_child_its_line(tmp_path, capsys) -> None:
    (square,) = write(tmp_path, square=SEEDS["square"])
    options = ["--operator", "tree", "-n", "3", "--seed", "4", "--seconds", "0"]
    assert cli.main(["mutate", square, *options, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["operator"] for line in lines] == ["tree"] * 3
    assert cli.main(["mutate", square, *options]) == 0
    text = capsys.readouterr().out
    assert all(line["diff"] in text for line in lines)
    assert text.splitlines()[-1].startswith("3 children: ")


def test_terrains_lists_every_terrain_with_its_parameters(capsys) -> None:
    own = ["--terrain.rough1.like", "poet", "--terrain.rough1.seed", "7"]
    assert cli.main(["terrains", *own, "--terrain.left_wall.distance", "8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    heads, descriptions = lines[::2], lines[1::2]
    names = ["flat", "left_wall", "right_wall", "tunnel", "bumpy", "hills", "steps", "gaps", "poet"]
    assert [head.split()[0] for head in heads] == [*names, "rough1"]
    assert heads[1] == "left_wall  distance=8  height=20"
    assert heads[-1].startswith("rough1 (like poet)  seed=7  roughness=0.2  lowest_stump=")
    assert descriptions[-1] == descriptions[-2]
    assert all(line.startswith("    ") and line.endswith(".") for line in descriptions)


def test_terrains_draws_what_is_asked_for(tmp_path, capsys) -> None:
    pit, picture = tmp_path / "pit.json", tmp_path / "sheet.png"
    pit.write_text(json.dumps({"floor": [[-9, 0], [2, 0], [2, -1], [9, -1]]}))
    assert cli.main(["terrains", "gaps", str(pit), "-o", str(picture)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "    A file of polylines."
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["simulate", "absent.py"], "absent.py: cannot be read: No such file"),
        (["simulate", "{square}", "--terrain", "tunel"], "did you mean 'tunnel'"),
        (["simulate", "{square}", "--terrain", "absent.json"], "absent.json"),
        (["simulate", "{square}", "--seconds", "-1"], "seconds: got -1.0, wanted"),
        (["simulate", "{square}", "--seconds", "long"], "invalid float value: 'long'"),
        (["simulate"], "the following arguments are required: PROGRAM.py"),
        (["mutate"], "the following arguments are required: PROGRAM.py"),
        (["mutate", "absent.py"], "absent.py: cannot be read: No such file"),
        (["mutate", "{square}", "-n", "0"], "got '0', wanted an integer of 1 or more"),
        (
            ["mutate", "{square}", "--operator", "grow"],
            "unknown operator: got 'grow', want one of",
        ),
        (["mutate", "{square}", "--operator", "crossover"], "got 1, wanted two or more"),
        (
            ["mutate", "{square}", "--model", "absent"],
            "got 'absent', wanted a folder, owner/name or",
        ),
        (["mutate", "{square}", "--format", "ed"], "invalid choice: 'ed'"),
        (["mutate", "{square}", "--operator", "tree", "--format", "carper"], "only diff has"),
        (["mutate", "{square}", "--operator", "tree", "--message", "x"], "reads no message"),
        (["mutate", "{square}", "--terrain", "tunel"], "did you mean 'tunnel'"),
        (["mutate", "{square}", "--seed", "x"], "seed: got 'x', wanted an integer"),
        (["run", "--evolve.format", "ed"], "evolve.format: got 'ed', wanted 'numbered', 'carper'"),
        (["run", "--config", "absent"], "--config: got 'absent', wanted a path or one of"),
        (["run", "--evolve.iteratons", "3"], "evolve.iteratons: unknown key"),
        (["run", "--evolve.iterations"], "--evolve.iterations: got no value"),
        (["run", "stray"], "got 'stray', wanted --section.key value"),
        (["run", "--terrain.swamp.depth", "3"], "terrain swamp: unknown terrain: got"),
        (["run", "--terrain.tunnel.depth", "3"], "depth"),
        (
            ["run", "--evolve.seed_programs", '["absent.py"]'],
            "evolve.seed_programs: got 'absent.py'",
        ),
        (
            ["run", "--evolve.model", "absent"],
            "model: got 'absent', wanted a folder, owner/name or",
        ),
        (["run", "--conditional.batch", "7"], "conditional.batch: got 7, wanted a multiple of 12"),
        (["run", "--grid.upper", "[0, 24, 300]"], "grid"),
        (["run", "--terrain.hills.seed", "1.5"], "terrain hills: "),
        (["run", "--terrain.rough1.like", "poett"], "terrain rough1: like: unknown terrain: got"),
        (["run", "--terrain.rough1.seed", "3"], "terrain rough1: unknown terrain: got 'rough1'"),
        (["run", "--terrain.r.like", "poet", "--terrain.r.hight", "3"], "terrain r: unknown param"),
        (["run", "--terrain.flat.like", "poet"], "terrain flat: like: got 'poet' for a terrain"),
        (["run", "--evolve.terrain", "absent.json"], "terrain absent.json: "),
        (["run", "--conditional.terrains", '["absent.json"]'], "terrain absent.json: "),
        (["simulate", "{square}", "--terrain", "r2", "--terrain.r1.like", "poet"], "mean 'r1'"),
        (["simulate", "{square}", "--terrain.poet.gap_depth", "deep"], "terrain.poet: gap_depth"),
        (["terrains", "swamp"], "terrain swamp: unknown terrain: got 'swamp', want one of"),
        (["terrains", "-o", "sheet.jpg"], "-o: got 'sheet.jpg', wanted a file that ends in .png"),
        (["evolve", "--finetune-operator", "3"], "got '3', wanted --section.key value"),
        (["evolve", "--finetune-operator", "--evolve.format", "carper"], "wanted 'numbered'"),
        (["evolve", "--operator.every", "4", "--evolve.operators", '["tree"]'], "operator.every"),
        (["evolve", "--operator.initial_seeds", '["cppn"]'], "got 'cppn', wanted 'square', 'rad"),
        (["evolve", "--operator.replay", "1"], "operator.replay: got 1"),
        (["run", "--finetune-operator"], "--finetune-operator: no such option"),
        (["experiment"], "the following arguments are required: EXPERIMENT"),
        (["experiment", "bugs", "--operators", "tree"], "invalid choice: 'tree'"),
        (["experiment", "bugs", "--operators"], "expected at least one argument"),
        (["experiment", "bugs", "--tasks", "cubic"], "invalid choice: 'cubic'"),
        (["experiment", "bugs", "--trials", "0"], "got '0', wanted an integer of 1 or more"),
        (["experiment", "bugs", "--repeats", "x"], "got 'x', wanted an integer of 1 or more"),
        (["experiment", "bugs", "--rate", "1.5"], "got '1.5', wanted a number above 0"),
        (["experiment", "bugs", "--rate", "nan"], "got 'nan', wanted a number above 0"),
        (
            ["experiment", "bugs", "--model", "absent"],
            "got 'absent', wanted a folder, owner/name or",
        ),
        (["experiment", "bugs", "--run", "."], "--run: . holds no experiment"),
        (["experiment", "bugs", "--run", "{square}"], "square.py holds no experiment"),
        (["experiment", "bugs", "stray"], "got 'stray', wanted --section.key value"),
        (["walk"], "invalid choice: 'walk'"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    tmp_path, monkeypatch, capsys, arguments, message
) -> None:
    monkeypatch.chdir(tmp_path)
    (square,) = write(tmp_path, square=SEEDS["square"])
    try:
        code = cli.main([argument.format(square=square) for argument in arguments])
    except SystemExit as exited:  # raised by argparse
        code = exited.code
    error = capsys.readouterr().err
    assert code == 2
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert error.startswith("elmjax")


def test_a_wrong_run_leaves_nothing_half_made(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["run", "--run", "mine", "--evolve.model", "absent"]) == 2
    assert not (tmp_path / "mine").exists()


def test_finetuning_the_operator_is_a_setting_with_a_flag(tmp_path, monkeypatch) -> None:
    rounds = []
    monkeypatch.setattr(
        "elmjax.stages.pipeline.stage_1", lambda run: rounds.append(run.config.operator.rounds)
    )
    monkeypatch.setattr("elmjax.stages.pipeline.show", lambda *_: None)
    for name, arguments in (
        ("off", []),
        ("on", ["--finetune-operator"]),
        ("on", []),  # the folder knows
        ("twice", ["--finetune-operator", "--operator.rounds", "2"]),
    ):
        assert cli.main(["evolve", "--run", str(tmp_path / name), *arguments]) == 0
    assert rounds == [0, 1, 1, 2]


def test_a_machine_that_cannot_lock_programs_down_is_told_so(tmp_path, monkeypatch, capsys) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise LockdownUnavailable("this kernel has no seccomp")

    monkeypatch.setattr("elmjax.stages.simulate.open_pool", refuse)
    (square,) = write(tmp_path, square=SEEDS["square"])
    assert cli.main(["simulate", square]) == 1
    error = capsys.readouterr().err
    assert error.startswith("elmjax simulate: ")
    assert "this kernel has no seccomp" in error
    assert len(error.splitlines()) == 1


def test_help_explains_every_command() -> None:
    done = elmjax("--help")
    assert done.returncode == 0
    commands = "run pretrain evolve finetune conditional simulate mutate experiment terrains config"
    for command in commands.split():
        assert command in done.stdout


def test_experiment_bugs_writes_results_table_and_plot(tmp_path, capsys) -> None:
    folder = tmp_path / "bugs"
    arguments = "--operators gp --tasks quadratic --gp-trials 2000 --rate 0.15 --repeats 2"
    for _ in range(2):  # the second time nothing is left to measure
        assert cli.main(["experiment", "bugs", "--run", str(folder), *arguments.split()]) == 0
        assert "Quadratic, 2 bugs" in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == [
        "results.json",
        "success.png",
        "table.md",
    ]
    rows = json.loads((folder / "results.json").read_text())["rows"]
    assert [row["condition"]["bugs"] for row in rows] == [1, 2, 1, 2]


def test_config_prints_what_it_reads_back(tmp_path) -> None:
    printed = elmjax("config", "--config", "quickstart", "--seed", "7").stdout
    path = tmp_path / "mine.toml"
    path.write_text(printed)
    assert elmjax("config", "--config", str(path)).stdout == printed
    assert "seed = 7" in printed


def test_compiled_programs_are_kept_in_the_users_cache(tmp_path, monkeypatch) -> None:
    [program] = write(tmp_path, square=SEEDS["square"])
    for name in ("JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    done = elmjax("simulate", program, "--seconds", "0.1", "--physics.backend", "xla")
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "cache" / "elmjax" / "jax").iterdir())


def test_a_cache_that_the_environment_names_is_used(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "own"))
    cli._keep_what_is_compiled()
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path / "own")
