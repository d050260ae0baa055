import dataclasses
import json
from contextlib import ExitStack

import pytest

from elmjax import cli
from elmjax.config import Config, ConfigError
from elmjax.endpoint import EndpointConfig, StoppedError
from elmjax.programs import SEEDS
from elmjax.report import read_metrics
from elmjax.stages import operator_tuning
from elmjax.stages.endpoints import REPLIES, check_endpoint, open_endpoint
from elmjax.stages.evolve import evolve, open_found
from elmjax.stages.pipeline import open_run
from elmjax.stages.run import Run
from tests.endpoint.server import Say, Server
from tests.endpoint.walkers import rewrite

NOBODY = "http://127.0.0.1:9/v1"
BATCH = 16


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def serve():
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(Server(script))


@pytest.fixture
def config_of(small_config):
    """A small search by an endpoint."""

    def make(url: str, **settings) -> Config:
        endpoint = EndpointConfig(
            **{"url": url, "model": "m", "retries": 1, "first_wait": 0.01, "failures": 3} | settings
        )
        search = dataclasses.replace(
            small_config.evolve, model="endpoint", operators=("rewrite",), endpoint=endpoint
        )
        return dataclasses.replace(small_config, evolve=search)

    return make


def searched(folder, config: Config):
    """The history of a whole run."""
    with open_run(folder, config) as run:
        evolve(run, "rewrite")
    return history(folder)


def history(folder):
    return open_found(Run.read(folder), "rewrite").history.frame()


def test_a_search_by_an_endpoint_counts_its_tokens(serve, config_of, tmp_path) -> None:
    server = serve(rewrite)
    rows = searched(tmp_path, config_of(server.url))
    assert len(rows) == 1 + 4 * BATCH == 1 + len(server.asked)
    # Talk without a program is read as one.
    assert {"ok", "syntax"} <= set(rows["outcome"])
    numbers = read_metrics(tmp_path / "metrics.jsonl", "evolve-rewrite")
    assert numbers["endpoint.requests"].tolist() == [BATCH] * 4
    assert numbers["endpoint.prompt_tokens"].sum() == 10 * len(server.asked)
    summary = json.loads((tmp_path / "evolve-rewrite" / "summary.json").read_text())
    assert summary["endpoint"]["completion_tokens"] == 5 * len(server.asked)
    assert summary["niches"] > 1


def test_operators_of_ones_own_ask_no_endpoint(config_of, tmp_path) -> None:
    search = dataclasses.replace(config_of(NOBODY).evolve, own={"mine": "my_operators:mutate"})
    with open_endpoint(search, ["mine", "tree"], tmp_path) as endpoint:
        assert endpoint is None
    with open_endpoint(search, ["mine", "rewrite"], tmp_path) as endpoint:
        assert endpoint is not None


def test_a_run_is_repeated_from_its_replies_without_the_endpoint(
    serve, config_of, tmp_path
) -> None:
    server = serve(rewrite)
    rows = searched(tmp_path / "first", config_of(server.url))
    (tmp_path / "again").mkdir()
    with Run.open(tmp_path / "again", config_of(NOBODY)):
        (tmp_path / "again" / REPLIES).write_bytes((tmp_path / "first" / REPLIES).read_bytes())
    asked = len(server.asked)
    assert searched(tmp_path / "again", config_of(NOBODY)).equals(rows)
    assert len(server.asked) == asked


def test_an_endpoint_that_dies_costs_nothing_that_was_paid_for(serve, config_of, tmp_path) -> None:
    whole = searched(tmp_path / "whole", config_of(serve(rewrite).url))
    dying = serve(lambda number, body: rewrite(number, body) if number < 40 else Say(status=500))
    with pytest.raises(StoppedError, match="3 requests in a row had no answer"):
        searched(tmp_path / "run", config_of(dying.url))
    assert len(history(tmp_path / "run")) == 1 + 2 * BATCH  # two whole iterations of 16
    other = serve(rewrite)
    # Another address, and more patience: the same run.
    rows = searched(tmp_path / "run", config_of(other.url, retries=2))
    assert rows.equals(whole)
    assert len(other.asked) == 4 * BATCH - 40
    assert Run.read(tmp_path / "run").config == config_of(other.url, retries=2)


def test_a_budget_that_is_raised_goes_on(serve, config_of, tmp_path) -> None:
    server = serve(rewrite)
    whole = searched(tmp_path / "whole", config_of(server.url))
    server.asked.clear()
    with pytest.raises(StoppedError, match=r"evolve\.endpoint\.budget 300"):
        searched(tmp_path / "run", config_of(server.url, budget=300, concurrency=1))
    assert len(server.asked) == 300 / 15
    assert searched(tmp_path / "run", config_of(server.url, budget=3000)).equals(whole)
    assert len(server.asked) == 4 * BATCH


def test_another_model_is_another_run(serve, config_of, tmp_path) -> None:
    searched(tmp_path, config_of(serve(rewrite).url))
    with pytest.raises(ConfigError, match="another configuration"):
        searched(tmp_path, config_of(NOBODY, model="n"))


def test_the_key_is_in_no_file_of_the_run(serve, config_of, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("ELMJAX_ENDPOINT_KEY", "sk-secret")
    server = serve(rewrite)
    searched(tmp_path, config_of(server.url))
    assert server.headers[0]["Authorization"] == "Bearer sk-secret"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 4
    assert not any(b"sk-secret" in path.read_bytes() for path in files)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": ""}, "evolve.endpoint.url: got none"),
        ({"model": ""}, "evolve.endpoint.model: got none"),
        ({"key_variable": "NOT_THERE"}, "key_variable: got 'NOT_THERE'"),
    ],
)
def test_an_endpoint_that_cannot_be_asked_is_refused_early(config_of, changes, said) -> None:
    with pytest.raises(ConfigError, match=said):
        check_endpoint(config_of(**{"url": NOBODY} | changes).evolve, ["rewrite"])


def test_numbered_lines_are_not_asked_of_an_endpoint(config_of) -> None:
    check_endpoint(config_of(NOBODY).evolve, ["rewrite", "crossover"])
    with pytest.raises(ConfigError, match="wanted 'carper' or 'search_replace'"):
        check_endpoint(config_of(NOBODY).evolve, ["diff"])


def test_an_endpoint_is_not_fine_tuned(config_of) -> None:
    config = config_of(NOBODY)
    search = dataclasses.replace(config.evolve, operators=("diff",))
    tuning = dataclasses.replace(config.operator, rounds=1)
    with pytest.raises(ConfigError, match="wanted a model that can be fine-tuned"):
        operator_tuning.check(dataclasses.replace(config, evolve=search, operator=tuning))


def test_an_address_without_the_model_is_refused(config_of) -> None:
    search = dataclasses.replace(config_of(NOBODY).evolve, model="walker")
    with pytest.raises(ConfigError, match="or no address"):
        check_endpoint(search, ["rewrite"])


@pytest.fixture
def square(tmp_path):
    path = tmp_path / "square.py"
    path.write_text(SEEDS["square"])
    return str(path)


def mutate(square: str, url: str, *words: str) -> int:
    settings = ("--evolve.endpoint.retries", "0", "--evolve.endpoint.concurrency", "1")
    settings += ("--seconds", "0", "--model", "m", "--endpoint", url)
    return cli.main(["mutate", square, "--json", *words, *settings])


def test_mutate_asks_an_endpoint(serve, square, capsys) -> None:
    answer = "<<<<<<< SEARCH\n    center = wc.add_joint(5, 5)\n=======\n"
    answer += "    center = wc.add_joint(5, 6)\n>>>>>>> REPLACE\n"
    server = serve(lambda *_: Say(answer))
    assert mutate(square, server.url, "-n", "2", "--format", "search_replace") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["outcome"] for line in lines] == ["ok", "ok"]
    assert all("add_joint(5, 6)" in line["program"] for line in lines)
    assert server.asked[0]["model"] == "m"


def test_mutate_shows_what_came_before_an_endpoint_stopped(serve, square, capsys) -> None:
    server = serve(lambda number, body: rewrite(number, body) if number < 20 else Say(status=500))
    assert mutate(square, server.url, "-n", "40", "--operator", "rewrite") == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 16  # what is asked at a time, once
    assert "8 requests in a row had no answer" in err
    assert len(err.splitlines()) == 1


def test_the_command_says_in_a_line_that_an_endpoint_is_dead(square, tmp_path, capsys) -> None:
    words = ["evolve", "--run", str(tmp_path / "run"), "--evolve.operators", '["rewrite"]']
    words += ["--evolve.model", "endpoint", "--evolve.endpoint.model", "m"]
    words += ["--evolve.endpoint.url", NOBODY, "--evolve.endpoint.retries", "0"]
    assert cli.main(words) == 1
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith(f"elmjax evolve: endpoint {NOBODY}: 8 requests in a row had no answer")
    assert line.endswith("the same command goes on")
