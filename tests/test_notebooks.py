"""The notebooks run from their first cell to their last, and show what a notebook shows."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
NAMES = ("quickstart", "own_terrain_and_measures", "own_model")


def cells(name: str) -> list[dict[str, Any]]:
    notebook = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    return notebook["cells"]


def run_cell(source: str, names: dict[str, Any]) -> str | None:
    """Runs a cell as a kernel does; returns what it shows of its last expression."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), names)
    if last is None:
        return None
    value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
    shown = getattr(value, "_repr_html_", lambda: None)()
    return None if value is None else shown or repr(value)


def test_there_are_no_others() -> None:
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_stripped(name) -> None:
    for cell in cells(name):
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_runs(name, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    shown = [
        run_cell("".join(cell["source"]), names)
        for cell in cells(name)
        if cell["cell_type"] == "code"
    ]
    films = [text for text in shown if text and text.startswith("<iframe")]
    assert len(films) == {"quickstart": 2, "own_terrain_and_measures": 2, "own_model": 0}[name]
    if name == "own_model":
        operators = names["run"].history.groupby("operator")["outcome"].count()
        assert operators["diff"] == operators["tree"] == 2 * 8
        assert len(names["children"]) == 4
    if name == "own_terrain_and_measures":
        walked = names["walker"].walk("stairs.json").displacement
        assert walked == names["walker"].walk().displacement
        assert names["found"].curve[-1].niches > 2
