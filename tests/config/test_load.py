import subprocess
import sys

import pytest

from elmjax.config import Config, ConfigError, dump, load, load_dumped, named_configs


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("evolve.iterations", "many", "evolve.iterations: got 'many', wanted an integer"),
        ("evolve.iterations", "1.5", "evolve.iterations: got 1.5, wanted an integer"),
        ("evolve.iterations", "0", "evolve.iterations: got 0, wanted greater than or equal to 1"),
        ("evolve.iterations", "true", "evolve.iterations: got True, wanted an integer"),
        ("evolve.top_p", "1.1", "evolve.top_p: got 1.1, wanted less than or equal to 1"),
        ("evolve.operators", '["dif"]', "evolve.operators: got 'dif', wanted 'diff'"),
        ("evolve.format", "ed", "evolve.format: got 'ed', wanted 'numbered', 'carper' or"),
        ("evolve.operators", '["diff", "diff"]', "evolve.operators: got ['diff', 'diff'], wanted"),
        ("conditional.invalid_reward", "nan", "conditional.invalid_reward: got nan, wanted"),
        ("conditional.ppo.learning_rate", "-1", "conditional.ppo: learning_rate must be positive"),
        ("evolve.operators", "[]", "evolve.operators: got [], wanted "),
        ("evolve", "3", "evolve: got 3, wanted a section"),
        ("evolve.iteration", "3", "evolve.iteration: unknown key; wanted one of"),
        ("evolution.iterations", "3", "evolution: unknown key; wanted one of"),
        ("seed.x", "3", "seed.x: unknown key: 'seed' is a value, not a section"),
        ("seed", "-1", "seed: got -1, wanted greater than or equal to 0"),
        ("seconds", "nan", "seconds: got nan, wanted "),
        ("seconds", "-1", "seconds: got -1, wanted greater than or equal to 0"),
        ("world.gravit", "3", "world.gravit: unknown key"),
        ("world.gravity", "'strong'", "world.gravity: got 'strong', wanted a number"),
        ("terrain.left_wall.distance", "[8]", "terrain.left_wall.distance: got [8], wanted an int"),
        ("terrain.left_wall.distance", "far", "terrain.left_wall: distance: got 'far', wanted a n"),
        ("terrain.rough1.like", "3", "terrain.rough1: like: got 3, wanted the name of a terrain"),
        ("terrain.rough1", "3", "terrain.rough1: got 3, wanted "),
        ("conditional.ppo.epochs", "0", "conditional.ppo"),
        ("grid.bins", "[12, 12]", "grid.bins"),
        ("grid.scale", "[1.0, 0.0]", "grid.scale.1: got 0.0, wanted greater than 0"),
        ("grid.centroids", "-1", "grid.centroids: got -1, wanted greater than or equal to 0"),
        (
            "evolve.admission",
            "both",
            "evolve.admission: got 'both', wanted 'sequential' or 'batch'",
        ),
        ("evolve.parsimony", "1.0", "evolve.parsimony: got 1.0, wanted less than 1"),
    ],
)
def test_bad_value_is_one_line_that_names_it(name: str, value: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load("quickstart", [(name, value)])
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


def test_unknown_key_suggests_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"nearest: iterations"):
        load(None, [("evolve.iteratoins", "3")])


def test_overrides_win_over_the_file_and_leave_the_rest(tmp_path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("seed = 3\n[evolve]\niterations = 5\nparents = 7\n")
    config = load(str(path), [("evolve.iterations", "9"), ("terrain.left_wall.distance", "8")])
    assert (config.seed, config.evolve.iterations, config.evolve.parents) == (3, 9, 7)
    assert config.evolve.children == Config().evolve.children
    assert config.terrain == {"left_wall": {"distance": 8}}


def test_a_terrain_of_ones_own_survives_being_written(tmp_path) -> None:
    settings = [("terrain.rough1.like", "poet"), ("terrain.rough1.roughness", "0.5")]
    config = load(None, [*settings, ("terrain.rough1.seed", "7")])
    assert config.terrain == {"rough1": {"like": "poet", "roughness": 0.5, "seed": 7}}
    path = tmp_path / "config.toml"
    path.write_text(dump(config))
    assert load_dumped(path) == config


def test_text_needs_no_quotes() -> None:
    assert load(None, [("evolve.model", "mine")]).evolve.model == "mine"


@pytest.mark.parametrize("name", sorted(named_configs()))
def test_shipped_configs_load_and_survive_being_written(name: str, tmp_path) -> None:
    config = load(name)
    path = tmp_path / "config.toml"
    path.write_text(dump(config))
    assert load_dumped(path) == config


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("quickstrt", r"--config: got 'quickstrt', wanted .*nearest: quickstart"),
        ("absent/quickstart.toml", r"--config: .* wanted a TOML file that exists"),
    ],
)
def test_missing_file_is_named(base: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(base)


def test_broken_toml_is_named(tmp_path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("seed = = 3")
    with pytest.raises(ConfigError, match=r"broken\.toml: not TOML"):
        load(str(path))


def test_importing_elmjax_imports_no_jax() -> None:
    code = "import elmjax, elmjax.cli, sys; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"evolve.operators": '["tre"]'}, r"evolve.operators: got 'tre', wanted .*nearest: tree"),
        ({"evolve.mix": "{mixed = 1.0}"}, "evolve.mix: got 'mixed', wanted 'diff', 'tree'"),
        ({"finetune.operators": '["x"]'}, "finetune.operators: got 'x'"),
        ({"evolve.own": '{tree = "a:b"}'}, "evolve.own: got the name 'tree', wanted small letters"),
        ({"evolve.own": '{"a/b" = "a:b"}'}, "evolve.own: got the name 'a/b'"),
        ({"evolve.own": '{mine = "a.b"}'}, "evolve.own.mine: got 'a.b', wanted module:function"),
        ({"physics.backend": "natve"}, r"physics.backend: got 'natve', .*\(nearest: native\)"),
    ],
)
def test_names_of_code_are_checked(settings, said) -> None:
    with pytest.raises(ConfigError, match=said):
        load(None, list(settings.items()))


def test_an_operator_of_ones_own_stands_where_ours_do() -> None:
    own = ("evolve.own", '{mine = "a:b"}')
    config = load(None, [own, ("evolve.operators", '["mine"]'), ("evolve.mix", "{mine = 1.0}")])
    assert config.evolve.operators == ("mine",)
    assert load(None, [("physics.backend", "a.b:c")]).physics.backend == "a.b:c"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("localhost:8000", "wanted an address such as"),
        ("ftp://host/v1", "wanted an address such as"),
        ("https://user:secret@host/v1", "wanted none, and a key in the environment"),
        ("https://host/v1?key=secret", "wanted none, and a key in the environment"),
    ],
)
def test_an_address_of_an_endpoint_holds_no_secret(url, said) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        load(None, [("evolve.endpoint.url", url)])
    assert "secret" not in str(refused.value)


def test_a_key_in_the_place_of_its_variable_is_not_repeated() -> None:
    with pytest.raises(ConfigError, match="wanted the name of an environment variable") as refused:
        load(None, [("evolve.endpoint.key_variable", "sk-secret")])
    assert "secret" not in str(refused.value)


def test_further_fields_of_an_endpoint_survive(tmp_path) -> None:
    fields = '{reasoning_effort = "low", stop = ["a", "b"], chat_template_kwargs = {think = false}}'
    config = load(None, [("evolve.endpoint.fields", fields)])
    (path := tmp_path / "config.toml").write_text(dump(config))
    assert load_dumped(path) == config
    assert config.evolve.endpoint.fields["chat_template_kwargs"] == {"think": False}
