import pytest

from elmjax.files import write_whole


def test_a_file_is_written_whole_and_replaced(tmp_path):
    path = tmp_path / "table.md"
    for text in ("one\n", "zwölf\n"):
        write_whole(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert [found.name for found in tmp_path.iterdir()] == ["table.md"]


def test_what_cannot_be_written_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "table.md"
    write_whole(path, "one\n")
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800")
    assert path.read_text(encoding="utf-8") == "one\n"
