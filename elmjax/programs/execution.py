"""What running one program gave."""

import dataclasses

from elmjax.programs.verdict import Verdict
from physics.body import Body


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Execution:
    """The outcome of one program; `body` is there exactly where the verdict is OK."""

    verdict: Verdict
    reason: str = ""  # one line for people; empty where the verdict is OK
    error: str = ""  # standard class of what it raised, where the verdict is RUNTIME
    body: Body | None = None
