"""The second engine: Monty, a small Python interpreter in Rust, for where no jail can be built.

Monty (the extra `monty`) runs each program in a session of its own in worker processes without
files, network or environment, and those give up before they start whatever the machine lets a
process give up (`monty_lockdown`). Its Python is smaller; what a program must do without is listed
in docs/security.md. The walker language is a prelude, written
in that Python, and the modules `walk_creator` and `numpy` are names of it: their imports, each on a
line of its own, are rewritten. What a program records passes through the same `build`.
"""

import builtins
import datetime
import re
import threading
import warnings
from array import array
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from elmjax.programs.build import build
from elmjax.programs.execution import Execution
from elmjax.programs.language import WITHHELD
from elmjax.programs.limits import RECURSION_LIMIT, Limits
from elmjax.programs.monty_launcher import LauncherError, MontyLauncher
from elmjax.programs.pool import read_source
from elmjax.programs.prelude import ENTRY_CLASS, TOO_MANY, prelude
from elmjax.programs.verdict import DEPENDS_ON_MACHINE, Verdict
from elmjax.programs.wire import MAX_JOINT_CALLS, MAX_SPRING_CALLS, SPRING_NUMBERS, Reply

_IMPORT = re.compile(r"^([ \t]*)import (walk_creator|numpy)(?: as (\w+))?[ \t]*$", re.MULTILINE)
_IMPORT_FROM = re.compile(
    r"^([ \t]*)from (walk_creator|numpy|np) import (\w+)(?: as (\w+))?[ \t]*$", re.MULTILINE
)
_FUNCTION = re.compile(r"^def (\w+)\(\s*\)", re.MULTILINE)
_GRACE_SECONDS = 1.0  # after a time limit, until a worker that does not notice is ended
_MAX_TEXT = 200  # characters of an exception's own text
_EPOCH = datetime.datetime(2000, 1, 1)
_UNSUPPORTED = "does not yet support"

# Address space of a worker in which a program meets Monty's own limit of memory first: twice that
# limit, because what grows is copied, and what an idle worker maps (about 180 MiB), with room.
_COPIES = 2
_IDLE_BYTES = 512 << 20


class MontyMissing(RuntimeError):  # noqa: N818 - a state of the machine
    """The package is not installed, or does not run here."""

    def __init__(self, reason: str = "pydantic-monty is not installed") -> None:
        super().__init__(reason)


class MontyPool:
    """Runs programs in Monty; used as a `ProgramPool` is."""

    def __init__(self, *, workers: int = 2, limits: Limits | None = None) -> None:
        """Starts the workers, and warns where they could not give up everything.

        Raises:
            MontyMissing: the package is not installed, or its workers do not start.
        """
        self._monty = _import_monty()
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._closed = False
        self._launcher = _make_launcher(self._limits)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="monty")
        self._pool = self._monty.Monty(
            binary_path=self._launcher.path,
            min_processes=workers,
            max_processes=workers,
            request_timeout=self._limits.silent_seconds,
            feed_duration_limit_grace=_GRACE_SECONDS,
        )
        try:
            self._pool.__enter__()
            self._try_worker()
        except self._monty.MontyError as error:
            self.close()
            raise MontyMissing(f"Monty's workers do not start: {_one_line(str(error))}") from None
        except BaseException:
            self.close()
            raise
        if self.refused:
            layers = "; ".join(f"{name} ({why})" for name, why in self.refused.items())
            warnings.warn(f"Monty's workers run without: {layers}", stacklevel=2)

    @property
    def refused(self) -> Mapping[str, str]:
        """The layers of `monty_lockdown` that are not in force here, with the reason of each."""
        return {name: why for name, why in self._launcher.refusals.items() if why}

    def run(self, programs: Sequence[str]) -> list[Execution]:
        """Runs every program, in a session of its own, and returns the outcomes in order."""
        if self._closed:
            raise ValueError("MontyPool.run: the pool is closed; open a new one")
        with self._lock:
            return list(self._threads.map(self._judge, programs))

    def run_fresh(self, programs: Sequence[str]) -> list[Execution]:
        """The same as `run`: no session ever sees two programs."""
        return self.run(programs)

    def run_one(self, program: str) -> Execution:
        """Runs a single program."""
        return self.run([program])[0]

    def close(self) -> None:
        """Ends the workers."""
        if not self._closed:
            self._closed = True
            self._threads.shutdown(wait=True, cancel_futures=True)
            self._pool.__exit__(None, None, None)
            self._launcher.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _try_worker(self) -> None:
        """Makes sure that what the workers gave up was nothing that they need."""
        with self._pool.checkout() as session:
            session.feed_run("1")

    def _judge(self, program: str) -> Execution:
        source = read_source(program, self._limits)
        if isinstance(source, Execution):
            return source
        (execution,) = build([self._run(program)], self._limits.dim)
        if execution.verdict in DEPENDS_ON_MACHINE:
            (execution,) = build([self._run(program)], self._limits.dim)
        return execution

    def _run(self, program: str) -> Reply:
        entry = find_entry(program)
        try:
            with self._pool.checkout(
                limits={
                    "max_feed_duration_secs": self._limits.seconds,
                    "max_memory": self._limits.memory_mebibytes << 20,
                    "max_recursion_depth": RECURSION_LIMIT,
                },
                os_policy={
                    # Nothing may differ between two runs, and nothing may wait.
                    "datetime": _EPOCH,
                    "sleep": "zero",
                    "random_start": {"seed": program},
                },
                assert_message_annotations=False,
            ) as session:
                session.feed_run(prelude(self._limits.dim))
                session.feed_run(rewrite_imports(program), print_callback=_print_nowhere)
                if entry is None:
                    reason = "no function make_walker, nor any other that takes no arguments"
                    return Reply(verdict=Verdict.NO_ENTRY, reason=reason)
                walker = session.feed_run(f"{entry}()", print_callback=_print_nowhere)
        except self._monty.MontyCrashedError as error:
            verdict = Verdict.HARD_TIMEOUT if error.timed_out else Verdict.WORKER_DIED
            return Reply(verdict=verdict, reason=_one_line(str(error)))
        except self._monty.MontyError as error:
            return _explain(error.exception(), _line_of(error))
        return _record(walker, entry, self._limits.dim)


def rewrite_imports(program: str) -> str:
    """Turns imports of the language's own modules into assignments, line by line."""
    text = _IMPORT.sub(lambda m: f"{m[1]}{m[3] or m[2]} = {m[2]}", program)
    return _IMPORT_FROM.sub(lambda m: f"{m[1]}{m[4] or m[3]} = {m[2]}.{m[3]}", text)


def find_entry(program: str) -> str | None:
    """`make_walker`, else the last function that is written without parameters."""
    names = _FUNCTION.findall(program)
    if "make_walker" in names or re.search(r"^def make_walker\(", program, re.MULTILINE):
        return "make_walker"
    return names[-1] if names else None


def _import_monty() -> Any:
    try:
        import pydantic_monty
    except ImportError:
        raise MontyMissing from None
    return pydantic_monty


def _make_launcher(limits: Limits) -> MontyLauncher:
    from pydantic_monty._binary import find_monty_binary

    memory_bytes = _IDLE_BYTES + _COPIES * (limits.memory_mebibytes << 20)
    try:
        return MontyLauncher(find_monty_binary(), memory_bytes)
    except (FileNotFoundError, LauncherError) as error:
        raise MontyMissing(f"Monty does not run here: {error}") from None


def _print_nowhere(stream: str, text: str) -> None:
    pass


def _record(walker: Any, entry: str, dim: int) -> Reply:
    """A walker as the jail's worker would have sent it. Trusts nothing in it."""
    if getattr(walker, "name", None) != ENTRY_CLASS:
        kind = type(walker).__name__
        reason = f"{entry} returned {kind}, not what get_walker() gives"
        return Reply(verdict=Verdict.WRONG_RETURN, reason=reason)
    try:
        joints, springs = (walker.attributes[name] for name in ("joints", "springs"))
        if len(joints) > MAX_JOINT_CALLS or len(springs) > MAX_SPRING_CALLS:
            reason = f"{len(joints)} joints and {len(springs)} springs"
            return Reply(verdict=Verdict.TOO_LARGE, reason=reason)
        points = array("d", [float(number) for row in joints for number in _numbers(dim, *row)])
        width = SPRING_NUMBERS
        rows = array("d", [float(number) for row in springs for number in _numbers(width, *row)])
    except (KeyError, TypeError, ValueError, OverflowError):
        return Reply(verdict=Verdict.PROTOCOL, reason="malformed recording")
    return Reply(verdict=Verdict.OK, joints=points.tobytes(), springs=rows.tobytes())


def _numbers(count: int, *numbers: Any) -> tuple[Any, ...]:
    if len(numbers) != count:
        raise ValueError(f"got {len(numbers)} numbers, wanted {count}")
    return numbers


def _explain(error: BaseException, line: int) -> Reply:
    text = _one_line(f"{type(error).__name__}: {error}"[:_MAX_TEXT])
    reason = f"{text} (line {line})"
    match error:
        case SyntaxError():
            return Reply(verdict=Verdict.SYNTAX, reason=reason)
        case TimeoutError():
            return Reply(verdict=Verdict.SOFT_TIMEOUT, reason=reason)
        case MemoryError():
            return Reply(verdict=Verdict.MEMORY, reason="ran out of memory")
        case RecursionError():
            return Reply(verdict=Verdict.RECURSION, reason="recursed too deeply")
        case ImportError() | PermissionError():
            return Reply(verdict=Verdict.FORBIDDEN, reason=reason)
        case NotImplementedError() if _UNSUPPORTED in str(error):
            return Reply(verdict=Verdict.FORBIDDEN, reason=reason)
        case NameError() if any(f"'{name}'" in str(error) for name in WITHHELD):
            return Reply(verdict=Verdict.FORBIDDEN, reason=reason)
        case RuntimeError() if TOO_MANY in str(error):
            return Reply(verdict=Verdict.TOO_LARGE, reason=text)
    kind = type(error)
    standard = getattr(builtins, kind.__name__, None) is kind
    return Reply(
        verdict=Verdict.RUNTIME, reason=reason, error=kind.__name__ if standard else "Exception"
    )


def _line_of(error: Any) -> int:
    frames = error.traceback() if hasattr(error, "traceback") else []
    return frames[-1].line if frames else 0


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))
