"""What runs programs for a notebook: one engine for each set of limits, until the process ends.

A notebook has no end at which a block could close it.
"""

import atexit
import functools
from dataclasses import replace

from elmjax.config import Config
from elmjax.config.schema import Programs
from elmjax.programs import Engine
from elmjax.stages.run import open_pool


@functools.lru_cache(maxsize=8)
def engine(limits: Programs) -> Engine:
    """The engine for some limits, started on first use.

    Raises:
        LockdownUnavailable: this machine cannot lock programs down.
    """
    pool = open_pool(replace(Config(), programs=limits))
    atexit.register(pool.__exit__, None, None, None)
    return pool
