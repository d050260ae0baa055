import math

import pytest

from elmjax.report import BarPanel, Interval, bar_panels


def test_bars_stand_where_their_numbers_are(tmp_path) -> None:
    ours = BarPanel(
        title="ours",
        label="loss",
        groups=["a", "b"],
        bars={"50 %": [Interval(1.0, 0.5, 1.5), None], "80 %": [Interval(2.0, math.nan, 0), None]},
    )
    nothing = BarPanel(title="none", label="", groups=[], bars={"50 %": []})
    figure = bar_panels([ours, nothing], tmp_path / "bars.png")
    (axes,) = figure.axes  # a panel without groups is left out
    heights = [bar.get_height() for bar in axes.patches]
    assert heights[0] == 1.0
    assert heights[2] == 2.0
    assert math.isnan(heights[1])
    whiskers = [line for line in axes.lines if len(set(line.get_xdata())) == 1]
    assert [list(line.get_ydata()) for line in whiskers] == [[0.5, 1.5]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["50 %", "80 %"]
    assert (tmp_path / "bars.png").stat().st_size > 5000


def test_nothing_to_draw_is_said(tmp_path) -> None:
    with pytest.raises(ValueError, match="wanted at least one number"):
        bar_panels([], tmp_path / "bars.png")


def test_bars_without_a_name_need_no_legend(tmp_path) -> None:
    panel = BarPanel(title="", label="", groups=["a"], bars={"": [Interval(5e5, 1e5, 9e5)]})
    figure = bar_panels([panel], tmp_path / "bars.png")
    assert not figure.legends
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert "400,000" in labels
