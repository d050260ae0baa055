"""What running one program gave."""

import dataclasses
from typing import Any

import numpy as np

from elmjax.programs.verdict import Verdict
from physics.body import Body

_DTYPES: dict[str, Any] = {
    "joints": np.float32,
    "ends": np.int32,
    "rigid": np.bool_,
    "amplitude": np.float32,
    "phase": np.float32,
}


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Execution:
    """The outcome of one program; `body` is there exactly where the verdict is OK."""

    verdict: Verdict
    reason: str = ""  # one line for people; empty where the verdict is OK
    error: str = ""  # standard class of what it raised, where the verdict is RUNTIME
    body: Body | None = None

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it, to the last bit."""
        body = self.body
        fields = {} if body is None else {name: getattr(body, name).tolist() for name in _DTYPES}
        told = {"verdict": self.verdict.value, "reason": self.reason, "error": self.error}
        return told | ({} if body is None else {"body": fields})

    @classmethod
    def from_plain(cls, told: dict[str, Any]) -> "Execution":
        """Of what `plain` gives."""
        fields, body = told.get("body"), None
        if fields is not None:
            arrays = {name: np.array(fields[name], dtype) for name, dtype in _DTYPES.items()}
            arrays["joints"] = arrays["joints"].reshape(-1, 2)
            arrays["ends"] = arrays["ends"].reshape(-1, 2)
            body = Body(**arrays)
        return cls(
            verdict=Verdict(told["verdict"]),
            reason=told["reason"],
            error=told["error"],
            body=body,
        )
