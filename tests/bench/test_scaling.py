"""The command on a tiny model and few walkers: what it shows and writes, and how it refuses."""

import pytest

from elmjax import cli
from elmjax.bench.record import read_record

TINY = ["--walkers", "2", "--children", "2", "--prompt", "4", "--new-tokens", "3", "--repeats", "2"]
TINY += ["--model", "tiny", "--seconds", "0.1"]


def test_the_command_shows_rows_and_writes_the_record(tmp_path, capsys):
    assert cli.main(["bench", "scaling", *TINY, "-o", str(tmp_path)]) == 0
    assert "work/s" in capsys.readouterr().out
    record = read_record(tmp_path / "scaling.json")
    alone = [row for row in record["rows"] if row["devices"] == 1]
    assert [(row["part"], row["each"]) for row in alone] == [("physics", 2), ("decoding", 6)]
    for row in alone:
        assert row["relative_seconds"] == row["relative_rate"] == 1.0
        assert row["per_second"] == pytest.approx(row["each"] / row["median_seconds"])
        assert len(row["repeat_seconds"]) == 2
    assert "--walkers 2" in record["command"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--virtual", "99"], "--virtual: got 99, wanted 0 to 64"),
        (["--walkers", "0"], "--walkers: got 0, wanted at least 1"),
        (["--new-tokens", "0"], "--new-tokens: got 0, wanted at least 1"),
        (["--bucket", "7x7"], "--bucket: got '7x7', wanted one of 16x32"),
        (["--model", "huge"], "--model: got 'huge', wanted one of tiny, 1m, 10m"),
    ],
)
def test_wrong_options_are_one_line_and_exit_code_2(capsys, arguments, message):
    assert cli.main(["bench", "scaling", *arguments]) == 2
    assert message in capsys.readouterr().err
