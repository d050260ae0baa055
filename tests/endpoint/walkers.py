"""A script for a server: a chat model that changes numbers of the walker it is shown."""

import json
import random
import re
from typing import Any

from tests.endpoint.server import Say

_SHOWN = re.compile(r"```python\n(.*?)```", re.DOTALL)


def rewrite(_number: int, body: dict[str, Any]) -> Say:
    """A whole program that depends on nothing but what was asked."""
    rng = random.Random(json.dumps(body, sort_keys=True))
    (program,) = _SHOWN.findall(body["messages"][1]["content"])
    if rng.random() < 0.2:
        return Say("I cannot do that.")
    changed = re.sub(r"\b\d+\b", lambda match: str(int(match[0]) + rng.randrange(3)), program)
    return Say(f"Here it is:\n```python\n{changed}```")
