import pandas as pd
import pytest

from elmjax.report import search_curves


def run(line: str, column: str, repeat: int, niches: list[int]) -> pd.DataFrame:
    rows = pd.DataFrame({"evaluations": [4, 8], "niches": niches, "qd_score": [1.0, 2.0]})
    return rows.assign(line=line, column=column, repeat=repeat)


def test_means_and_bands_of_repeats(tmp_path) -> None:
    frame = pd.concat(
        [
            run("tree", "square", 0, [1, 3]),
            run("tree", "square", 1, [3, 7]),
            run("diff", "radial", 0, [2, 90]),
        ]
    )
    figure = search_curves(frame, tmp_path / "curves.png")
    panels = {(axes.get_label(), axes.get_title()): axes for axes in figure.axes}
    square = panels["niches", "square"]
    (mean,) = square.get_lines()
    assert mean.get_xydata().tolist() == [[4, 2], [8, 5]]
    (band,) = square.collections
    assert {tuple(corner) for corner in band.get_paths()[0].vertices.tolist()} >= {
        (4, 1),
        (4, 3),
        (8, 3),
        (8, 7),
    }
    # The axis that panels of a row share reaches the highest line of any.
    assert square.get_ylim()[1] >= 90
    assert (tmp_path / "curves.png").stat().st_size > 5000


def test_nothing_to_draw_is_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="frame holds no rows"):
        search_curves(pd.DataFrame(), tmp_path / "curves.png")
