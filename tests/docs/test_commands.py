"""Every command that the documentation shows is run, or stands on a list that says why not."""

import contextlib
import functools
import io
import re
import shlex
import shutil
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from elmjax import cli
from elmjax.programs import SEEDS, SPATIAL_SEEDS
from tests.docs.shown import ROOT, Command, all_commands, commands

LIST = tomllib.loads((Path(__file__).parent / "commands.toml").read_text())
PLACES = {"DIR": "tiny", "RUN": "runs/demo", "RUN#best": "runs/demo#best"}
COPIES = ("mine", "a", "b", "ditches")  # of the run that is there
SUBJECTS = ("bench", "experiment")  # commands with another one below them
START = ("evolve", "run", "pretrain", "experiment")  # commands that begin a run


def listed() -> Counter[str]:
    """How often every command stands on the list."""
    run = [entry["shown"] for kind in ("quick", "slow") for entry in LIST[kind]]
    return Counter(run + [shown for entry in LIST["not"] for shown in entry["shown"]])


def is_name(command: Command) -> bool:
    """Whether a text names a command, or an option of one, without saying how to call it."""
    rest = command.words[1 + len(subcommand(command.words)) :]
    return not command.in_block and all(word.startswith("--") for word in rest)


def subcommand(words: list[str]) -> list[str]:
    """`bench physics` of `elmjax bench physics --help`; of `make`, its target."""
    return words[1:3] if words[1:2] and words[1] in SUBJECTS else words[1:2]


def called() -> list[Command]:
    return [command for command in all_commands() if not is_name(command)]


def test_every_command_that_is_shown_is_on_the_list() -> None:
    missing = {command.text: command.page for command in called() if not listed()[command.text]}
    assert missing == {}, "say in tests/docs/commands.toml what to do with these"


def test_every_command_on_the_list_is_shown_and_stands_there_once() -> None:
    shown = {command.text for command in called()}
    assert [text for text in listed() if text not in shown] == []
    assert [text for text, count in listed().items() if count > 1] == []


def test_commands_are_found_wherever_markdown_may_hold_them() -> None:
    page = (
        "    elmjax first --x 1   # why\n\ntext `elmjax second\n'a b'` and `elmjax`, `not one`\n\n"
        "```python\nelmjax_third()\n```\n\n```sh\nelmjax fourth RUN#best \\\n  -o x\n```\n\n"
        "1. a list\n   goes on\n\n    make fifth\n    elmjax sixth\n"
    )
    assert [command.text for command in commands(page, "p")] == [
        "elmjax fourth RUN#best -o x",
        "elmjax first --x 1",
        "make fifth",
        "elmjax sixth",
        "elmjax second 'a b'",
    ]


@functools.cache
def help_of(words: tuple[str, ...]) -> str:
    """What a command of elmjax says of itself; fails where there is none."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told), pytest.raises(SystemExit) as ended:
        cli.main([*words, "--help"])
    assert ended.value.code == 0, words
    return told.getvalue()


@functools.cache
def settings() -> str:
    """Every setting by its dotted name, one a line."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        cli.main(["config"])

    def names(values: dict, before: str) -> list[str]:
        found = []
        for key, value in values.items():
            found.append(before + key)
            if isinstance(value, dict):
                found += names(value, f"{before}{key}.")
        return found

    return "\n".join(names(tomllib.loads(told.getvalue()), ""))


@pytest.mark.parametrize(
    "text", sorted({command.text for command in all_commands() if command.words[0] == "elmjax"})
)
def test_commands_and_options_exist_also_where_they_are_only_named(text) -> None:
    words = shlex.split(text)
    of_command = help_of(tuple(subcommand(words)))
    for word in words:
        if word.startswith("--") and "." in word:
            assert re.search(rf"^{re.escape(word[2:])}$", settings(), re.MULTILINE), word
        elif word.startswith("--") and word != "--seconds":
            assert re.search(rf"{word}\b", of_command), word


def test_targets_of_make_and_paths_of_tests_exist() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for command in all_commands():
        if command.words[0] == "make":
            assert command.words[1] in targets, command
        for word in command.words:
            if re.match(r"(tests|tpu|docs)/\S+\.(py|sh|yaml)$", word):
                assert (ROOT / word).is_file(), command


@pytest.fixture(scope="session")
def workplace(tmp_path_factory, model_folder) -> Path:
    """A folder with what commands are shown to read: programs, a terrain, a model, runs."""
    folder = tmp_path_factory.mktemp("commands")
    tour = (ROOT / "docs" / "tour.md").read_text()
    for name, language in (("walker.py", "python"), ("ditches.json", "json")):
        block = re.search(rf"```{language}\n(.*?)```", tour, re.DOTALL)
        (folder / name).write_text(block[1])
    (folder / "a.py").write_text(SEEDS["square"])
    (folder / "b.py").write_text(SEEDS["radial"])
    (folder / "cube.py").write_text(SPATIAL_SEEDS["cube"])
    shutil.copytree(ROOT / "docs" / "pictures", folder / "docs" / "pictures")
    shutil.copytree(model_folder, folder / "tiny")
    run = ["evolve", "--config", "quickstart", "--run", str(folder / "runs" / "demo")]
    assert cli.main([*run, "--evolve.operators", '["tree"]', *expanded("EVOLVE")]) == 0
    for name in COPIES:
        shutil.copytree(folder / "runs" / "demo", folder / "runs" / name)
    return folder


def expanded(adds: str) -> list[str]:
    """The words that make a command small."""
    words = [LIST["words"].get(word, word) for word in adds.split(" ")]
    return shlex.split(" ".join(words))


def cases(kind: str) -> list:
    return [pytest.param(entry, id=entry["shown"]) for entry in LIST[kind]]


def carry_out(entry: dict[str, str], folder: Path) -> int:
    """Runs a command as it is shown, made small."""
    shown = [PLACES.get(word, word) for word in shlex.split(entry["shown"])]
    if shown[1] in START and "--run" in shown:
        shutil.rmtree(folder / shown[shown.index("--run") + 1], ignore_errors=True)
    return cli.main([*shown[1:], *expanded(entry.get("adds", ""))])


@pytest.mark.parametrize("entry", cases("quick"))
def test_what_is_shown_works(entry, workplace, tmp_path, monkeypatch) -> None:
    check(entry, workplace, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("entry", cases("slow"))
def test_what_is_shown_works_where_it_takes_longer(entry, workplace, tmp_path, monkeypatch) -> None:
    check(entry, workplace, tmp_path, monkeypatch)


def check(entry: dict[str, str], workplace: Path, folder: Path, monkeypatch) -> None:
    shutil.copytree(workplace, folder, dirs_exist_ok=True)
    monkeypatch.chdir(folder)
    assert carry_out(entry, folder) == 0
    words = shlex.split(entry["shown"])
    if "-o" in words:
        assert (folder / words[words.index("-o") + 1]).stat().st_size > 0
