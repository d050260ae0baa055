import dataclasses

import pytest

from elmjax import diffs
from elmjax.config import ConfigError
from elmjax.diffs import Completion, unified
from elmjax.mutators import LanguageMutator, tree_mutator
from elmjax.programs import SEEDS
from elmjax.stages.mutate import as_line, mutate_files

KEYS = [
    *("operator", "message", "diff", "program", "outcome", "reason"),
    *("displacement", "distance", "width", "height", "mass"),
]


@pytest.fixture
def config(small_config):
    return dataclasses.replace(small_config, seconds=0.0)


@pytest.fixture
def seeds(tmp_path):
    """The files of two seeds, by name."""
    paths = {name: tmp_path / f"{name}.py" for name in ("square", "radial")}
    for name, path in paths.items():
        path.write_text(f"# A comment that no operator sees.\n{SEEDS[name]}")
    return paths


def test_every_child_is_a_line_that_says_what_became_of_it(config, seeds, monkeypatch) -> None:
    square = SEEDS["square"]
    wide = square.replace("0, 0, 10, 10)", "0, 0, 15, 10)")
    failing = square.replace("add_joint(5, 5)", "add_joint(5, 1 / 0)")
    written = [
        Completion(str(diffs.NUMBERED.completion((square,), child)), True)
        for child in (wide, failing, square.replace("center = wc", "center = ("))
    ]
    answers = [*written, Completion("<|0|><|1|>", False)]
    monkeypatch.setattr(LanguageMutator, "_complete", lambda *_: [[answer] for answer in answers])
    lines = [
        as_line(mutation)
        for mutation in mutate_files([seeds["square"]], "diff", 4, config, "Fix.").made
    ]
    assert [list(line) for line in lines] == [KEYS] * 4
    assert [line["outcome"] for line in lines] == ["ok", "runtime", "syntax", "unfinished"]
    assert {(line["operator"], line["message"]) for line in lines} == {("diff", "Fix.")}
    ok, *others = lines
    # The square is 10 m high; it was made 15 m wide, and no time passed.
    assert (ok["width"], ok["height"], ok["displacement"], ok["distance"]) == (15, 10, 0, 0)
    assert ok["reason"] == ""
    assert unified.apply_unified(ok["diff"], square) == ok["program"] == wide
    for line in others:
        assert line["reason"]
        assert all(line[key] is None for key in KEYS[6:])
    assert lines[3]["program"] is None
    assert lines[3]["diff"] == "<|0|><|1|>"


def test_every_child_has_a_message_of_its_own_and_a_seed_repeats_them(config, seeds) -> None:
    first, again = (mutate_files([seeds["square"]], "diff", 18, config).made for _ in range(2))
    assert first == again
    assert len({mutation.record.message for mutation in first}) == 3
    other = mutate_files([seeds["square"]], "diff", 18, dataclasses.replace(config, seed=1)).made
    assert other != first


def test_a_comment_in_the_file_is_no_part_of_the_diff(config, seeds) -> None:
    for mutation in mutate_files([seeds["square"]], "tree", 4, config).made:
        child = unified.apply_unified(mutation.record.diff, SEEDS["square"])
        assert mutation.program in (None, child)


def test_crossover_makes_children_of_each_program_in_turn(config, seeds, monkeypatch) -> None:
    monkeypatch.setattr(LanguageMutator, "_complete", lambda _, ids, *__: [[None] for _ in ids])
    made = mutate_files(list(seeds.values()), "crossover", 3, config).made
    assert [mutation.path for mutation in made] == [*seeds.values(), seeds["square"]]
    assert {mutation.record.operator for mutation in made} == {"crossover"}


def test_tree_children_are_those_of_the_operator(config, seeds, monkeypatch) -> None:
    asked = []

    def record(parents, children, seed):
        asked.append((list(parents), children))
        return tree_mutator(parents, children, seed)

    monkeypatch.setattr("elmjax.stages.mutate.make_mutator", lambda *_, **__: record)
    mutate_files([seeds["square"]], "tree", 20, config)
    assert asked == [([SEEDS["square"]] * 16, 1), ([SEEDS["square"]] * 4, 1)]


@pytest.mark.parametrize(
    ("names", "operator", "message"),
    [
        (["square", "radial"], "diff", "PROGRAM.py: got 2, wanted one for 'diff'"),
        (["square"], "crossover", "PROGRAM.py: got 1, wanted two or more for 'crossover'"),
    ],
)
def test_an_operator_takes_as_many_programs_as_it_reads(config, seeds, names, operator, message):
    with pytest.raises(ConfigError, match=message):
        mutate_files([seeds[name] for name in names], operator, 1, config)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"def f(:", "got no Python program"), (b"\xff", "is not UTF-8"), (b"\0", "got no Python")],
)
def test_a_file_without_a_program_is_refused(config, tmp_path, content, message) -> None:
    path = tmp_path / "walker.py"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        mutate_files([path], "tree", 1, config)
