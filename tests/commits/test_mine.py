import os
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from elmjax.commits import Dropped, GitError, Limits, Mined, Triple, mine, read_triples
from elmjax.diffs import unified
from tests.commits.conftest import FILE, Repository

CHANGED = FILE.replace("steps\n", "steps + 1\n")
ROOT = {Dropped.ROOT: 1}


@pytest.fixture
def mined(tmp_path):
    """Mines repositories into a folder: what each gave, and the triples to learn from."""

    def start(*repositories: Repository, **settings) -> tuple[list[Mined], list[Triple]]:
        folder = tmp_path / f"mined-{len(list(tmp_path.glob('mined-*')))}"
        limits = Limits(**settings.pop("limits", {}))
        given = {"split": "commit", "test_share": 0.0, "seed": 0} | settings
        told = mine([each.folder for each in repositories], folder, limits=limits, **given)
        assert all(
            one.commits == one.kept.total() + one.dropped.total() for one in told
        )  # none is lost
        return told, list(read_triples(folder, "train"))

    return start


def dropped(told: list[Mined]) -> dict[Dropped, int]:
    return dict(sum((one.dropped for one in told), Counter()) - Counter(ROOT))


def test_a_commit_is_a_file_a_message_and_a_diff(repository, mined) -> None:
    id = repository.commit("Take one more step.\n\nSteps were too few.\n", a=CHANGED)
    told, (triple,) = mined(repository)
    assert triple == Triple(
        repository="repository",
        commit=id,
        path="a.py",
        message="Take one more step.\n\nSteps were too few.",
        before=FILE,
        diff="@@ -1,2 +1,2 @@\n def walk(steps):\n-    return steps\n+    return steps + 1\n",
        after=CHANGED,
    )
    assert (told[0].name, told[0].head, told[0].commits) == ("repository", id, 2)
    assert dropped(told) == {}
    # git agrees.
    shown = repository.git("show", "--format=", id)
    assert triple.diff.strip() in shown


def test_every_diff_gives_the_file_after_it(repository, mined) -> None:
    lines = [f"x{i} = {i}\n" for i in range(60)]
    repository.commit("Write many lines.", a="".join(lines))
    lines[3:5] = ["y = 3\n"]
    lines.insert(40, "\n\f\n# a form feed, a \u2028 separator, a lone \r return\n")
    del lines[50]
    repository.commit("Change some of the lines.", a="".join(lines))
    _, triples = mined(repository)
    assert len(triples) == 2
    for triple in triples:
        assert unified.apply_unified(triple.diff, triple.before) == triple.after
    assert triples[0].diff.count("\n@@ ") + 1 == 3


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("Fixed bugs.", "Fixed bugs."),
        ("  Take a step.  \n\n\n", "Take a step."),
        ("Take a step.\r\n\r\nYes.\r\n", "Take a step.\n\nYes."),
        ("Take a step.\n\nSigned-off-by: A <a@b>\nChange-Id: I12\n", "Take a step."),
        ("Use CC the compiler.\nCC is set.", "Use CC the compiler.\nCC is set."),
        ("Schritte zählen: größer ✓", "Schritte zählen: größer ✓"),
        ("\x01\x01:100644 looks like git's own", "\x01\x01:100644 looks like git's own"),
        ("step", Dropped.MESSAGE_SHORT),
        ("Update a.py", Dropped.MESSAGE_EMPTY),
        ("Minor fixes", Dropped.MESSAGE_EMPTY),
        ("initial commit!", Dropped.MESSAGE_EMPTY),
        ("Bump version to 1.2.3", Dropped.MESSAGE_EMPTY),
        ("Take a step. " * 100, Dropped.MESSAGE_LONG),
    ],
)
def test_messages(repository, mined, message, kept) -> None:
    repository.commit(message, a=CHANGED)
    told, triples = mined(repository)
    if isinstance(kept, Dropped):
        assert dropped(told) == {kept: 1}
    else:
        assert [triple.message for triple in triples] == [kept]


def test_a_message_that_is_no_text(repository, mined) -> None:
    repository.commit("Take one more step.", a=CHANGED)
    # git itself would mend the message.
    raw = repository.git("cat-file", "commit", "HEAD").replace("more", "m@re") + "\n"
    (repository.folder.parent / "raw").write_bytes(raw.encode().replace(b"@", b"\xf6"))
    stored = repository.git(
        "hash-object", "-t", "commit", "-w", str(repository.folder.parent / "raw")
    )
    repository.git("reset", "-q", "--hard", stored)
    assert dropped(mined(repository)[0]) == {Dropped.MESSAGE_NOT_TEXT: 1}


def test_a_message_in_the_encoding_that_it_names_is_read(repository, mined) -> None:
    repository.git("config", "i18n.commitEncoding", "ISO-8859-1")
    repository.commit("Schritte zählen".encode("latin-1"), a=CHANGED)
    assert mined(repository)[1][0].message == "Schritte zählen"


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (CHANGED.replace("\n", "\r\n"), CHANGED),
        ("\ufeff" + CHANGED, CHANGED),
        (CHANGED.removesuffix("\n"), CHANGED),
        ("# größer\n" + CHANGED, "# größer\n" + CHANGED),
        ("# größer\n".encode("latin-1") + CHANGED.encode(), Dropped.FILE_NOT_TEXT),
        (b"\0" + CHANGED.encode(), Dropped.FILE_NOT_TEXT),
        (FILE.replace("\n", "\r\n"), Dropped.NO_CHANGE),
        (FILE.removesuffix("\n"), Dropped.NO_CHANGE),
        (FILE + "x = 1\n" * 1000, Dropped.DIFF_LARGE),
        (FILE + "x = 1\n" * 2000, Dropped.FILE_LARGE),
        (FILE + "x = 1\n" * 200_000, Dropped.FILE_LARGE),
    ],
)
def test_files(repository, mined, content, kept) -> None:
    repository.commit("Change the file.", a=content)
    told, triples = mined(repository)
    if isinstance(kept, Dropped):
        assert dropped(told) == {kept: 1}
    else:
        assert [triple.after for triple in triples] == [kept]


def test_what_follows_a_huge_file_is_read_right(repository, mined) -> None:
    repository.commit("Take one more step.", a=CHANGED)
    repository.commit("Make it huge by far.", a=FILE + "x = 1\n" * 200_000)
    repository.commit("Make it small again.", a=FILE + "x = 1\n")
    repository.commit("Take two, not one.", a=FILE + "x = 2\n")
    told, triples = mined(repository)
    assert [triple.message for triple in triples] == ["Take two, not one.", "Take one more step."]
    assert dropped(told) == {Dropped.FILE_LARGE: 2}


def test_commits_that_change_other_things(repository, mined) -> None:
    repository.commit("Add another file.", b=FILE)
    repository.commit("Change two files.", a=CHANGED, b=CHANGED)
    repository.git("mv", "b.py", "c.py")
    repository.commit("Rename a file, no more.")
    repository.git("rm", "-q", "c.py")
    repository.commit("Delete that file.")
    repository.write("README", "words")
    repository.commit("Write no Python.")
    repository.commit("Change nothing at all.")
    (repository.folder / "a.py").chmod(0o755)
    repository.commit("Let it be executed.")
    (repository.folder / "l.py").symlink_to("a.py")
    repository.commit("Add a link to it.")
    (repository.folder / "l.py").unlink()
    (repository.folder / "l.py").symlink_to("b.py")
    repository.commit("Change the link to it.")
    told, triples = mined(repository)
    assert triples == []
    assert dropped(told) == {
        Dropped.ADDED_OR_DELETED: 3,
        Dropped.SEVERAL_FILES: 1,
        Dropped.RENAMED: 1,
        Dropped.NO_PYTHON: 2,
        Dropped.NO_CHANGE: 1,
        Dropped.NOT_A_FILE: 1,
    }


def test_other_files_beside_the_one(repository, mined) -> None:
    repository.write("README", "words")
    repository.commit("Take one more step, and say so.", a=CHANGED)
    assert dropped(mined(repository)[0]) == {Dropped.SEVERAL_FILES: 1}
    _, triples = mined(repository, limits={"other_files": True})
    assert [triple.after for triple in triples] == [CHANGED]


def test_merges_are_dropped_and_both_sides_kept(repository, mined) -> None:
    repository.git("checkout", "-q", "-b", "side")
    repository.commit("Take one more step.", a=CHANGED)
    repository.git("checkout", "-q", "main")
    repository.commit("Add another file.", b=FILE)
    repository.commit("Let the other take steps.", b=CHANGED + "x = 1\n")
    repository.git("merge", "-q", "--no-ff", "-m", "Merge the side into main.", "side")
    told, triples = mined(repository)
    assert dropped(told) == {Dropped.MERGE: 1, Dropped.ADDED_OR_DELETED: 1}
    assert {triple.message for triple in triples} == {
        "Take one more step.",
        "Let the other take steps.",
    }


@pytest.mark.parametrize(
    "name", ["with space.py", "tab\tand\nline.py", "größe.py", ":100644 x.py", "\x01x.py", "-x.py"]
)
def test_names_of_all_kinds(repository, mined, name) -> None:
    for content in (FILE + "x = 1\n", CHANGED):
        repository.write(name, content)
        repository.commit("Take one more step.")
    assert [triple.path for triple in mined(repository)[1]] == [name]


def test_a_name_that_is_no_text(repository, mined) -> None:
    for content in (FILE + "x = 1\n", CHANGED):
        (Path(repository.folder) / os.fsdecode(b"\xff.py")).write_text(content)
        repository.commit("Take one more step.")
    assert dropped(mined(repository)[0]) == {Dropped.ADDED_OR_DELETED: 1, Dropped.NOT_A_FILE: 1}


def test_a_change_counts_once_wherever_it_was_made(repository, new_repository, mined) -> None:
    repository.commit("Take one more step.", a=CHANGED)
    repository.commit("Take that step back.", a=FILE)
    repository.commit("Take one more step.", a=CHANGED)
    fork = new_repository("fork")
    fork.git("pull", "-q", str(repository.folder), "main")
    fork.commit("Take another step.", a=CHANGED.replace("+ 1", "+ 2"))
    told, triples = mined(repository, fork)
    assert [one.dropped[Dropped.DUPLICATE] for one in told] == [1, 3]
    assert [one.kept["train"] for one in told] == [2, 1]
    assert [triple.repository for triple in triples] == ["repository"] * 2 + ["fork"]


def test_a_content_that_is_missing(repository, mined) -> None:
    repository.commit("Take one more step.", a=CHANGED)
    blob = repository.git("rev-parse", "HEAD:a.py")
    (repository.folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    assert dropped(mined(repository)[0]) == {Dropped.MISSING: 1}


def test_nothing_of_the_repository_is_run(repository, mined, tmp_path) -> None:
    repository.commit("Take one more step.", a=CHANGED)
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for setting in (
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "gpg.program",
        "diff.x.command",
    ):
        repository.git("config", setting, str(trap))
    repository.git("config", "diff.x.textconv", str(trap))
    repository.git("config", "log.showSignature", "true")
    repository.write(".git/info/attributes", "*.py diff=x\n")
    assert len(mined(repository)[1]) == 1
    assert not (tmp_path / "sprung").exists()


def test_a_share_of_commits_is_held_out(repository, tmp_path) -> None:
    for step in range(2, 202):
        repository.commit(
            f"Take {step} more steps.", a=FILE.replace("steps\n", f"steps + {step}\n")
        )

    def ids(seed: int, share: float) -> tuple[set[str], set[str]]:
        folder = tmp_path / f"{seed}-{share}"
        mine(
            [repository.folder],
            folder,
            limits=Limits(),
            split="commit",
            test_share=share,
            seed=seed,
        )
        return tuple(
            {each.commit for each in read_triples(folder, name)} for name in ("train", "test")
        )

    train, test = ids(0, 0.3)
    assert len(train) + len(test) == 200
    assert not train & test
    assert 40 <= len(test) <= 80  # 60 expected; 20 are three deviations
    assert ids(1, 0.3)[1] != test
    assert test < ids(0, 0.5)[1]


def test_whole_repositories_are_held_out(new_repository, mined, tmp_path) -> None:
    made = [new_repository(f"r{number}") for number in range(4)]
    for number, each in enumerate(made):
        each.commit("Add the file of all tests.", a=FILE)
        each.commit("Take some more steps.", a=FILE.replace("steps\n", f"steps + {number}\n"))
    told, train = mined(*made, split="repository", test_share=0.25)
    assert [one.kept.total() for one in told] == [1] * 4
    assert sum(one.kept["test"] for one in told) == 1
    assert len(train) == 3
    with pytest.raises(ValueError, match="got 1 of them to hold 1 out"):
        mined(made[0], split="repository", test_share=0.25)


def test_many_commits_go_to_several_groups_and_files(repository, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("elmjax.commits.folder.ROWS_PER_GROUP", 2)
    monkeypatch.setattr("elmjax.commits.folder.GROUPS_PER_FILE", 2)
    for step in range(9):
        repository.commit(f"Take {step} more steps.", a=FILE + f"x = {step}\n")
    mine(
        [repository.folder], tmp_path / "out", limits=Limits(), split="commit", test_share=0, seed=0
    )
    names = sorted(path.name for path in (tmp_path / "out" / "data").iterdir())
    assert names == [f"train-0000{part}-of-00003.parquet" for part in range(3)]
    rows = [pq.read_table(tmp_path / "out" / "data" / name).num_rows for name in names]
    assert rows == [4, 4, 1]
    messages = [triple.message for triple in read_triples(tmp_path / "out", "train")]
    assert messages == [f"Take {step} more steps." for step in reversed(range(9))]


def test_the_card_says_what_became_of_every_commit(repository, mined, tmp_path) -> None:
    repository.commit("wip", a=CHANGED)
    repository.commit("Take two more steps.", a=CHANGED + "x = 1\n")
    mined(repository)
    card = (tmp_path / "mined-0" / "README.md").read_text()
    assert "|  | all | 3 |" in card
    assert "| message_short | the message is too short | 1 |" in card
    assert "| root | no parent: all its files are added | 1 |" in card
    assert "|  | kept | 1 |" in card
    assert "path: data/train-*" in card
    assert "data/test-*" not in card
    assert str(tmp_path) not in card


@pytest.mark.parametrize("kind", ["empty", "none", "within"])
def test_what_is_no_repository_is_refused_in_a_line(new_repository, tmp_path, kind) -> None:
    made = new_repository("made")
    place = {"empty": made.folder, "none": tmp_path / "no", "within": made.folder / "sub"}[kind]
    if kind == "within":
        made.commit("Take a step.", a=FILE)
        place.mkdir()
    with pytest.raises(GitError) as refused:
        mine([place], tmp_path / "out", limits=Limits(), split="commit", test_share=0, seed=0)
    assert str(place) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_a_repository_that_breaks_leaves_nothing_behind(repository, tmp_path) -> None:
    repository.commit("Take one more step.", a=CHANGED)
    first = repository.git("rev-parse", "HEAD~1")
    (repository.folder / ".git/objects" / first[:2] / first[2:]).unlink()
    with pytest.raises(GitError, match="repository"):
        mine(
            [repository.folder],
            tmp_path / "out",
            limits=Limits(),
            split="commit",
            test_share=0,
            seed=0,
        )
    assert {path.name for path in tmp_path.iterdir()} == {"repository", "message"}
