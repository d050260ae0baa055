"""Curves: the right columns in the right panels, and coloured ink where the data are."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from elmjax.report import evolution_curves, reward_curves, training_curve
from elmjax.report.figure import COLOURS


def has_colour_near(path, axes, x, y, colour):
    """Whether a pixel within three of a data point has a colour."""
    column, row = axes.transData.transform((x, y)).astype(int)
    image = imread(path)[..., :3]
    row = len(image) - row
    patch = image[row - 3 : row + 4, column - 3 : column + 4]
    return bool((np.abs(patch - to_rgb(colour)).max(axis=-1) < 0.06).any())


def make_evolution(operators):
    steps = np.arange(1, 41)
    frames = [
        pd.DataFrame(
            {
                "operator": operator,
                "evaluations": 100 * steps,
                "niches": (3 + 2 * position) * steps,
                "qd_score": 10.0 * steps,
                "best": np.sqrt(steps),
                "applied": 0.9 - 0.3 * position,
                "admitted": 1.0 / steps,
            }
        )
        for position, operator in enumerate(operators)
    ]
    return pd.concat(frames, ignore_index=True)


def test_operators_are_lines_of_their_own_colour(tmp_path):
    path = tmp_path / "evolution.png"
    figure = evolution_curves(make_evolution(["diff", "tree"]), path)
    axes = {axes.get_label(): axes for axes in figure.axes}
    for position, (niches, applied) in enumerate([(60, 90.0), (100, 60.0)]):
        assert has_colour_near(path, axes["niches"], 2000, niches, COLOURS[position])
        assert has_colour_near(path, axes["applied"], 2000, applied, COLOURS[position])
    assert not has_colour_near(path, axes["niches"], 2000, 60, COLOURS[1])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["diff", "tree"]


def test_only_columns_that_are_there_get_a_panel(tmp_path):
    figure = evolution_curves(make_evolution(["diff"]), tmp_path / "evolution.png")
    drawn = [axes.get_label() for axes in figure.axes if axes.get_visible()]
    assert drawn == ["niches", "qd_score", "best", "applied", "admitted"]
    for axes in figure.axes:
        if axes.get_visible():
            assert axes.get_xlabel() == "evaluations"
            assert axes.get_ylabel()
            assert axes.get_ylim()[0] == 0.0


def test_rows_without_a_label_are_one_line(tmp_path):
    frame = make_evolution(["diff"]).drop(columns="operator")
    figure = evolution_curves(frame, tmp_path / "evolution.png")
    assert len(figure.axes[0].lines) == 1
    assert not figure.legends


def test_a_single_step_can_be_drawn(tmp_path):
    evolution_curves(make_evolution(["diff"]).head(1), tmp_path / "evolution.png")
    assert (tmp_path / "evolution.png").stat().st_size > 5000


def test_rates_are_smoothed_and_the_mean_is_kept(tmp_path):
    frame = pd.DataFrame({"evaluations": np.arange(200), "valid": np.tile([0.2, 0.6], 100)})
    figure = evolution_curves(frame, tmp_path / "evolution.png")
    raw, mean = (np.asarray(line.get_ydata()) for line in figure.axes[0].lines)
    assert raw.max() == pytest.approx(60.0)  # %
    # Ten steps hold five of each, but for the ends of the run.
    assert mean[10:-10] == pytest.approx(40.0)


def test_training_shows_both_losses(tmp_path):
    path = tmp_path / "training.png"
    steps = np.arange(10)
    frame = pd.DataFrame(
        {"step": steps, "loss": 2.0 - 0.1 * steps, "test_loss": np.where(steps % 3, np.nan, 2.5)}
    )
    figure = training_curve(frame, path, title="Stage 2")
    (axes,) = figure.axes
    assert has_colour_near(path, axes, 5, 1.5, COLOURS[0])
    assert has_colour_near(path, axes, 6, 2.5, COLOURS[1])
    assert axes.get_ylabel() == "next-token loss [nats / token]"


def test_rewards_are_lines_in_bands(tmp_path):
    path = tmp_path / "reward.png"
    steps = np.arange(6)
    frame = pd.concat(
        pd.DataFrame(
            {"step": steps, "terrain": name, "mean": mean, "low": mean - 1.0, "high": mean + 1.0}
        )
        for name, mean in (("left_wall", 3.0), ("tunnel", 7.0))
    )
    figure = reward_curves(frame, path)
    (axes,) = figure.axes
    assert has_colour_near(path, axes, 2.5, 3.0, COLOURS[0])
    assert has_colour_near(path, axes, 2.5, 7.0, COLOURS[1])
    band = 0.15 * np.array(to_rgb(COLOURS[1])) + 0.85
    assert has_colour_near(path, axes, 2.5, 7.8, band)
    assert not has_colour_near(path, axes, 2.5, 5.0, band)
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["left wall", "tunnel"]


def test_missing_columns_are_named(tmp_path):
    frame = pd.DataFrame({"step": [0], "score": [1.0]})
    for draw, missing in (
        (evolution_curves, "evaluations"),
        (training_curve, "loss"),
        (reward_curves, "terrain"),
    ):
        with pytest.raises(ValueError, match=f"no columns .*'{missing}'.*; got .*'score'"):
            draw(frame, tmp_path / "x.png")
    with pytest.raises(ValueError, match="wanted some of niches"):
        evolution_curves(pd.DataFrame({"evaluations": [1]}), tmp_path / "x.png")
