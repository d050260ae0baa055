"""Compiles the stages of the presets for slices of their chips, and writes the record.

`python -m elmjax.bench.ahead`, where the extra `tpu` is. Exit code 1 where a program does not fit.
"""

import sys
from pathlib import Path

from rich.console import Console

from elmjax.bench.ahead.command import compile_ahead, record
from elmjax.bench.record import write_record
from elmjax.config import load

RECORD = Path("docs", "benchmarks", "tpu-static", "compile.json")
SLICES = {"v5e": ("v5e:2x2", "v5e:2x4"), "v6e": ("v6e:2x2",)}  # by preset
STAGES = ("evolve", "finetune", "conditional")


def main() -> int:
    """Compiles them all."""
    console, rows = Console(), []
    for name, slices in SLICES.items():
        rows += compile_ahead(load(name), name, slices, STAGES, console)
    write_record(record(rows, "python -m elmjax.bench.ahead"), RECORD)
    return 0 if all(row.fits for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
