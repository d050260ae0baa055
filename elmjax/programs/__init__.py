"""Walker programs: the language they are written in, the jail they run in, and how they change.

Everything is loaded when first used: the jailed worker is part of this package and must not import
NumPy, and the rest need not start what it does not use.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elmjax.programs.engine import Engine as Engine
    from elmjax.programs.engine import open_engine as open_engine
    from elmjax.programs.execution import Execution as Execution
    from elmjax.programs.jail import LockdownUnavailable as LockdownUnavailable
    from elmjax.programs.limits import Limits as Limits
    from elmjax.programs.pool import ProgramPool as ProgramPool
    from elmjax.programs.seeds import SEEDS as SEEDS
    from elmjax.programs.seeds import SPATIAL_SEEDS as SPATIAL_SEEDS
    from elmjax.programs.syntax import canonical as canonical
    from elmjax.programs.syntax import same_but_for_numbers as same_but_for_numbers
    from elmjax.programs.tree import mutate as mutate
    from elmjax.programs.verdict import DEPENDS_ON_MACHINE as DEPENDS_ON_MACHINE
    from elmjax.programs.verdict import Verdict as Verdict
    from elmjax.programs.walkers import WALKERS as WALKERS

_HOMES = {
    "DEPENDS_ON_MACHINE": "verdict",
    "Engine": "engine",
    "Execution": "execution",
    "Limits": "limits",
    "LockdownUnavailable": "jail",
    "ProgramPool": "pool",
    "SEEDS": "seeds",
    "SPATIAL_SEEDS": "seeds",
    "Verdict": "verdict",
    "WALKERS": "walkers",
    "canonical": "syntax",
    "mutate": "tree",
    "same_but_for_numbers": "syntax",
    "open_engine": "engine",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
