import json
from pathlib import Path

import pytest

from elmjax.bench import tables

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
CIRCUMSTANCES = {
    "date": "2026-01-02T03:04:05+00:00",
    "command": "elmjax bench it",
    "commit": "0123456789abcdef",
    "machine": {"cpu": "Abacus", "cores": 3},
    "versions": {"jax": "0.10.1"},
}


def write(folder: Path, **parts: object) -> Path:
    path = folder / "record.json"
    path.write_text(json.dumps({**CIRCUMSTANCES, **parts}))
    return path


def cells(table: str, line: int) -> list[str]:
    """The cells of a line of a table; line 0 is the head."""
    lines = [text for text in table.splitlines() if text.startswith("|")]
    return [cell.strip() for cell in lines[line].strip("|").split("|")]


def test_the_page_has_the_tables_of_its_records() -> None:
    text = PAGE.read_text()
    assert tables.fill(text, PAGE.parent / "benchmarks") == text, "run `make tables`"


def test_the_page_names_every_record() -> None:
    folder = PAGE.parent / "benchmarks"
    records = [path.relative_to(folder).as_posix() for path in folder.glob("*/*.json")]
    assert records
    assert [name for name in records if f"(benchmarks/{name})" not in PAGE.read_text()] == []


def test_a_table_of_walks_has_a_column_for_every_batch_and_box2d_where_it_ran(tmp_path) -> None:
    row = {"backend": "xla", "bucket": "16x32", "terrain": "flat"}
    beside = {"box2d": 10.04, "machine_ratio": 123.44, "core_ratio": None}
    path = write(
        tmp_path,
        benchmark="physics",
        rows=[
            {**row, "batch": 2048, "evaluations_per_second": 1234.4},
            {**row, "batch": 64, "evaluations_per_second": 99.6},
            {**row, "terrain": "hills", "batch": 64, "evaluations_per_second": 5.0},
        ],
        comparisons=[{**row, **beside}],
    )
    made = tables.table(path)
    assert cells(made, 0)[2:4] == ["64 in a call", "2,048 in a call"]
    assert cells(made, 2) == ["xla", "16x32, flat", "100", "1,234", "10.0", "123.4 x", "-"]
    assert cells(made, 3) == ["xla", "16x32, hills", "5", "-", "-", "-", "-"]
    assert "`elmjax bench it`: Abacus, 3 cores, jax 0.10.1, 2026-01-02, commit 01234567." in made


def test_off_level_ground_a_step_includes_a_quarter_of_a_look(tmp_path) -> None:
    row = {
        "chip": "v5e",
        "joints": 16,
        "springs": 32,
        "terrain": "hills",
        "level_step": 100,
        "ground_step": 200,
        "look": 30,
        "look_group": 50,
        "level_evaluations_per_second": 8000,
        "ground_evaluations_per_second": 4000,
    }
    made = tables.table(write(tmp_path, benchmark="bundles", rows=[row]))
    assert cells(made, 2) == ["16x32, level ground", "100", "8,000"]
    assert cells(made, 3) == ["16x32, hills", "220", "4,000"]


def test_diffs_stand_beside_the_tokens_of_their_batch(tmp_path) -> None:
    row = {"model": "1m", "batch": 8, "tokens_per_second": 1500.0, "ratio": 2.345}
    path = write(
        tmp_path,
        benchmark="decode",
        rows=[{**row, "children": 4}, {**row, "children": 8}],
        diffs=[{"model": "walker", "batch": 8, "children": 8, "diffs_per_second": 60.2}],
    )
    made = tables.table(path)
    assert cells(made, 2)[2:] == ["4", "1,500", "2.35 x", "-"]
    assert cells(made, 3)[2:] == ["8", "1,500", "2.35 x", "60 (`walker`)"]


@pytest.mark.parametrize("name", ["none.json", "record.json"])
def test_a_page_that_asks_for_what_is_not_there_is_told(tmp_path, name) -> None:
    write(tmp_path, benchmark="knitting", rows=[])
    page = f"<!-- table {name} -->\n<!-- end of table -->"
    with pytest.raises(tables.TableError, match=name):
        tables.fill(page, tmp_path)
