import html
import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import elmjax
from elmjax.programs import SEEDS
from tests.report.page.test_packing import unpacked


@pytest.fixture(scope="module")
def film():
    return elmjax.walker(SEEDS["square"]).show("left_wall", seconds=1)


def content_of(page: str):
    data = re.search(r'id="content">(.*?)</script>', page, re.DOTALL)
    return json.loads(data[1])


def test_it_is_the_walk(film) -> None:
    walker = elmjax.walker(SEEDS["square"])
    assert (film.seconds, film.rate, film.positions.shape) == (1.0, 30, (31, 5, 2))
    walked = walker.walk("left_wall", seconds=1)
    assert film.distance == pytest.approx(walked.distance, abs=1e-4)


def test_the_page_holds_the_walk_and_asks_nothing_of_a_network(film) -> None:
    page = film.page()
    content = content_of(page)
    assert np.abs(unpacked(content["track"]) - film.positions).max() <= 1 / 128
    assert content["terrain"]["floor"][0] == [-20.0, 20.0]  # the wall's upper end
    assert "default-src 'none'" in html.unescape(page)
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page


def test_a_notebook_shows_it_in_a_frame_of_its_own(film) -> None:
    markup = film._repr_html_()
    frame = re.fullmatch(r'<iframe srcdoc="([^"]*)" [^<>]*></iframe>', markup)
    assert html.unescape(frame[1]) == film.page()
    assert 'sandbox="allow-scripts"' in markup


def test_a_terminal_shows_a_few_moments(film) -> None:
    lines = str(film).splitlines()
    assert lines[0] == f"walker on left_wall: {film.distance:.1f} m in 1 s"
    assert len(lines) == 1 + 3 * 9
    console = Console(file=io.StringIO(), width=100)
    console.print(film)
    assert console.file.getvalue().splitlines()[1] == lines[1]
    film.play(speed=50, console=console)
    assert lines[-1] in console.file.getvalue()


def test_it_is_saved_as_what_its_name_says(film, tmp_path) -> None:
    assert film.save(tmp_path / "walk.html").read_text() == film.page()
    short = elmjax.walker(SEEDS["square"]).show(seconds=0.1)
    with Image.open(short.save(tmp_path / "walk.gif")) as picture:
        assert picture.n_frames == len(short.positions) == 4
    assert film.save(tmp_path / "walk.svg").read_text().startswith("<?xml")
    with pytest.raises(ValueError, match=r"got '.bmp', wanted .html, .gif"):
        film.save(tmp_path / "walk.bmp")
