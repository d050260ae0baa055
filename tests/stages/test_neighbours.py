from elmjax.stages.neighbours import nearest


def make(folder) -> None:
    folder.mkdir(parents=True)
    (folder / "config.toml").touch()


def test_the_nearest_names_come_first(tmp_path) -> None:
    for name in ("demo", "damp", "other"):
        make(tmp_path / "runs" / name)
    assert f"(nearest: {tmp_path / 'runs' / 'demo'}" in nearest(tmp_path / "runs" / "dmeo")
    assert str(tmp_path / "runs" / "demo") in nearest(tmp_path / "rus" / "demo")


def test_runs_inside_the_folder_are_told(tmp_path) -> None:
    make(tmp_path / "runs" / "x")
    assert nearest(tmp_path / "runs") == f" (nearest: {tmp_path / 'runs' / 'x'})"


def test_where_there_is_none_nothing_is_said(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lone").mkdir()
    assert nearest(tmp_path / "lone" / "run") == ""
