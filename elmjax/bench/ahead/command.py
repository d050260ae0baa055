"""`elmjax compile`: programs of the stages for TPUs that are not there, as a table and a record."""

import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import IO, Any

from rich.console import Console

from elmjax.bench.ahead.row import Row
from elmjax.bench.ahead.topology import ENVIRONMENT, check_compiler, chip_of
from elmjax.bench.ahead.worker import MARK, WRONG_USE
from elmjax.bench.display import Columns, show_rows
from elmjax.bench.record import circumstances
from elmjax.chips import GIB
from elmjax.config import Config, ConfigError, dump

MIB = 2**20

COLUMNS: Columns = {
    f"{'stage':<11}": lambda row: f"{row.stage:<11}",
    f"{'program':<28}": lambda row: f"{row.program:<28}",
    f"{'of':<42}": lambda row: f"{row.shape:<42}",
    "chips": lambda row: str(row.devices),
    "compile s": lambda row: f"{row.compile_seconds:.1f}",
    "cpu s": lambda row: f"{row.processor_seconds:.1f}",
    "MiB": lambda row: f"{row.needed / MIB:,.1f}",
    "of memory": lambda row: f"{100 * row.needed / row.memory:.1f} %",
    "gathers": lambda row: str(row.gathers),
    "scatters": lambda row: str(row.scatters),
    "fit": lambda row: row.verdict,
}


def compile_ahead(
    config: Config,
    name: str,
    topologies: Sequence[str],
    stages: Sequence[str],
    console: Console,
) -> list[Row]:
    """Compiles, and shows a table for each slice.

    Args:
        config: What gives the programs their shapes.
        name: Of the configuration, for the rows.
        topologies: Names of slices.
        stages: Of `stages.STAGES`.
        console: For the tables.

    Raises:
        ConfigError: for an unknown slice, a compiler that is not there or a configuration whose
            programs cannot be made.
    """
    for topology in topologies:
        chip_of(topology)
    check_compiler()
    rows = []
    for topology in topologies:
        memory = f"{chip_of(topology).memory / GIB:g} GiB a chip"
        title = f"{name} on {topology}, {memory}"
        found = _compile(config, name, topology, stages)
        rows += show_rows(title, COLUMNS, found, console)
    return rows


def record(rows: Sequence[Row], command: str) -> dict[str, Any]:
    """The rows, and where they come from."""
    told = circumstances("compile", command)
    told["versions"]["libtpu"] = importlib.metadata.version("libtpu")
    return told | {"rows": [vars(row) | {"over": row.over, "fits": row.fits} for row in rows]}


def _compile(
    config: Config, name: str, topology: str, stages: Sequence[str]
) -> Generator[Row, None, None]:
    """Rows as they come from the process that compiles."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
        file.write(dump(config))
        file.flush()
        order = {"file": file.name, "config": name, "topologies": [topology], "stages": stages}
        process = subprocess.Popen(
            [sys.executable, "-m", "elmjax.bench.ahead.worker"],
            env={**os.environ, **ENVIRONMENT},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        said: list[str] = []
        reader = threading.Thread(target=_read, args=(process.stderr, said), daemon=True)
        reader.start()
        try:
            process.stdin.write(json.dumps(order))
            process.stdin.close()
            for line in process.stdout:
                if line.startswith(MARK):
                    yield Row(**json.loads(line.removeprefix(MARK)))
            code = process.wait()
        finally:
            process.kill()
            process.wait()
        reader.join()
    if code != 0:
        raise ConfigError(_last_words(said, code))


def _read(stream: IO[str], into: list[str]) -> None:
    into.extend(stream)


def _last_words(said: Sequence[str], code: int) -> str:
    """Of a process that has failed, in a line."""
    last = next((line.strip() for line in reversed(said) if line.strip()), "no word")
    if code == WRONG_USE:
        return last
    return f"the process that compiles ended with {code}: {last}; wanted every program compiled"


def default_name(path: str | None) -> str:
    """What rows call a configuration."""
    return "defaults" if path is None else Path(path).stem
