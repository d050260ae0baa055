"""Sets of terrains by name."""

import pytest

from elmjax.config import TERRAIN_SETS, ConfigError, dump, load
from physics.terrain import TERRAINS


def test_sets_hold_named_terrains_and_none_is_called_as_one() -> None:
    assert all(name in TERRAINS for names in TERRAIN_SETS.values() for name in names)
    assert not set(TERRAIN_SETS) & set(TERRAINS)


@pytest.mark.parametrize(("name", "third"), [("walls_tunnel", "tunnel"), ("walls_bumpy", "bumpy")])
def test_the_distributions_of_the_paper(name, third) -> None:
    config = load(None, [("conditional.terrains", f'["{name}"]')])
    assert config.conditional.terrains == ("left_wall", "right_wall", third)


def test_a_set_stands_for_its_terrains_among_others(tmp_path) -> None:
    config = load("quickstart", [("conditional.terrains", '["walls_bumpy", "steps"]')])
    assert config.conditional.terrains == ("left_wall", "right_wall", "bumpy", "steps")
    path = tmp_path / "config.toml"
    path.write_text(dump(config))
    assert load(str(path)) == config


def test_a_terrain_that_a_set_holds_already_is_refused() -> None:
    with pytest.raises(ConfigError, match="wanted each one once"):
        load(None, [("conditional.terrains", '["walls_tunnel", "tunnel"]')])


def test_a_terrain_of_ones_own_comes_before_a_set_of_that_name() -> None:
    own = ("terrain.walls_tunnel.like", "tunnel")
    config = load(None, [own, ("conditional.terrains", '["walls_tunnel", "flat"]')])
    assert config.conditional.terrains == ("walls_tunnel", "flat")


@pytest.mark.parametrize("wrong", ["3", '[["walls_tunnel"]]', "walls_tunnel"])
def test_what_is_no_list_of_names_is_told_as_ever(wrong) -> None:
    with pytest.raises(ConfigError, match=r"^conditional\.terrains"):
        load(None, [("conditional.terrains", wrong)])
