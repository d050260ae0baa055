import shutil

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from elmjax.report.animation import NoEncoderError, animate_walk
from elmjax.report.drawing import GROUND_COLOUR
from tests.report.test_drawing import make_walk


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("films") / "walk.gif"
    animate_walk(make_walk(30.0), path, frames_per_second=10)
    with Image.open(path) as opened:
        yield opened


def test_a_film_takes_as_long_as_the_walk(film) -> None:
    assert film.n_frames == 31
    assert film.info["duration"] == 100  # ms a frame


@pytest.mark.parametrize("frame", [0, 15, 30])
def test_walker_and_ground_are_in_the_middle_of_every_frame(film, frame) -> None:
    film.seek(frame)
    image = np.asarray(film.convert("RGB")) / 255
    ground = np.abs(image - to_rgb(GROUND_COLOUR)).max(axis=2) < 0.05
    dark = image.max(axis=2) < 0.3  # joints and the rigid spring
    assert ground[-80:].sum() > 5000
    rows, columns = np.nonzero(dark[20:-60, 60:])  # without title and axes
    # At both ends the average that the view follows has frames on one side only.
    assert np.median(columns + 60) == pytest.approx(
        image.shape[1] / 2, abs=120 if frame != 15 else 20
    )
    assert np.median(rows + 20) < np.nonzero(ground)[0].min()


def test_without_an_encoder_it_says_so(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(NoEncoderError, match="ffmpeg"):
        animate_walk(make_walk(3.0), tmp_path / "walk.mp4", frames_per_second=10)
    assert not list(tmp_path.iterdir())


def test_what_diverged_is_not_filmed(tmp_path) -> None:
    trajectory = np.full((3, 4, 2), np.nan, np.float32)
    with pytest.raises(ValueError, match="not finite"):
        animate_walk(make_walk(1.0, trajectory=trajectory), tmp_path / "x.gif", frames_per_second=5)
