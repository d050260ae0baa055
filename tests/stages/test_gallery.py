"""The list of terrains, and the page that explains them."""

import re
from pathlib import Path

import pytest

from elmjax import config as configuration
from elmjax.stages import gallery
from physics.terrain import TERRAINS, parameters_of

PAGE = Path(__file__).parents[2] / "docs" / "terrains.md"


def test_a_list_shows_configured_values_and_whole_numbers_in_full() -> None:
    config = configuration.load(None, [("terrain.own", '{like = "hills", seed = 12345678}')])
    assert gallery.listing(config, ["own"]).splitlines()[0] == (
        "own (like hills)  seed=12345678  height=2  slope=0.5  flat_start=5"
    )


@pytest.mark.parametrize("name", TERRAINS)
def test_the_page_names_every_terrain_with_its_parameters_and_defaults(name) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"`{name}`" in text
    rows, listed = {}, []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[1].startswith("`"):
            listed = re.findall(r"`(\w+)`", cells[0]) or listed
            if name in listed:
                rows[cells[1].strip("`")] = float(cells[2].removesuffix(" m"))
    assert rows == parameters_of(name)
