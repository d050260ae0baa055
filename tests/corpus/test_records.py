from elmjax.corpus import EditedProgram, load, save

CORPUS = [
    EditedProgram(program="a\n", edits=(("Changed a function.", "<|0|><|1|><|add|>b\n<|end|>"),)),
    EditedProgram(program="ä\n", edits=(("one", "1"), ("two", "2"))),
]


def test_a_saved_corpus_is_read_back(tmp_path):
    save(tmp_path / "corpus.parquet", CORPUS)
    assert load(tmp_path / "corpus.parquet") == CORPUS
    assert [path.name for path in tmp_path.iterdir()] == ["corpus.parquet"]
