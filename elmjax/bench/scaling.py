"""`elmjax bench scaling`: the same work for every device, over numbers of devices (weak scaling).

Walks and decoding run as stages run them, spread over the first 1, 2, 4 ... devices of a mesh.
Where every device has hardware of its own, the time should stay what it is on one. Virtual devices
of a CPU share its cores: there the time grows once there are more devices than cores, and what
should stay is the work per second.
"""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich.console import Console

from elmjax.bench.cases import random_bodies
from elmjax.bench.decoding import MODELS
from elmjax.bench.display import Columns, show_rows
from elmjax.bench.options import choose, command_line
from elmjax.bench.plan import BUCKETS
from elmjax.bench.record import circumstances, default_folder, write_record
from elmjax.bench.timing import time_repeats
from elmjax.config import ConfigError
from elmjax.dist.placement import Placement
from elmjax.lm import decoder
from elmjax.lm.sampler import Sampler
from elmjax.lm.split import to_read
from physics.simulate import simulate
from physics.terrain import make_terrain

PARTS = ("physics", "decoding")

_COLUMNS: Columns = {
    "part": lambda row: row.part,
    "devices": lambda row: str(row.devices),
    "of each": lambda row: f"{row.each:,}",
    "compile s": lambda row: f"{row.compile_seconds:.2f}",
    "median s": lambda row: f"{row.median_seconds:.4g}",
    "per second": lambda row: f"{row.per_second:,.0f}",
    "time": lambda row: f"{row.relative_seconds:.2f} x",
    "work/s": lambda row: f"{row.relative_rate:.2f} x",
    "cores": lambda row: f"{row.busy_cores:.1f}",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What every device does, over how many devices."""

    counts: tuple[int, ...]  # devices, from one on
    walkers: int  # of each device
    bucket: str  # of the walkers
    seconds: float  # of a walk
    model: str  # of `decoding.MODELS`, with random weights
    children: int  # completions of each device, all of one prompt
    prompt: int  # tokens
    new_tokens: int
    repeats: int
    virtual: int  # devices made of a CPU; 0: those that are there

    @property
    def command(self) -> str:
        """The command that runs this plan."""
        told = dataclasses.asdict(self)
        del told["counts"]
        return command_line(
            "scaling", {f"--{name.replace('_', '-')}": f"{value}" for name, value in told.items()}
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One part on a number of devices."""

    part: str
    devices: int
    each: int  # walkers or tokens of each device
    per_second: float  # walkers or tokens of all devices, by the median
    relative_seconds: float  # against one device
    relative_rate: float
    compile_seconds: float
    busy_cores: float
    median_seconds: float
    lower_quartile_seconds: float
    upper_quartile_seconds: float
    min_seconds: float
    max_seconds: float
    repeat_seconds: list[float]


def read_plan(*, virtual: int, bucket: str, model: str, seconds: float, **numbers: int) -> Plan:
    """Checks the options; the numbers of devices are 1, 2, 4 ... and all.

    Raises:
        ConfigError: naming the option, what was got and what was wanted.
    """
    for name, number in numbers.items():
        if number < 1:
            option = f"--{name.replace('_', '-')}"
            raise ConfigError(f"{option}: got {number}, wanted at least 1")
    choose("--bucket", bucket, BUCKETS)
    choose("--model", model, MODELS)
    most = len(jax.devices())
    counts = sorted({min(2**power, most) for power in range(most.bit_length() + 1)})
    return Plan(
        counts=tuple(counts),
        virtual=virtual,
        bucket=bucket,
        model=model,
        seconds=seconds,
        **numbers,
    )


def bench_scaling(plan: Plan, folder: Path | None) -> dict[str, Any]:
    """Runs a plan, shows rows as they come, and writes scaling.json.

    Args:
        plan: What to run.
        folder: Where to write; None for docs/benchmarks/MACHINE in a checkout, else bench.
    """
    folder = folder or default_folder()
    console = Console()
    rows = show_rows("Weak scaling", _COLUMNS, sweep(plan), console)
    record = {
        **circumstances("scaling", plan.command),
        "plan": dataclasses.asdict(plan),
        "rows": [dataclasses.asdict(row) for row in rows],
    }
    write_record(record, folder / "scaling.json")
    console.print(f"wrote {folder}/scaling.json", highlight=False, markup=False)
    return record


def sweep(plan: Plan) -> Iterator[Row]:
    """Rows as they are measured, one device of each part first."""
    for part in PARTS:
        call_of = _walking if part == "physics" else _decoding
        each = plan.walkers if part == "physics" else plan.children * plan.new_tokens
        alone: float | None = None
        for devices in plan.counts:
            timing = time_repeats(call_of(plan, devices), plan.repeats)
            median = timing.median_seconds
            alone = alone or median
            yield Row(
                part=part,
                devices=devices,
                each=each,
                per_second=devices * each / median,
                relative_seconds=median / alone,
                relative_rate=devices * alone / median,
                **dataclasses.asdict(timing),
            )


def _placement(devices: int) -> Placement:
    return Placement.over(data=devices, devices=jax.devices()[:devices])


def _walking(plan: Plan, devices: int) -> Callable[[], object]:
    """Walks of as many bodies as all devices have; each runs one program at a time."""
    bodies = random_bodies(BUCKETS[plan.bucket], plan.walkers * devices)
    ground, where = make_terrain("flat"), _placement(devices).local_devices
    # The native kernel knows cores and no devices.
    backend = "xla" if where[0].platform == "cpu" else "auto"
    how: dict[str, Any] = {"backend": backend, "devices": where, "threads": 1}
    return lambda: simulate(bodies, ground, seconds=plan.seconds, **how)


def _decoding(plan: Plan, devices: int) -> Callable[[], object]:
    """Completions of a prompt for each device, none of which ends before its last token."""
    config = MODELS[plan.model]
    fresh = jax.jit(decoder.init, static_argnums=0)(config, jax.random.key(0))
    params = to_read(_placement(devices), config, fresh)
    sampler = Sampler(
        config=config,
        children=plan.children,
        max_new_tokens=plan.new_tokens,
        end_token=config.vocab_size,
        threads=1,
    )
    random = np.random.default_rng(0)
    prompts = random.integers(0, config.vocab_size, (devices, plan.prompt)).tolist()
    return lambda: sampler(params, prompts, jax.random.key(0))
