"""What a compiled program takes: seconds, memory of a device, look-ups."""

import re
import time
from dataclasses import dataclass
from typing import Any

from elmjax.bench.ahead.program import Program
from elmjax.chips import GIB

# As the compiler tells what it cannot place: what is needed, and what there is.
_TOO_MUCH = (
    re.compile(r"\(size=(?P<needed>\d+)\) would exceed memory \(size=(?P<there>\d+)\)"),
    re.compile(r"Used (?P<needed>[\d.]+)(?P<unit>[KMGT]) of (?P<there>[\d.]+)(?P<of>[KMGT]) hbm"),
)
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_MOVES = re.compile(r"(?:^|\s)(gather|scatter)\(", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One program for one slice of TPUs. Memory is that of one device, in bytes."""

    config: str
    topology: str
    stage: str
    program: str
    shape: str
    devices: int  # that it runs on
    compile_seconds: float  # lowering included; 0 where an equal one was before
    processor_seconds: float  # of that, on all cores: other processes do not count
    arguments: int
    temporary: int
    results: int  # without those that take the place of an argument
    code: int
    beside: int  # what the stage keeps on the device meanwhile
    needed: int  # of all these, or as the compiler tells where it finds no room
    memory: int  # there is
    gathers: int
    scatters: int
    refused: bool = False  # by the compiler, for lack of room: `needed` is a lower bound
    error: str = ""  # why it does not compile, where that is not for room

    @property
    def over(self) -> int:
        """Bytes that the device lacks."""
        return max(0, self.needed - self.memory)

    @property
    def fits(self) -> bool:
        """Whether it compiles and has room."""
        return not self.error and self.over == 0

    @property
    def verdict(self) -> str:
        """In words."""
        if self.error:
            return self.error
        at_least = "at least " if self.refused else ""
        return f"{at_least}{self.over / GIB:.2f} GiB too much" if self.over else "fits"


def compile_program(program: Program, *, config: str, topology: str, memory: int) -> Row:
    """Compiles, and looks at what comes out.

    Args:
        program: What is compiled.
        config: For the row.
        topology: For the row.
        memory: Bytes of a device.
    """
    told: dict[str, Any] = {
        "config": config,
        "topology": topology,
        "stage": program.stage,
        "program": program.name,
        "shape": program.shape,
        "devices": program.devices,
        "beside": program.beside,
        "memory": memory,
    }
    began, worked = time.monotonic(), time.process_time()
    try:
        compiled = program.lower().compile()
    # Whatever the compiler refuses is the row of this program, and the others follow.
    except Exception as error:
        seconds = _seconds(began, worked)
        return Row(**told, **seconds, **refusal(str(error), memory, program.held))
    seconds = _seconds(began, worked)
    sizes = compiled.memory_analysis()
    parts = {
        "arguments": sizes.argument_size_in_bytes,
        "temporary": sizes.temp_size_in_bytes,
        "results": sizes.output_size_in_bytes - sizes.alias_size_in_bytes,
        "code": sizes.generated_code_size_in_bytes,
    }
    moves = _MOVES.findall(compiled.as_text())
    return Row(
        **told,
        **parts,
        **seconds,
        needed=sum(parts.values()) + program.beside,
        gathers=moves.count("gather"),
        scatters=moves.count("scatter"),
    )


def _seconds(began: float, worked: float) -> dict[str, Any]:
    return {
        "compile_seconds": time.monotonic() - began,
        "processor_seconds": time.process_time() - worked,
    }


def refusal(message: str, memory: int, held: int) -> dict[str, Any]:
    """What is known of a program that the compiler refuses.

    Args:
        message: The compiler's.
        memory: Bytes of a device.
        held: Bytes that are known to be needed: it may tell of one array that finds no room.
    """
    unknown = {"arguments": 0, "temporary": 0, "results": 0, "code": 0, "gathers": 0, "scatters": 0}
    found = next((match for each in _TOO_MUCH if (match := each.search(message))), None)
    if found is None:
        return {**unknown, "needed": 0, "error": " ".join(message.split())[:200]}
    units = found.groupdict()
    needed = float(units["needed"]) * _UNITS.get(units.get("unit", ""), 1)
    # The compiler keeps some of the chip for itself: what it lacks is told by its own measure.
    lacking = needed - float(units["there"]) * _UNITS.get(units.get("of", ""), 1)
    return {**unknown, "needed": max(held, memory + round(lacking)), "refused": True}
