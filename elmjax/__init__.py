"""Evolution through Large Models in JAX. Imports nothing heavy: `import elmjax` loads no jax.

The names below are resolved on first use; `elmjax.notebook` and `elmjax.search` hold them.
"""

import importlib
from typing import Any

__version__ = "0.1.0"
__all__ = [
    "Domain",
    "Score",
    "Walker",
    "__version__",
    "load",
    "map_elites",
    "terrain",
    "walker",
    "walkers",
]

# Said to nobody's type checker: the modules that these names stand for import this one.
_MODULE_OF = {
    **dict.fromkeys(("Walker", "load", "terrain", "walker", "walkers"), "elmjax.notebook"),
    **dict.fromkeys(("Domain", "Score", "map_elites"), "elmjax.search"),
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'elmjax' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULE_OF])
