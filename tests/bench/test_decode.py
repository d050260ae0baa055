"""The command on a tiny model: what it shows and writes, and how it refuses."""

import pytest

from elmjax import cli
from elmjax.bench import decode, decoding, mutation
from elmjax.bench.record import read_record
from elmjax.lm.store import LanguageModel
from elmjax.mutators import Child

TINY = ["--models", "tiny", "--batches", "4", "--children", "2", "--prompt", "8"]
TINY += ["--new-tokens", "4", "--repeats", "2"]


@pytest.fixture(autouse=True)
def small_peaks(monkeypatch, peaks):
    monkeypatch.setattr(decode, "measure_peaks", lambda: peaks)


def test_the_command_shows_rows_and_writes_the_record(tmp_path, capsys):
    assert cli.main(["bench", "decode", *TINY, "--writers", "", "-o", str(tmp_path)]) == 0
    assert "tokens/s" in capsys.readouterr().out
    record = read_record(tmp_path / "decode.json")
    assert [(row["batch"], row["children"]) for row in record["rows"]] == [(4, 2)]
    for row in record["rows"]:
        low, high = row["quartiles"]
        assert 0 < low <= row["tokens_per_second"] <= high
        assert len(row["shared_seconds"]) == len(row["separate_seconds"]) == 2
    assert record["diffs"] == []
    assert "--children 2 --prompt 8" in record["command"]


def test_diffs_are_counted_when_they_apply(monkeypatch):
    def mutate(self, parents, children, seed):
        done = Child(operator="diff", message="", diff="", program="x")
        failed = Child(operator="diff", message="", diff="", program=None)
        return [done, failed] * (len(parents) * children // 2)

    monkeypatch.setattr(mutation.LanguageMutator, "__call__", mutate)
    monkeypatch.setattr(mutation, "_programs", lambda model, count: ["p"] * count)
    model = LanguageModel(params={}, config=decoding.MODELS["tiny"], tokenizer=None)
    rows = list(mutation.sweep({"tiny": model}, (4, 6), (4,), repeats=3))
    assert [(row.batch, row.children, row.applied_share) for row in rows] == [(4, 4, 0.5)]
    assert rows[0].repeat_applied == [2, 2, 2]


def test_nominal_operations_of_a_token():
    case = decoding.Case(model="tiny", batch=1, children=1, prompt=8, new_tokens=4)
    # Products of 16 x 48, 16 x 16, 16 x 32, 16 x 16 and 16 x 64 weights; 10 places of 16 twice.
    products = 16 * (48 + 16 + 32 + 16 + 64)
    assert decoding.flops_per_token(decoding.MODELS["tiny"], case) == 2 * products + 4 * 10 * 16


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--models", "huge"], "--models: got 'huge', wanted one of tiny, 1m, 10m"),
        (["--batches", "0"], "--batches: got '0', wanted whole numbers from 1"),
        (["--children", "3"], "--children: got '3', wanted divisors of '128,256'"),
        (["--repeats", "0"], "--repeats: got 0, wanted at least 1"),
        (["--new-tokens", "0"], "--new-tokens: got 0, wanted at least 1"),
    ],
)
def test_wrong_options_are_one_line_and_exit_code_2(capsys, arguments, message):
    assert cli.main(["bench", "decode", *arguments]) == 2
    assert message in capsys.readouterr().err
