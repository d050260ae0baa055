"""The page of a run: what it holds, and what a browser makes of it."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from elmjax.cli import main
from elmjax.config import ConfigError
from elmjax.programs import SEEDS
from elmjax.stages import pipeline, showcase
from elmjax.stages.evolve import open_found
from elmjax.stages.run import Run
from tests.report.page.test_packing import inflated, unpacked

HOSTILE = "'</script><script>document.title = 1</script><img src=x onerror=alert(1)>'"


@pytest.fixture(scope="module")
def config(small_config, tmp_path_factory):
    """Two operators; the seed program tries to be markup; walks end with a frame of the page."""
    seed = tmp_path_factory.mktemp("seeds") / "hostile.py"
    seed.write_text(
        SEEDS["square"].replace(
            "def make_walker():\n", f"def make_walker():\n    note = {HOSTILE}\n"
        )
    )
    search = dataclasses.replace(small_config.evolve, seed_programs=(str(seed),))
    return dataclasses.replace(small_config, evolve=search, seconds=0.6)


@pytest.fixture(scope="module")
def run_folder(config, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "shown"
    pipeline.run_all(folder, config)
    return folder


@pytest.fixture(scope="module")
def page(run_folder, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "report.html"
    assert showcase.write(run_folder, path) == path.stat().st_size
    return path


@pytest.fixture(scope="module")
def content(page):
    data = re.search(r'id="content">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    return json.loads(data[1])


def test_every_elite_is_there_as_the_archive_has_it(content, run_folder, config) -> None:
    archives = {archive["name"]: archive for archive in content["archives"]}
    assert set(archives) == {"diff", "tree"}
    with Run.open(run_folder, config) as run:
        found = open_found(run, "tree").archive
    shown = {elite["cell"]: elite for elite in archives["tree"]["elites"]}
    assert set(shown) == set(np.flatnonzero(found.occupied).tolist())
    for cell, elite in shown.items():
        assert elite["id"] == found.elite[cell]
        assert elite["fitness"] == pytest.approx(found.objective[cell])
        assert np.ravel_multi_index(elite["bins"], found.grid.bins) == cell


def test_an_elite_walks_as_far_as_it_was_judged_to(content, config) -> None:
    for elite in content["archives"][1]["elites"]:
        walk = json.loads(inflated(elite["walk"]))
        centre = unpacked(walk["track"]).mean(axis=(1, 2), where=np.array([True, False]))
        assert abs(centre[-1] - centre[0]) == pytest.approx(elite["fitness"], abs=1 / 64)
        place = config.evolve.terrain
        assert walk["distances"][place] == pytest.approx(elite["fitness"], abs=0.006)
        assert set(walk["distances"]) == set(content["terrains"])


def test_ancestors_lead_to_the_seed_program(content, run_folder, config) -> None:
    archive = content["archives"][1]
    with Run.open(run_folder, config) as run:
        history = open_found(run, "tree").history
    for elite in archive["elites"]:
        line = [elite["id"]]
        while (parent := told(archive, line[-1])["parent"]) >= 0:
            line.append(parent)
        assert line[::-1] == history.lineage(elite["id"])[-len(line) :]
        assert told(archive, line[-1])["program"] == history.program(line[-1])
        assert HOSTILE in told(archive, line[-1])["program"].replace('"', "'")


def told(archive, id):
    return json.loads(inflated(archive["programs"][str(id)]))


def test_stages_2_and_3_are_told(content, config) -> None:
    (training,) = content["learning"]
    assert training["curves"]["step"] == [0, 1, 2, 3]
    assert set(content["inventions"]["summary"]) == set(config.conditional.terrains)


def test_what_is_no_run_is_refused(tmp_path, run_folder, capsys) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert "holds no run" in capsys.readouterr().err
    shutil.copy(run_folder / "config.toml", tmp_path)
    with pytest.raises(ConfigError, match=r"no stage of .* is finished"):
        showcase.write(tmp_path, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()
    assert main(["report", str(run_folder), "-o", str(tmp_path / "none" / "x.html")]) == 2
    assert "is no folder" in capsys.readouterr().err


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the extra `browser`")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs Chromium on PATH")
    with sync_api.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=[(1400, "light"), (400, "dark")], ids=["wide", "narrow"])
def seen(request, browser, page):
    """The page in a browser, which must report no error."""
    width, scheme = request.param
    view = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    troubles: list[str] = []
    view.on("console", lambda message: troubles.append(message.text))
    view.on("pageerror", lambda error: troubles.append(str(error)))
    view.on("dialog", lambda dialog: troubles.append(dialog.message))
    view.goto(page.as_uri())
    view.wait_for_selector("html[data-ready]", state="attached")
    view.wait_for_selector(".detail pre.program")
    yield view
    assert troubles == []
    view.close()


def test_a_click_on_a_niche_shows_its_walker(seen, content) -> None:
    elites = content["archives"][0]["elites"]
    assert seen.locator(".cell").count() == len(elites)
    for index in (0, len(elites) - 1):
        seen.locator(f'.cell[data-elite="{index}"]').click()
        seen.wait_for_selector(f'.detail p:has-text("program {elites[index]["id"]}")')
        shown = seen.locator(".detail pre.program").inner_text()
        assert shown.strip() == told(content["archives"][0], elites[index]["id"])["program"].strip()
    # As text, and the page keeps its own title.
    assert HOSTILE[1:-1] in seen.locator(".detail pre.program").inner_text()
    assert seen.title() == content["title"]


def test_the_page_fits_the_screen(seen) -> None:
    assert seen.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_walks_play_and_stop(seen) -> None:
    seen.locator(".detail .play").wait_for()
    slider = seen.locator(".detail input[type=range]")
    slider.focus()
    if seen.locator(".detail .play").inner_text() == "Pause":
        seen.keyboard.press("Space")
    slider.fill("0")
    seen.locator(".detail .play").click()
    seen.wait_for_function("document.querySelector('.detail input[type=range]').value > 0")


def test_keys_move_between_niches(seen) -> None:
    before = seen.locator(".detail .soft").first.inner_text()
    seen.locator(".panels").focus()
    for key in ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "PageDown", "PageUp"):
        seen.keyboard.press(key)
        if seen.locator(".detail .soft").first.inner_text() != before:
            return
        seen.wait_for_timeout(100)
    assert seen.locator(".cell").count() == 1  # nowhere to go


def test_projections_show_the_best_along_each_measure(seen) -> None:
    seen.get_by_role("button", name="projections").click()
    assert seen.locator(".panels figure").count() == 3
