import random

import pytest

from elmjax import cli, diffs
from elmjax import config as configuration
from elmjax.commits import Limits, Triple, mine
from elmjax.config import ConfigError
from elmjax.diffs import carper, numbered
from elmjax.lm import store
from elmjax.lm.tokenizer import Tokenizer
from elmjax.stages import mined, rates
from elmjax.stages.pretrain import pretrain
from elmjax.stages.run import Run
from tests.commits.conftest import Repository

LINES = [f"x{i} = {i}\n" for i in range(200)]


def triple(before: list[str], after: list[str], message: str = "Change it.\n\nBody.") -> Triple:
    edit = diffs.between("".join(before), "".join(after))
    diff = diffs.unified.render(edit, "".join(before))
    return Triple(
        repository="r",
        commit="0",
        path="pkg/a.py",
        message=message,
        before="".join(before),
        diff=diff.removeprefix(diffs.unified.FILE_HEADER),
        after="".join(after),
    )


def changed(*places: int) -> Triple:
    return triple(LINES, [f"y{i} = 0\n" if i in places else line for i, line in enumerate(LINES)])


@pytest.mark.parametrize("places", [(0,), (99,), (199,), (90, 120), (0, 63), (136, 199)])
def test_numbered_edits_stand_in_some_lines_of_their_file(places) -> None:
    (edited,) = mined.edited([changed(*places)], 64, seed=0)
    shown = edited.program.splitlines(keepends=True)
    start = LINES.index(shown[0])
    assert shown == LINES[start : start + 64]
    ((message, written),) = edited.edits
    assert message == "Change it."
    child = diffs.apply(numbered.parse(written), edited.program)
    assert child == "".join(
        f"y{i} = 0\n" if i in places else line
        for i, line in list(enumerate(LINES))[start : start + 64]
    )


def test_edits_stand_anywhere_in_their_lines() -> None:
    many = mined.edited([changed(100)] * 300, 8, seed=0)
    assert {each.program.splitlines().index("x100 = 100") for each in many} == set(range(8))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LINES[:3], [*LINES[:3], "added = 1\n"]),
        (LINES[:3], ["added = 1\n", *LINES[:3]]),
        (LINES[:3], LINES[:1]),
        (["\n"], ["x = 1\n"]),
        (LINES[:3], ["\n"]),
        (LINES[:3], ["x = 1\n", *LINES[:3], *LINES[:100]]),
    ],
)
def test_files_that_grow_and_shrink(before, after) -> None:
    (edited,) = mined.edited([triple(before, after)], 64, seed=0)
    assert edited.program == "".join(before)
    ((_, written),) = edited.edits
    assert diffs.apply(numbered.parse(written), edited.program) == "".join(after)


def test_what_cannot_be_written_is_left_out() -> None:
    forged = triple(["x = 1\n"], ["x = '<|end|>'\n"])
    told = triple(["x = 1\n"], ["x = 2\n"], "Change <|end|>.")
    wide = changed(0, 64)
    assert mined.edited([forged, told, wide], 64, seed=0) == []
    tokenizer = Tokenizer.train(["x = 1\n"], entries=300)
    marked = triple(["x = '<MSG>'\n"], ["x = 2\n"])
    assert mined.carper_documents([forged, told, marked], tokenizer, 1.0) == []


def test_carper_documents_are_what_such_a_model_is_asked_and_writes() -> None:
    tokenizer = Tokenizer.train(LINES, entries=300)
    change = triple(LINES[:3], [LINES[0], "y = 1\n", LINES[2]])
    (document,) = mined.carper_documents([change], tokenizer, 0.25)
    before = "".join(LINES[:3])
    assert tokenizer.decode(document.prompt) == (
        f"<NME> pkg/a.py\n<BEF> {before.strip()}\n<MSG> Change it.\n\nBody.\n<DFF>"
    )
    ((*written, end),) = document.continuations
    assert end == tokenizer.end
    text = tokenizer.decode(written)
    assert text == " @@ -2,1 +2,1 @@\n-x1 = 1\n+y = 1\n"
    completion = diffs.Completion(text, ended=True)
    assert carper.CARPER.child(completion, [before]) == change.after
    assert document.prompt_weight == 0.25


SMALL = {
    "seconds": "0.1",
    "evolve.max_new_tokens": "8",
    "pretrain.model": "{layers = 1, width = 16, heads = 2, hidden = 16}",
    "pretrain.optimiser": "{steps = 2, learning_rate = 1e-3, rows = 2, row_length = 512}",
    "pretrain.lines": "16",
    "pretrain.rates": "{programs = 2, children = 2}",
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    repository, rng = Repository(folder / "steps"), random.Random(0)
    for step in range(12):
        lines = [f"x{i} = {rng.randrange(9)}\n" for i in range(14)]
        repository.commit(f"Take {step} more steps.", a="".join(lines))
    mine(
        [repository.folder],
        folder / "mined",
        limits=Limits(),
        split="commit",
        test_share=0.3,
        seed=0,
    )
    return folder / "mined"


def config(corpus, **settings):
    own = {"pretrain.corpus": f'"{corpus}"'} | settings
    return configuration.load(None, list((SMALL | own).items()))


@pytest.fixture
def asked(monkeypatch):
    """The formats in which models are rated; what that gives is tried elsewhere."""
    formats = []

    def measure(run, model) -> dict:
        formats.append(run.config.evolve.format)
        return {}

    monkeypatch.setattr(rates, "measure", measure)
    return formats


@pytest.mark.parametrize("format", ["numbered", "carper"])
def test_a_model_learns_mined_commits(corpus, tmp_path, asked, format) -> None:
    with Run.open(tmp_path / "run", config(corpus, **{"pretrain.format": format})) as run:
        summary = pretrain(run)
    assert summary["programs"] == summary["edits"] == summary["commits"] > 4
    assert summary["test_loss"]["after"] < summary["test_loss"]["before"]
    assert asked == [format]
    folder = tmp_path / "run" / "pretrain" / "model"
    assert store.load(folder).line_positions == (format == "numbered")
    card = (folder / "README.md").read_text()
    assert f"{summary['commits']} of the {summary['commits']} commits of the corpus mined" in card
    assert "what the repositories allow" in card
    assert "Apache" not in card


@pytest.mark.slow
def test_a_model_in_carpers_form_is_rated(corpus, tmp_path) -> None:
    with Run.open(tmp_path / "run", config(corpus, **{"pretrain.format": "carper"})) as run:
        summary = pretrain(run)
    # It has learned nothing yet.
    assert summary["rates"]["generated"]["all"]["run"] == 0.0


@pytest.mark.slow
def test_training_goes_on_from_a_model(corpus, tmp_path, model_folder, asked) -> None:
    settings = {"pretrain.init": f'"{model_folder}"', "pretrain.format": "carper"}
    with Run.open(tmp_path / "run", config(corpus, **settings)) as run:
        pretrain(run)
    trained = store.load(tmp_path / "run" / "pretrain" / "model")
    base = store.load(model_folder)
    assert trained.tokenizer.vocab_size == base.tokenizer.vocab_size
    assert trained.config.plain() == base.config.plain()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"pretrain.corpus": '"nowhere"'}, "wanted a folder that elmjax corpus git has written"),
        (
            {"pretrain.format": "carper", "pretrain.rejection.rounds": "1"},
            "pretrain.rejection.rounds: got rounds with pretrain.format 'carper'",
        ),
        ({"pretrain.lines": "1"}, "of which none can be written in the format 'numbered'"),
    ],
)
def test_what_cannot_be_learned_is_refused(corpus, tmp_path, settings, said) -> None:
    given = config(corpus, **settings)
    with Run.open(tmp_path / "run", given) as run, pytest.raises(ConfigError, match=said):
        pretrain(run)


def test_the_command_takes_a_corpus(tmp_path, capsys) -> None:
    words = ["pretrain", "--corpus", str(tmp_path / "no"), "--run", str(tmp_path / "run")]
    assert cli.main(words) == 2
    assert "pretrain.corpus: got" in capsys.readouterr().err
