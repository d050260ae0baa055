import subprocess

import pytest

from elmjax import cli
from elmjax.commits import read_triples


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "steps"
    who = ("-c", "user.name=A", "-c", "user.email=a@b")

    def git(*words: str) -> None:
        subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)

    folder.mkdir()
    git("init", "-q")
    for step in range(3):
        (folder / "a.py").write_text(f"steps = {step}\n")
        git("add", "-A")
        git("commit", "-q", "-m", f"Take {step} steps.")
    return folder


def test_commits_of_a_repository_become_a_corpus(repository, tmp_path, capsys) -> None:
    output = tmp_path / "corpus"
    assert cli.main(["corpus", "git", str(repository), "-o", str(output)]) == 0
    said = capsys.readouterr().out
    assert "3  commits" in said
    assert "1  dropped: no parent" in said
    found = [triple for name in ("train", "test") for triple in read_triples(output, name)]
    assert {triple.after for triple in found} == {"steps = 1\n", "steps = 2\n"}
    assert cli.main(["corpus", "git", str(repository), "-o", str(output)]) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere", "-o", "out"], "nowhere: "),
        (["{repository}", "-o", "out", "--split", "repository"], "got 1 of them to hold 1 out"),
    ],
)
def test_what_cannot_be_mined_is_told_in_a_line(
    repository, tmp_path, monkeypatch, capsys, words, said
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [word.format(repository=repository) for word in words]
    assert cli.main(["corpus", "git", *words]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()
