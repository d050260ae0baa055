"""What a step of the kernel for TPUs costs, counted in the compiler's schedule, without a TPU.

A TPU issues one bundle of instructions a cycle, and the compiler, which comes with the libtpu wheel
(extra `tpu`), writes down its bundles: how many a loop has is a static count of its cycles, in
which waiting for memory does not appear. `python -m elmjax.bench.bundles` compiles every case in a
process of its own and writes the record.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from elmjax.bench.ahead.topology import ENVIRONMENT
from elmjax.bench.record import circumstances, write_record

RECORD = Path("docs", "benchmarks", "tpu-static", "bundles.json")
STEPS = 2400  # of a walk of ten seconds

# What is counted, bundles each: a step on level ground and on other ground, and a look, every few
# steps, at what may be touched there, without and for each group of cells that walkers stand on.
LOOPS = ("level_step", "ground_step", "look", "look_group")

# Cycles a second: that at which the chip's matrix units reach the peak that its maker states.
CLOCKS = {"v5e": 1.5e9, "v6e": 1.75e9}
_TOPOLOGIES = {"v5e": "v5e:2x2", "v6e": "v6e:2x2"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is compiled."""

    chip: str  # of CLOCKS
    joints: int
    springs: int
    terrain: str

    @property
    def name(self) -> str:
        """For people and command lines."""
        return f"{self.chip} {self.joints}x{self.springs} {self.terrain}"


CASES = tuple(
    Case(chip=chip, joints=joints, springs=springs, terrain=terrain)
    for chip in CLOCKS
    for joints, springs, terrain in (
        (16, 32, "tunnel"),
        (16, 32, "hills"),
        (16, 32, "poet"),
        (32, 64, "hills"),
        (32, 128, "hills"),
        (64, 512, "hills"),
    )
)


def case_of(row: dict[str, Any]) -> Case:
    """The case of a row of the record."""
    return Case(**{field.name: row[field.name] for field in fields(Case)})


@dataclass(frozen=True, kw_only=True)
class Loop:
    """A loop of a program, with the loops within it."""

    own: int  # bundles outside of inner loops
    inner: tuple["Loop", ...]

    def bundles(self, trips: int) -> int:
        """Of one turn, in which an inner loop, if there is one, makes so many."""
        return self.own + trips * sum(loop.own for loop in self.inner)


def read_loops(text: str) -> Loop:
    """The loops of a listing of bundles, as one around all of them."""
    line = re.compile(r"\s*(?:0x[0-9a-f]+|0)\s+(LB|PF)?[A-Z ]*:\s*(>*)")
    matches = (line.match(each) for each in text.splitlines())
    return _nest([(match[1] or "", len(match[2])) for match in matches if match])


def _nest(bundles: list[tuple[str, int]]) -> Loop:
    """A loop whose bundles these are, each with its mark and depth."""
    own, inner, place = 0, [], 0
    while place < len(bundles):
        if bundles[place][0] != "LB" or place == 0:
            own, place = own + 1, place + 1
            continue
        end = _end_of_loop(bundles, place)
        inner.append(_nest(bundles[place:end]))
        place = end
    return Loop(own=own, inner=tuple(inner))


def _end_of_loop(bundles: list[tuple[str, int]], start: int) -> int:
    """The first bundle behind a loop: it ends with a branch back and the branch's delay.

    The branch is as deep as what surrounds the loop. Bundles in its delay are as deep as the loop,
    or empty, of no depth.
    """
    depth, end = bundles[start][1], start + 1
    while end < len(bundles) and not 0 < bundles[end][1] < depth:
        end += 1
    end += 1
    while end < len(bundles) and not bundles[end][0] and not 0 < bundles[end][1] < depth:
        end += 1
    return min(end, len(bundles))


def count(case: Case) -> dict[str, Any]:
    """Compiles a case in a process of its own, and counts.

    Raises:
        RuntimeError: where it does not compile, with the compiler's last words.
    """
    with tempfile.TemporaryDirectory() as folder:
        flags = f"--xla_jf_dump_to={folder} --xla_jf_dump_llo_text=true"
        done = subprocess.run(
            [sys.executable, "-c", f"from elmjax.bench import bundles; {_call(case)}"],
            env={**os.environ, **ENVIRONMENT, "LIBTPU_INIT_ARGS": flags},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{case.name}: {done.stderr[-2000:]}")
        listings = [
            path
            for path in Path(folder).glob("*walk*final_bundles.txt")
            if "schedule" not in path.name
        ]
        (listing,) = listings
        program = read_loops(listing.read_text())
    candidates = int(done.stdout)
    return asdict(case) | {"candidates": candidates} | _costs(case, program, candidates)


def _call(case: Case) -> str:
    return f"print(bundles.compile_case(bundles.{case!r}))"


def _costs(case: Case, program: Loop, candidates: int) -> dict[str, Any]:
    """Bundles of the kernel's loops, whose order is that of the program, and what follows."""
    from physics.backends.pallas.tpu.cells import LANES, STEPS_PER_LOOK

    (turn,) = program.inner
    *_, level, look = turn.inner  # behind the copy of cells to the chip
    group, ground = look.inner
    shifts = case.joints // 2 - 1
    counts = (
        level.bundles(shifts),
        ground.bundles(shifts),
        look.own,
        group.bundles(6 * candidates),
    )
    row = dict(zip(LOOPS, counts, strict=True))
    # Where walkers of a block stand on one group of cells, as they do near the start.
    on_ground = row["ground_step"] + (row["look"] + row["look_group"]) / STEPS_PER_LOOK
    walks = CLOCKS[case.chip] * LANES / STEPS
    return row | {
        "level_evaluations_per_second": round(walks / row["level_step"]),
        "ground_evaluations_per_second": round(walks / on_ground),
    }


def compile_case(case: Case) -> int:
    """Compiles, and gives the number of candidates. In a process with the environment for it."""
    import numpy as np
    from jax.experimental import topologies

    from physics.assemble import assemble
    from physics.backends.batch import Batch, Episode
    from physics.backends.pallas.form import Form
    from physics.backends.pallas.tpu.cells import LANES, join_cells
    from physics.backends.pallas.tpu.program import compile_batch
    from physics.body import Body, Capacity
    from physics.terrain import make_terrain
    from physics.world import World

    device = topologies.get_topology_desc(_TOPOLOGIES[case.chip], "tpu").devices[0]
    body = Body(
        joints=np.array([[0, 0], [2, 0]], np.float32),
        ends=np.array([[0, 1]], np.int32),
        rigid=np.array([True]),
        amplitude=np.zeros(1, np.float32),
        phase=np.zeros(1, np.float32),
    )
    world, terrain = World(), make_terrain(case.terrain)
    capacity = Capacity(case.joints, case.springs)
    batch = Batch(
        walkers=assemble([body] * LANES, [terrain] * LANES, capacity, world),
        terrains=join_cells([terrain], world),
        terrain_of=np.zeros(LANES, np.int32),
    )
    interval = world.substeps_per_second // 2
    episode = Episode(world=world, steps=STEPS, interval=interval)
    compile_batch(batch, Form(episode=episode, paths=False, interpret=False), device)
    return batch.terrains.groups.shape[1] // 6


def main() -> None:
    """Counts every case and writes the record."""
    import importlib.metadata

    rows = []
    for case in CASES:
        rows.append(count(case))
        print(json.dumps(rows[-1]), flush=True)
    record = circumstances("bundles", "python -m elmjax.bench.bundles") | {"rows": rows}
    record["versions"]["libtpu"] = importlib.metadata.version("libtpu")
    record["clocks"] = CLOCKS
    write_record(record, RECORD)


if __name__ == "__main__":
    main()
