"""What a benchmark of the physics is to run, read from the command line's texts."""

import dataclasses
import math
from collections.abc import Callable
from typing import TypeVar

from elmjax.bench.cases import TERRAIN_NAMES, bucket_name
from elmjax.bench.options import choose, command_line, is_count
from elmjax.config import ConfigError
from physics.backends.backend import BACKENDS, open_backend
from physics.body import CAPACITIES, Capacity
from physics.world import World

RIVALS = ("box2d",)
BUCKETS = {bucket_name(capacity): capacity for capacity in CAPACITIES}
MOST_WALKERS = 2**20

Value = TypeVar("Value")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """Every backend runs every bucket on every terrain at every batch size."""

    backends: tuple[str, ...]
    buckets: tuple[Capacity, ...]
    batches: tuple[int, ...]  # walkers in one call
    terrains: tuple[str, ...]
    seconds: float  # of a walk
    repeats: int
    against: str | None  # one of RIVALS

    @property
    def command(self) -> str:
        """The command that runs this plan; it names no path."""
        options = {
            "--backend": ",".join(self.backends),
            "--buckets": ",".join(map(bucket_name, self.buckets)),
            "--batches": ",".join(map(str, self.batches)),
            "--terrains": ",".join(self.terrains),
            "--seconds": f"{self.seconds:g}",
            "--repeats": str(self.repeats),
            **({"--against": self.against} if self.against else {}),
        }
        return command_line("physics", options)


def read_plan(
    *,
    backend: str,
    buckets: str,
    batches: str,
    terrains: str,
    seconds: float,
    repeats: int,
    against: str | None,
) -> Plan:
    """Checks the options' texts; lists are separated by commas.

    Raises:
        ConfigError: naming the option, what was got and what was wanted.
    """
    step = World().time_step
    if not (math.isfinite(seconds) and seconds >= step):
        raise ConfigError(f"--seconds: got {seconds:g}, wanted a time step of {step:.4f} s or more")
    if repeats < 1:
        raise ConfigError(f"--repeats: got {repeats}, wanted at least 1")
    if against is not None:
        choose("--against", against, RIVALS)
    return Plan(
        backends=_read_list(backend, _read_backend),
        buckets=_read_list(buckets, lambda word: BUCKETS[choose("--buckets", word, BUCKETS)]),
        batches=_read_list(batches, _read_batch),
        terrains=_read_list(terrains, lambda word: choose("--terrains", word, TERRAIN_NAMES)),
        seconds=seconds,
        repeats=repeats,
        against=against,
    )


def _read_list(text: str, read: Callable[[str], Value]) -> tuple[Value, ...]:
    """The different items of a list, in order."""
    return tuple(dict.fromkeys(read(word.strip()) for word in text.split(",")))


def _read_backend(word: str) -> str:
    choose("--backend", word, BACKENDS)
    try:
        open_backend(word)
    except ValueError as error:
        raise ConfigError(f"--{error}") from None
    return word


def _read_batch(word: str) -> int:
    if not is_count(word, MOST_WALKERS):
        raise ConfigError(f"--batches: got {word!r}, wanted whole numbers from 1 to {MOST_WALKERS}")
    return int(word)
