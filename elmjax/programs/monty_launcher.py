"""What Monty starts in place of its worker: a small script, which locks itself and becomes it.

Monty executes one file with a fixed argument and an empty environment, so all that `monty_lockdown`
must know stands in the script.
"""

import os
import re
import shlex
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from elmjax.programs.monty_lockdown import REPORT
from elmjax.programs.nursery import PACKAGE_ROOT

_START = "import sys; sys.path.append(sys.argv[1]); "
_START += "from elmjax.programs.monty_lockdown import main; main(sys.argv[2:])"
_OPTIONS = ("-I", "-S", "-B", "-W", "ignore")

_LIBRARY = re.compile(r"(?:=> |^\s*)(/.*?) \(0x[0-9a-f]+\)$", re.MULTILINE)
_LIBRARY_INDEX = "/etc/ld.so.cache"
_PROGRAM_INTERPRETER = 3  # the kind of an ELF segment
_SECONDS = 30.0  # for what takes some 50 ms, on a busy machine


class LauncherError(RuntimeError):
    """The launcher does not run."""


class MontyLauncher:
    """A file to start workers from, which exists until `close`."""

    def __init__(self, binary: str, memory_bytes: int) -> None:
        """Writes the script and asks it what the machine lets it give up.

        Args:
            binary: Path of Monty's worker.
            memory_bytes: Address space that a worker may hold.

        Raises:
            LauncherError: it does not run here; says why.
        """
        binary = os.path.abspath(binary)
        libraries = find_libraries(binary)
        command = [sys.executable, *_OPTIONS, "-c", _START, str(PACKAGE_ROOT)]
        command += [str(memory_bytes), str(len(libraries)), *libraries, binary]
        self._folder = tempfile.TemporaryDirectory(prefix="elmjax-")
        self.path = os.path.join(self._folder.name, "monty")
        Path(self.path).write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        os.chmod(self.path, 0o500)
        try:
            self.refusals = self._ask()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Removes the script; no worker starts from it any more."""
        self._folder.cleanup()

    def _ask(self) -> dict[str, str]:
        """Every layer, with the reason why it is refused; empty where it is in force."""
        try:
            told = subprocess.run(
                [self.path, REPORT],
                env={},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except PermissionError:
            raise LauncherError(
                f"nothing may be executed in {tempfile.gettempdir()}; set TMPDIR to a folder "
                "where it may"
            ) from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LauncherError(f"its launcher does not start: {error}") from None
        if told.returncode != 0:
            reason = " ".join(told.stderr.split())[-200:]
            raise LauncherError(f"its launcher ended with status {told.returncode}: {reason}")
        return dict(line.split("\t") for line in told.stdout.splitlines())


def find_libraries(binary: str) -> list[str]:
    """What the system reads to start a binary: its loader, and all that the loader would load.

    Returns:
        Absolute paths; none for a binary that is static, or of another system.
    """
    loader = _find_loader(binary)
    if loader is None:
        return []
    command = [loader, "--list", binary]
    listed = subprocess.run(
        command, env={}, capture_output=True, text=True, timeout=_SECONDS, check=False
    ).stdout
    return list(dict.fromkeys([loader, _LIBRARY_INDEX, *_LIBRARY.findall(listed)]))


def _find_loader(binary: str) -> str | None:
    """The loader that a 64-bit ELF file names."""
    with open(binary, "rb") as file:
        header = file.read(64)
        if header[:6] != b"\x7fELF\x02\x01":  # 64 bits, little-endian
            return None
        (at,) = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        for index in range(count):
            file.seek(at + index * size)
            kind, _, offset, _, _, length = struct.unpack("<IIQQQQ", file.read(40))
            if kind == _PROGRAM_INTERPRETER:
                file.seek(offset)
                return os.fsdecode(file.read(length).rstrip(b"\0"))
    return None
