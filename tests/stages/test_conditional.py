"""Stage 3 on a finished stage 2: both ways to iterate, draws of terrains, a supervised start."""

import dataclasses
import json
from collections import Counter
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from elmjax.cli import main
from elmjax.config import Bootstrap, ConfigError, LoRAConfig
from elmjax.lm import store
from elmjax.lm.lora import peft
from elmjax.rl.policy import init_policy, read
from elmjax.stages import bootstrap, conditional, finetune, inventor, pipeline
from elmjax.stages.run import Run


@pytest.fixture(scope="module")
def config(small_config):
    search = dataclasses.replace(small_config.evolve, operators=("tree",), terrain="flat")
    stage_3 = dataclasses.replace(
        small_config.conditional,
        terrains=("left_wall", "flat"),
        unseen=("hills",),
        encoder="image",
        max_new_tokens=12,
    )
    return dataclasses.replace(small_config, evolve=search, conditional=stage_3)


@pytest.fixture(scope="module")
def trained(config, tmp_path_factory):
    """A run whose stages 1 and 2 are finished."""
    folder = tmp_path_factory.mktemp("runs") / "trained"
    with pipeline.open_run(folder, config) as run:
        pipeline.stage_1(run)
        finetune.finetune(run)
    return folder


@pytest.fixture(scope="module")
def start(config, trained, tmp_path_factory):
    """Opens a run with other settings of stage 3 on the same stage 2."""

    def open_other(**changes):
        other = dataclasses.replace(
            config, conditional=dataclasses.replace(config.conditional, **changes)
        )
        run = Run.open(tmp_path_factory.mktemp("runs") / "other", other)
        for stage in ("evolve-tree", "finetune"):
            (run.folder / stage).symlink_to(trained / stage)
        return run

    return open_other


@pytest.fixture(scope="module")
def finished(start):
    run = start()
    return run, conditional.conditional(run)


def metrics(run: Run) -> pd.DataFrame:
    return run.metrics.read(conditional.STAGE)


def test_a_callback_iterates_as_the_host_does(start, finished) -> None:
    run = start(loop="callback")
    conditional.conditional(run)
    by_host, by_callback = metrics(finished[0]), metrics(run)
    for name in ("reward", "valid", "unique", "length", "loss", "entropy", "reference_kl"):
        np.testing.assert_allclose(by_callback[name], by_host[name], rtol=1e-3, atol=1e-4)
    assert by_callback["first_ratio_deviation"].max() < 1e-5


def test_the_first_ratio_is_one(finished) -> None:
    assert metrics(finished[0])["first_ratio_deviation"].max() < 1e-5


def test_seen_and_unseen_terrains_are_told(finished, config) -> None:
    run, summary = finished
    assert list(summary) == ["left_wall", "flat", "hills"]
    walked = pd.read_parquet(run.folder / "conditional" / "transfer.parquet")
    assert len(walked) == 3 * 3 * config.conditional.evaluation_samples
    for name, told in summary.items():
        assert set(told["on"]) == {"left_wall", "flat", "hills"}
        own = walked[(walked["written_for"] == name) & (walked["walked_on"] == name)]
        # The same programs on the same terrain are paid the same.
        assert own["reward"].mean() == pytest.approx(told["after"][0])
        assert told["best_of_dataset"] > 0.0


def test_what_earlier_programs_reach_is_the_best_of_them(finished, config) -> None:
    run, summary = finished
    dataset = finetune.load_dataset(run).train
    count = config.conditional.evaluation_samples
    assert summary["flat"]["best_of_dataset"] <= dataset["fitness"].max() + 1e-6
    assert count < len(dataset)


def test_episodes_draw_their_terrains(start, config) -> None:
    run = start(draw="random", iterations=1, batch=120)
    drawn, children = inventor.shares(run.config.conditional, seed=1)
    assert children == 1
    assert len(drawn) == 120
    assert 35 <= Counter(drawn.tolist())[0] <= 85  # 60, within four and a half deviations
    equal, children = inventor.shares(config.conditional, seed=1)
    assert (equal.tolist(), children) == ([0, 1], config.conditional.batch // 2)


def test_a_run_that_draws_is_trained(start) -> None:
    run = start(draw="random", iterations=1)
    conditional.conditional(run)
    assert metrics(run)["first_ratio_deviation"].max() < 1e-5


def test_resnet_weights_are_trained_from_and_their_norms_kept(start) -> None:
    weights = Path(__file__).parents[1] / "golden" / "resnet"
    run = start(encoder="resnet50", encoder_weights=str(weights), iterations=2)
    conditional.conditional(run)
    assert metrics(run)["first_ratio_deviation"].max() < 1e-5
    names = (*run.config.conditional.terrains, *run.config.conditional.unseen)
    with run.pool() as pool:
        made = inventor.make_inventor(run, run.evaluator(pool, names))
    learned = conditional.load_policy(run, made)["encoder"]["network"]["stem"]
    golden = load_file(weights / "model.safetensors")
    name = "embedder.embedder.normalization"
    np.testing.assert_array_equal(learned["norm"]["mean"], golden[f"{name}.running_mean"])
    np.testing.assert_array_equal(learned["norm"]["scale"], golden[f"{name}.weight"])
    kernel = golden["embedder.embedder.convolution.weight"].transpose(2, 3, 1, 0)
    moved = np.abs(learned["convolution"]["kernel"] - kernel).max()
    assert 0.0 < moved < 0.1 * np.abs(kernel).max()


def test_a_supervised_start_makes_known_programs_likelier(start) -> None:
    run = start(bootstrap=Bootstrap(steps=12, programs=2, rows=4), max_new_tokens=512)
    programs = finetune.load_dataset(run).train["program"].tolist()
    names = (*run.config.conditional.terrains, *run.config.conditional.unseen)
    with run.pool() as pool:
        made = inventor.make_inventor(run, run.evaluator(pool, names))
        before = init_policy(made.base.params, made.policy, jax.random.key(0))
        after = bootstrap.learn(made, before, programs, seed=0)
        known = bootstrap.best_known(made, programs, 2)
    pairs = [(made.names.index(name), bootstrap.tokens(made, known[name][0])) for name in known]
    rollout = bootstrap.as_rollout(made, pairs)
    told = [read(params, made.policy, rollout, 1.0).log_prob.sum() for params in (before, after)]
    assert told[1] > told[0] + 10.0  # nats


def test_codes_know_no_unseen_terrain(config) -> None:
    by_code = dataclasses.replace(config.conditional, encoder="codes")
    with pytest.raises(ConfigError, match=r"conditional.unseen: got \['hills'\] with the encoder"):
        inventor.check_unseen(by_code)
    twice = dataclasses.replace(config.conditional, unseen=("flat",))
    with pytest.raises(ConfigError, match=r"are among conditional\.terrains"):
        inventor.check_unseen(twice)


def test_sampling_for_a_terrain(finished, capsys) -> None:
    run, _ = finished
    command = ["sample", "--run", str(run.folder), "-n", "3", "--json"]
    assert main([*command, "--terrain", "hills"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 3
    assert {"outcome", "distance", "program"} <= set(lines[0])
    assert main([*command, "--terrain", "hill"]) == 2
    assert "--terrain: got 'hill', wanted one that stage 3 of" in capsys.readouterr().err


@pytest.mark.parametrize("loop", ["host", "callback"])
def test_adapters_are_trained_beside_the_stage_2_model(loop, start) -> None:
    run = start(lora=LoRAConfig(rank=2, targets=("q_proj", "down_proj")), recompute=True, loop=loop)
    conditional.conditional(run)
    log = metrics(run)
    assert log["first_ratio_deviation"].max() < 1e-5
    assert log["applied"].min() > 0
    stage_2 = finetune.load_model(run)
    adapter = run.folder / "conditional" / "adapter"
    assert peft.base_of(adapter) == str(finetune.model_of(run).resolve())
    beside = peft.load_adapters(adapter, stage_2).merged()
    saved = store.load(run.folder / "conditional" / "model")
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), beside.params, saved.params
    )
    changed = jax.tree.map(lambda a, b: bool(np.any(a != b)), saved.params, stage_2.params)
    moved = {name for name, own in changed["blocks"].items() if any(own.values())}
    assert moved == {"query_key_value", "down"}
