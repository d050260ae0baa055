"""What TensorBoard and W&B are told is what the log holds; skipped without their packages."""

import json
import sys

import pytest

from elmjax.report import MetricsLog
from elmjax.report.mirror import MirrorError, numbers_of
from elmjax.report.tensorboard import TensorBoard
from elmjax.report.weights_and_biases import WeightsAndBiases


class Heard:
    """A mirror that keeps what it is told."""

    def __init__(self):
        self.lines, self.closed = None, 0

    def restart(self, lines):
        self.lines = list(lines)

    def add(self, line):
        self.lines.append(line)

    def close(self):
        self.closed += 1


def test_a_mirror_holds_what_the_log_holds(tmp_path) -> None:
    path, first, second = tmp_path / "metrics.jsonl", Heard(), Heard()
    with MetricsLog(path, mirrors=[first]) as log:
        for step in range(4):
            log.write("evolve", step, {"best": step})
        log.write("finetune", 0, {"loss": 1.0})
    assert first.closed == 1
    with MetricsLog(path, mirrors=[second]) as log:
        assert second.lines == first.lines
        log.truncate("evolve", 2)
        log.write("evolve", 2, {"best": 9})
    assert second.lines == [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["step"] for line in second.lines if line["stage"] == "evolve"] == [0, 1, 2]


def test_only_numbers_are_told() -> None:
    line = {"stage": "s", "step": 3, "seconds": 0.5, "a": 1, "b": True, "c": "word", "d": None}
    assert numbers_of(line) == {"s/a": 1.0, "s/b": 1.0}


@pytest.mark.parametrize(
    ("module", "make", "extra"),
    [
        ("tensorboard.summary", TensorBoard, "tensorboard"),
        ("wandb", lambda folder: WeightsAndBiases(folder, "project", {}), "wandb"),
    ],
)
def test_a_missing_package_names_its_extra(module, make, extra, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MirrorError, match=rf"metrics.{extra}: .* pip install 'elmjax\[{extra}\]'"):
        make(tmp_path)


def test_tensorboard_reads_every_step_once(tmp_path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    path, folder = tmp_path / "metrics.jsonl", tmp_path / "tensorboard"
    with MetricsLog(path) as log:
        log.write("evolve", 0, {"best": 1.5, "name": "x"})  # before it was asked for
    with MetricsLog(path, mirrors=[TensorBoard(folder)]) as log:
        log.write("evolve", 1, {"best": 2.5})
        log.write("evolve", 2, {"best": 3.5})
    with MetricsLog(path, mirrors=[TensorBoard(folder)]) as log:
        log.truncate("evolve", 2)
        log.write("evolve", 2, {"best": 4.5})
        log.write("finetune", 0, {"loss": float("nan")})
    events = EventAccumulator(str(folder))
    events.Reload()
    assert events.Tags()["tensors"] == ["evolve/best"]
    told = [(each.step, each.tensor_proto.float_val[0]) for each in events.Tensors("evolve/best")]
    assert told == [(0, 1.5), (1, 2.5), (2, 4.5)]
    assert not {"torch", "tensorflow"} & set(sys.modules)


def test_wandb_goes_on_with_the_same_run(tmp_path, monkeypatch) -> None:
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    told, path = [], tmp_path / "metrics.jsonl"
    monkeypatch.setattr(
        wandb.Run, "log", lambda self, data, *rest, **more: told.append((self.id, data))
    )
    with MetricsLog(path) as log:
        log.write("evolve", 0, {"best": 1.0})
    for step in (1, 2):
        mirror = WeightsAndBiases(tmp_path, "elmjax-test", {"seed": 3})
        with MetricsLog(path, mirrors=[mirror]) as log:
            log.write("evolve", step, {"best": 1.0 + step})
    (run_id,) = {id for id, _ in told}
    assert (tmp_path / "wandb" / "id").read_text() == run_id + "\n"
    assert [data for _, data in told] == [
        {"evolve/step": step, "evolve/best": 1.0 + step} for step in (0, 1, 2)
    ]
    assert len(list((tmp_path / "wandb").glob("offline-run-*"))) == 2


def test_wandb_writes_what_its_own_reader_finds(tmp_path, monkeypatch) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    mirror = WeightsAndBiases(tmp_path, "elmjax-test", {"seed": 3})
    with MetricsLog(tmp_path / "metrics.jsonl", mirrors=[mirror]) as log:
        log.write("evolve", 7, {"best": 12.25})
    (stored,) = (tmp_path / "wandb").glob("offline-run-*/run-*.wandb")
    content = stored.read_bytes()
    assert b"evolve/best" in content
    assert b"12.25" in content
