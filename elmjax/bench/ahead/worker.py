"""The process that compiles: it alone has the compiler for TPUs, and its environment.

`python -m elmjax.bench.ahead.worker` reads what to compile as JSON and writes a row a line.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from elmjax.bench.ahead.program import Target
from elmjax.bench.ahead.row import compile_program
from elmjax.bench.ahead.stages import STAGES
from elmjax.bench.ahead.topology import chip_of, open_topology
from elmjax.config import ConfigError, load_dumped
from elmjax.stages import pipeline

MARK = "row "  # in front of a row: libraries print, too
WRONG_USE = 2


def compile_all(order: dict[str, Any]) -> None:
    """Compiles every program of some stages for some slices.

    Args:
        order: `file`, a resolved configuration; `config`, its name; `topologies`; `stages`.
    """
    config = load_dumped(Path(order["file"]))
    pipeline.check(config)
    for topology in order["topologies"]:
        devices, memory = open_topology(topology), chip_of(topology).memory
        for stage in order["stages"]:
            target = Target.over(stage, config, devices)
            for program in STAGES[stage](target):
                row = compile_program(
                    program, config=order["config"], topology=topology, memory=memory
                )
                print(MARK + json.dumps(asdict(row)), flush=True)


def main() -> int:
    """Reads the order from the standard input."""
    try:
        compile_all(json.load(sys.stdin))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return WRONG_USE
    return 0


if __name__ == "__main__":
    sys.exit(main())
