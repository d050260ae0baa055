"""What programs do, remembered by their text: the same text does the same every time."""

import hashlib
from collections.abc import Sequence

from elmjax.cache import Cache
from elmjax.dist import hosts
from elmjax.programs import DEPENDS_ON_MACHINE, Engine, Execution, Verdict

# What a busy machine may have decided, and what a forged reply says, is nobody's property.
_NOT_REMEMBERED = DEPENDS_ON_MACHINE | {Verdict.PROTOCOL}


class Executions:
    """An engine with a memory in front of it; equal programs are run once."""

    def __init__(self, engine: Engine, remembered: int) -> None:
        """Remembers nothing yet.

        Args:
            engine: Runs the programs.
            remembered: Programs whose outcome is kept at most.
        """
        self._engine = engine
        self._cache: Cache[bytes, Execution] = Cache(remembered)

    def run(self, programs: Sequence[str]) -> list[Execution]:
        """The outcome of every program, in order; every host runs a share of them."""
        return hosts.shared(
            "programs", programs, self._run, tell=Execution.plain, read=Execution.from_plain
        )

    def _run(self, programs: Sequence[str]) -> list[Execution]:
        keys = [_key(program) for program in programs]
        executions = self._cache.find(keys)
        texts = dict(zip(keys, programs, strict=True))
        missing = {key: text for key, text in texts.items() if key not in executions}
        ran = self._engine.run(list(missing.values()))
        for key, execution in zip(missing, ran, strict=True):
            executions[key] = execution
            if execution.verdict not in _NOT_REMEMBERED:
                self._cache.keep(key, execution)
        return [executions[key] for key in keys]

    def run_fresh(self, programs: Sequence[str]) -> list[Execution]:
        """Runs every program, known or not, in a worker that never saw another program."""
        return hosts.shared(
            "fresh programs",
            programs,
            self._engine.run_fresh,
            tell=Execution.plain,
            read=Execution.from_plain,
        )

    def forget(self, program: str) -> None:
        """Forgets what a program seemed to do."""
        self._cache.forget(_key(program))

    def take_rate(self) -> float:
        """Share of the programs, asked for since the last call, that needed no run."""
        return self._cache.take_rate()


def _key(program: str) -> bytes:
    """A hash of a program's text, which may hold what UTF-8 cannot."""
    return hashlib.blake2b(program.encode(errors="surrogatepass"), digest_size=16).digest()
