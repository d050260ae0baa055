"""Which engine runs programs: the jail where the kernel can build one, else Monty."""

from collections.abc import Sequence
from types import TracebackType
from typing import Literal, Protocol, Self

from elmjax.programs.execution import Execution
from elmjax.programs.jail import LockdownUnavailable
from elmjax.programs.limits import Limits
from elmjax.programs.monty import MontyMissing, MontyPool
from elmjax.programs.pool import ProgramPool

EngineName = Literal["auto", "jail", "monty"]


class Engine(Protocol):
    """What runs programs, many at a time; a context manager."""

    def run(self, programs: Sequence[str]) -> list[Execution]:
        """Runs every program and returns the outcomes in the same order."""

    def run_fresh(self, programs: Sequence[str]) -> list[Execution]:
        """As `run`, where no program meets what another has left behind."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


def open_engine(engine: EngineName, *, workers: int, limits: Limits) -> Engine:
    """Starts an engine; never one that runs programs unconfined.

    Args:
        engine: "jail", "monty", or "auto" for the jail and, where there can be none, Monty.
        workers: Processes that run programs.
        limits: What a program may use.

    Raises:
        LockdownUnavailable: neither can be had; says what to install.
    """
    no_jail = ""
    if engine != "monty":
        try:
            return ProgramPool(workers=workers, limits=limits)
        except LockdownUnavailable as unavailable:
            if engine == "jail":
                raise
            no_jail = f"{unavailable.reason}; "
    try:
        return MontyPool(workers=workers, limits=limits)
    except MontyMissing as missing:
        raise LockdownUnavailable(f"{no_jail}{missing}") from None
