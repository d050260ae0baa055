import math

import pytest

from elmjax.report.statistics import Interval
from elmjax.report.success import Place, Series, format_percent, success_markdown, success_tables
from elmjax.report.success_curves import success_curves
from elmjax.report.table import plain_text

NAN = math.nan
ONE, TWO = Place("Parity", 1), Place("Parity", 2)
OURS = Series(
    label="gp",
    family="gp",
    published=False,
    rates={ONE: Interval(0.5, 0.4, 0.62), TWO: Interval(0.0, 0.0, 0.0037)},
)
PAPER = Series(label="GP", family="gp", published=True, rates={ONE: Interval(0.44, NAN, NAN)})
EDIT = Series(label="Edit", family="edit", published=True, rates={ONE: Interval(77.9, NAN, NAN)})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (100.0, "100.0"),
        (45.71, "45.7"),
        (8.7, "8.7"),
        (1.0, "1.0"),
        (0.44, "0.44"),
        (0.0654, "0.065"),
        (0.0041, "0.0041"),
        (0.0000253, "0.000025"),
    ],
)
def test_percentages_keep_two_figures_below_one(value, text) -> None:
    assert format_percent(value) == text


def test_markdown_is_a_row_a_problem_and_a_column_a_series() -> None:
    assert success_markdown("Repaired", [OURS, PAPER], [ONE, TWO]) == (
        "Repaired\n\n"
        "| problem | gp (ours) | GP (paper) |\n"
        "| --- | ---: | ---: |\n"
        "| Parity, 1 bug | 0.50 (0.40 to 0.62) | 0.44 |\n"
        "| Parity, 2 bugs | 0 (0 to 0.0037) | - |\n"
    )


def test_a_terminal_shows_a_table_a_family() -> None:
    text = plain_text(success_tables("repaired", [OURS, PAPER, EDIT], [ONE], ascii_only=True))
    first, second = text.split("edit: repaired")
    assert first.startswith("gp: repaired")
    assert "0.50 (0.40 to 0.62)" in first
    assert "0.44" in first
    assert "77.9" in second
    assert "77.9" not in first


def test_a_plot_has_a_panel_a_task_and_arrows_where_nothing_succeeded(tmp_path) -> None:
    figure = success_curves([OURS, PAPER, EDIT], tmp_path / "success.png")
    assert (tmp_path / "success.png").is_file()
    (axes,) = figure.axes
    assert (axes.get_label(), axes.get_yscale()) == ("Parity", "log")
    named = {line.get_label(): line for line in axes.lines if line.get_label()[0] != "_"}
    assert list(named) == ["gp (ours)", "GP (paper)", "Edit (paper)"]
    drawn = named["gp (ours)"].get_ydata()
    assert drawn[0] == 0.5
    assert math.isnan(drawn[1])
    arrows = [line.get_ydata()[0] for line in axes.lines if line.get_marker() == "v"]
    assert arrows == [0.0037]
    assert named["gp (ours)"].get_color() == named["GP (paper)"].get_color()
    assert named["gp (ours)"].get_linestyle() != named["GP (paper)"].get_linestyle()


def test_a_plot_of_nothing_of_ours_is_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="holds no rates of ours"):
        success_curves([PAPER], tmp_path / "success.png")
