"""A small run of every stage, ways to break it, and the table of what survived."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from elmjax.checkpoint import Checkpoints
from elmjax.qd import History
from elmjax.report import read_metrics

CONFIG = """
seconds = 0.5

[terrain.rough1]
like = "poet"
flat_start = 1.0

[pretrain]
parents = 40
edits = 2
held_out = 8
checkpoint_every = 4
model = {{layers = 1, width = 16, heads = 2, hidden = 32}}
optimiser = {{steps = 16, learning_rate = 1e-3, warmup = 2, rows = 2, row_length = 512}}
rates = {{programs = 2, elites = 1, children = 2}}

[evolve]
terrain = "rough1"
model = "{model}"
iterations = 10
parents = 4
children = 4
max_new_tokens = 16
checkpoint_every = 4

[finetune]
init = "{model}"
test_share = 0.2
threshold = 0.0
samples = 4
max_new_tokens = 24
checkpoint_every = 4
optimiser = {{steps = 16, learning_rate = 1e-3, rows = 2, row_length = 1024}}

[conditional]
terrains = ["left_wall", "rough1"]
iterations = 6
batch = 8
max_new_tokens = 24
evaluation_samples = 4
ppo = {{minibatches = 2}}
"""

SEED = int(os.environ.get("ELMJAX_FAULTS_SEED", random.SystemRandom().randrange(10**6)))
PATIENCE = 300  # s for a run that is not broken


@dataclass
class Table:
    """What was tried, what survived it, and what was lost."""

    rows: list[tuple[str, int, int, str]] = field(default_factory=list)

    def add(self, fault: str, tried: int, survived: int, lost: str) -> None:
        self.rows.append((fault, tried, survived, lost))
        assert survived == tried, f"{fault}: {survived} of {tried} survived; {lost}"

    def text(self) -> str:
        lines = ["| fault | tried | survived | lost |", "|---|---|---|---|"]
        lines += [
            f"| {fault} | {tried} | {kept} | {lost} |" for fault, tried, kept, lost in self.rows
        ]
        return "\n".join(lines) + f"\n\nSeed of the moments: {SEED}.\n"


@dataclass(frozen=True)
class Command:
    """The `elmjax` command on the small configuration."""

    config: Path
    cache: Path

    def start(self, stage: str, folder: Path, *settings: str, **how) -> subprocess.Popen:
        environment = os.environ | {"XDG_CACHE_HOME": str(self.cache), "JAX_PLATFORMS": "cpu"}
        environment.pop("TF_CPP_MIN_LOG_LEVEL", None)  # set by JAX in this process
        words = ["--config", str(self.config), "--run", str(folder), *settings]
        return subprocess.Popen(
            [*how.pop("before", (sys.executable, "-m", "elmjax.cli")), stage, *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            **how,
        )

    def run(self, stage: str, folder: Path, *settings: str, **how) -> tuple[int, str]:
        """Exit code, and what it said as its errors."""
        process = self.start(stage, folder, *settings, **how)
        _, said = process.communicate(timeout=PATIENCE)
        return process.returncode, said


def steps(folder: Path, stage: str) -> int:
    """Steps of a stage that the metrics log holds."""
    path = folder / "metrics.jsonl"
    return len(read_metrics(path, stage)) if path.exists() else 0


def wait_for_steps(process: subprocess.Popen, folder: Path, stage: str, count: int) -> None:
    """Returns once a stage has done some steps, or the process has ended."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and steps(folder, stage) < count:
        assert time.monotonic() < deadline, f"{stage} does not get to step {count}"
        time.sleep(0.02)


def kill(process: subprocess.Popen, number: int = signal.SIGKILL) -> str:
    """Ends a process by a signal and waits for it; returns what it said."""
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    return said


def redone(folder: Path, stage: str) -> int:
    """Steps in the metrics log of a killed run that will be done again."""
    done = steps(folder, stage)
    if stage.startswith("evolve"):
        rows = len(History.open(folder / stage / "history"))
        return done - max(0, rows - 1) // 16
    with Checkpoints(folder / stage / "checkpoints") as checkpoints:
        return done - (checkpoints.latest() or 0)
