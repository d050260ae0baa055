"""The history: round trips, resuming, damage, and its agreement with the archive's ids."""

import dataclasses
import math

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elmjax.qd import NO_CELL, NO_PARENT, History, HistoryError, Record
from elmjax.qd import history as history_module

NAN = float("nan")


def make_record(id, *, parent=None, admitted=None, **changes):
    """A child of the program half its id, admitted when its id is a multiple of three."""
    record = Record(
        id=id,
        parent=(id // 2 if id else NO_PARENT) if parent is None else parent,
        operator="seed" if id == 0 else "tree",
        message="Small change to make_walker function.",
        diff=f"<|{id}|>",
        program=f"def make_walker():\n    return {id}\n",
        outcome="ok",
        reason="",
        displacement=-1.5 * id,
        fitness=1.5 * id,
        height=2.0,
        width=3.25,
        mass=11.1,
        admitted=id % 3 == 0 if admitted is None else admitted,
        cell=17,
        step=id // 4,
    )
    return dataclasses.replace(record, **changes)


def make_history(folder, count, *, flush_every):
    history = History.open(folder)
    for id in range(count):
        history.append([make_record(id)])
        if (id + 1) % flush_every == 0:
            history.flush()
    return history


def as_comparable(record):
    """NaN equals nothing, itself included; text compares as one expects."""
    return {
        name: "nan" if isinstance(value, float) and math.isnan(value) else value
        for name, value in dataclasses.asdict(record).items()
    }


text = st.text(max_size=30)
number = st.floats(allow_nan=True, allow_infinity=True)


@st.composite
def record_lists(draw):
    count = draw(st.integers(1, 6))
    return [
        Record(
            id=id,
            parent=draw(st.integers(NO_PARENT, id - 1)),
            admitted=draw(st.booleans()),
            cell=draw(st.integers(NO_CELL, 2**40)),
            step=draw(st.integers(0, 2**40)),
            **{name: draw(text) for name in ("operator", "message", "diff", "program")},
            **{name: draw(text) for name in ("outcome", "reason")},
            **{name: draw(number) for name in ("displacement", "fitness", "height")},
            **{name: draw(number) for name in ("width", "mass")},
        )
        for id in range(count)
    ]


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(records=record_lists())
def test_everything_survives_the_disk(records, tmp_path_factory):
    folder = tmp_path_factory.mktemp("history")
    history = History.open(folder)
    history.append(records)
    history.flush()
    reopened = History.open(folder)
    assert len(reopened) == len(records)
    for record in records:
        assert as_comparable(reopened.record(record.id)) == as_comparable(record)
        assert reopened.program(record.id) == history.program(record.id) == record.program


def test_what_waits_and_what_is_written_read_the_same(tmp_path):
    history = make_history(tmp_path, 11, flush_every=4)  # parts of 4 and 4, 3 rows waiting
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "part-00000.parquet",
        "part-00001.parquet",
    ]
    for id in (0, 3, 4, 7, 8, 10):
        assert history.record(id) == make_record(id)
        assert history.program(id) == make_record(id).program
    frame = history.frame()
    assert frame["id"].tolist() == list(range(11))
    assert frame["program"].tolist() == [make_record(id).program for id in range(11)]
    history.flush()
    pd.testing.assert_frame_equal(frame, history.frame())
    pd.testing.assert_frame_equal(frame, History.open(tmp_path).frame())


def test_frame_of_some_columns_and_of_nothing(tmp_path):
    history = make_history(tmp_path, 5, flush_every=2)
    assert history.frame(["fitness", "id"]).columns.tolist() == ["fitness", "id"]
    assert history.frame(["fitness"])["fitness"].tolist() == [0.0, 1.5, 3.0, 4.5, 6.0]
    with pytest.raises(ValueError, match=r"no columns \['speed'\]"):
        history.frame(["speed"])
    empty = History.open(tmp_path / "empty").frame()
    assert len(empty) == 0
    names = [field.name for field in dataclasses.fields(Record) if field.name != "depth"]
    assert empty.columns.tolist() == names


def test_admitted_holds_what_entered_the_archive(tmp_path):
    history = make_history(tmp_path, 10, flush_every=4)
    assert history.admitted(["id"])["id"].tolist() == [0, 3, 6, 9]
    assert history.admitted(["program"]).columns.tolist() == ["program"]


def test_lineage_leads_from_the_seed(tmp_path):
    history = make_history(tmp_path, 12, flush_every=5)
    assert history.lineage(11) == [0, 1, 2, 5, 11]
    assert history.lineage(0) == [0]
    assert History.open(tmp_path).lineage(9) == [0, 1, 2, 4, 9]


def test_parts_fill_by_themselves(tmp_path, monkeypatch):
    monkeypatch.setattr(history_module, "ROWS_PER_PART", 3)
    history = History.open(tmp_path)
    history.append(make_record(id) for id in range(7))
    assert [len(pq.read_table(path)) for path in sorted(tmp_path.iterdir())] == [3, 3]
    assert len(history) == 7


def test_flush_of_nothing_writes_nothing(tmp_path):
    history = make_history(tmp_path, 2, flush_every=2)
    history.flush()
    assert len(list(tmp_path.iterdir())) == 1


def test_the_file_says_its_units(tmp_path):
    make_history(tmp_path, 1, flush_every=1)
    schema = pq.read_schema(tmp_path / "part-00000.parquet")
    assert schema.field("displacement").metadata[b"unit"] == b"m"
    assert schema.field("mass").metadata[b"unit"] == b"1"
    assert not schema.field("fitness").nullable


@pytest.mark.parametrize("next_id", [0, 1, 3, 4, 5, 8, 9, 10])
def test_truncate_then_continue_equals_never_having_gone_further(tmp_path, next_id):
    # Parts end at 4 and 8, and two rows wait: cuts inside, at an edge of, and behind the parts.
    history = make_history(tmp_path / "cut", 10, flush_every=4)
    history.record(5)
    history.truncate(next_id)
    assert len(history) == next_id
    history.append([make_record(id, program=f"again {id}") for id in range(next_id, 10)])
    history.flush()
    straight = make_history(tmp_path / "straight", next_id, flush_every=20)
    straight.append([make_record(id, program=f"again {id}") for id in range(next_id, 10)])
    straight.flush()
    pd.testing.assert_frame_equal(history.frame(), straight.frame())
    pd.testing.assert_frame_equal(History.open(tmp_path / "cut").frame(), straight.frame())
    # 5 first: the part read before the cut must not outlive its rows.
    for id in (5, *range(10)):
        assert history.record(id) == straight.record(id)
        assert history.program(id) == straight.program(id)
        assert history.lineage(id) == straight.lineage(id)


def test_truncate_beyond_the_end_is_an_error(tmp_path):
    history = make_history(tmp_path, 3, flush_every=2)
    with pytest.raises(ValueError, match="holds 3 programs; wanted at least 4"):
        history.truncate(4)
    assert len(history) == 3


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (make_record(1), "program id is 1; wanted 0"),
        (make_record(0, parent=0), "parent of program 0 is 0; wanted an earlier id, or -1"),
        (make_record(0, parent=-2), "parent of program 0 is -2"),
    ],
)
def test_append_refuses_gaps_and_impossible_parents(tmp_path, record, words):
    history = History.open(tmp_path)
    with pytest.raises(ValueError, match=words):
        history.append([record])
    assert len(history) == 0


@pytest.mark.parametrize("id", [-1, 3, 100])
def test_unknown_ids_are_index_errors(tmp_path, id):
    history = make_history(tmp_path, 3, flush_every=2)
    for look_up in (history.program, history.record, history.lineage):
        with pytest.raises(IndexError, match=f"program id is {id}; wanted 0 to 2"):
            look_up(id)


def test_a_missing_part_is_named(tmp_path):
    make_history(tmp_path, 6, flush_every=2)
    (tmp_path / "part-00001.parquet").unlink()
    with pytest.raises(HistoryError, match=r"part-00001.parquet is missing"):
        History.open(tmp_path)


def test_a_part_with_other_ids_is_named(tmp_path):
    make_history(tmp_path, 4, flush_every=2)
    (tmp_path / "part-00001.parquet").write_bytes((tmp_path / "part-00000.parquet").read_bytes())
    with pytest.raises(HistoryError, match=r"part-00001.parquet: program id is 0; wanted 2"):
        History.open(tmp_path)


def test_a_torn_part_is_named(tmp_path):
    make_history(tmp_path, 2, flush_every=2)
    path = tmp_path / "part-00000.parquet"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(HistoryError, match=r"part-00000.parquet cannot be read"):
        History.open(tmp_path)


def test_a_part_of_another_table_is_named(tmp_path):
    pd.DataFrame({"id": [0], "speed": [1.0]}).to_parquet(tmp_path / "part-00000.parquet")
    with pytest.raises(HistoryError, match=r"has columns \['id', 'speed'\]; wanted"):
        History.open(tmp_path)


def test_an_interrupted_write_is_ignored(tmp_path):
    history = make_history(tmp_path, 2, flush_every=2)
    (tmp_path / "part-00001.parquet.temporary").write_bytes(b"half a part")
    history = History.open(tmp_path)
    history.append([make_record(2)])
    history.flush()
    assert len(History.open(tmp_path)) == 3


def small_parts(folder, count):
    """A history of one row a part, and how many parts it has on disk."""
    history = make_history(folder, count, flush_every=1)
    return history, len(list(folder.glob("part-*.parquet")))


def test_many_small_parts_become_one(tmp_path):
    history, parts = small_parts(tmp_path, history_module.SMALL_PARTS + 3)
    assert parts < 8
    assert [history.record(id) for id in range(len(history))] == [
        make_record(id) for id in range(history_module.SMALL_PARTS + 3)
    ]
    pd.testing.assert_frame_equal(history.frame(), History.open(tmp_path).frame())


def test_parts_that_an_ending_process_left_behind_are_not_read_twice(tmp_path, monkeypatch):
    class EndedError(Exception):
        pass

    def end(path, *_):
        if path.name == "part-00030.parquet":
            raise EndedError
        unlink(path)

    unlink = type(tmp_path).unlink
    monkeypatch.setattr(type(tmp_path), "unlink", end)
    with pytest.raises(EndedError):
        small_parts(tmp_path, history_module.SMALL_PARTS)
    monkeypatch.undo()
    assert len(list(tmp_path.glob("part-*.parquet"))) > 2
    history = History.open(tmp_path)
    assert len(history) == history_module.SMALL_PARTS
    for id in range(len(history), 40):
        history.append([make_record(id)])
        history.flush()
    assert History.open(tmp_path).frame()["id"].tolist() == list(range(40))


@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_a_damaged_part_and_what_follows_it_are_set_aside(tmp_path, damage):
    make_history(tmp_path, 12, flush_every=4)
    path = tmp_path / "part-00001.parquet"
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        content = content[: len(content) // 2]
    else:
        # A byte of the data: the part keeps its length and its footer.
        content[content.find(b"PAR1") + 200] ^= 0xFF
    path.write_bytes(content)
    history, said = History.recover(tmp_path)
    assert "part-00001.parquet" in said
    assert history.frame()["id"].tolist() == [0, 1, 2, 3]
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [
        "part-00000.parquet",
        "part-00001.parquet.damaged",
        "part-00002.parquet.damaged",
    ]


def test_a_whole_history_needs_no_recovery(tmp_path):
    make_history(tmp_path, 5, flush_every=2)
    history, said = History.recover(tmp_path)
    assert (len(history), said) == (4, "")


def test_a_history_of_three_dimensions_has_a_depth_and_keeps_it(tmp_path):
    history = History.open(tmp_path / "space", dim=3)
    assert "depth" in history.frame()
    history.append([make_record(id, depth=0.5 * id) for id in range(3)])
    assert history.frame(["depth"])["depth"].tolist() == [0.0, 0.5, 1.0]
    history.flush()
    # What is on disk tells: whoever reads it need not know.
    again = History.open(tmp_path / "space")
    assert again.record(2).depth == 1.0
    assert History.recover(tmp_path / "space")[0].frame()["depth"].tolist() == [0.0, 0.5, 1.0]


def test_a_history_of_two_dimensions_has_the_columns_it_had(tmp_path):
    history = make_history(tmp_path / "plane", 3, flush_every=2)
    assert "depth" not in history.frame()
    assert math.isnan(history.record(0).depth)
    assert pq.read_schema(tmp_path / "plane" / "part-00000.parquet").equals(history_module.SCHEMA)


def test_parts_of_both_kinds_are_no_history(tmp_path):
    make_history(tmp_path / "plane", 1, flush_every=1)
    space = History.open(tmp_path / "space", dim=3)
    space.append([make_record(0, depth=1.0), make_record(1, depth=2.0)])
    space.flush()
    (tmp_path / "space" / "part-00000.parquet").rename(tmp_path / "plane" / "part-00001.parquet")
    with pytest.raises(HistoryError, match="depth"):
        History.open(tmp_path / "plane")


@pytest.mark.parametrize("small", [3, history_module.SMALL_PARTS])
def test_one_that_does_not_write_keeps_count_of_what_another_writes(tmp_path, monkeypatch, small):
    monkeypatch.setattr(history_module, "SMALL_PARTS", small)  # so that parts are joined, too
    writer, _ = History.recover(tmp_path)
    other, _ = History.recover(tmp_path, writes=False)
    for start in range(0, 20, 4):
        for history in (writer, other):
            history.append([make_record(id) for id in range(start, start + 4)])
            history.flush()
    for history in (writer, other):
        history.truncate(15)
        history.append([make_record(15)])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    other.flush()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    writer.flush()
    assert other.frame().equals(writer.frame())
    assert [other.program(id) for id in range(16)] == [make_record(id).program for id in range(16)]
