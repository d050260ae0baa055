"""Functions that others wrote, named in a configuration as `module:function`."""

import difflib
import importlib
import re
from collections.abc import Callable
from typing import Any

_FORM = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def is_entry(name: str) -> bool:
    """Whether a name has the form `module:function`."""
    return _FORM.fullmatch(name) is not None


def entry(name: str) -> Callable[..., Any]:
    """The function of a name; its module is imported.

    Raises:
        ValueError: there is no such module or function, or what it names cannot be called.
    """
    if not is_entry(name):
        raise ValueError(f"got {name!r}, want module:function, such as my_package.hills:valley")
    module_name, _, function_name = name.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"got {name!r}, but there is no module {error.name!r}; install it, or name its folder "
            "in PYTHONPATH"
        ) from None
    found = getattr(module, function_name, None)
    if found is None:
        close = difflib.get_close_matches(function_name, dir(module), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"got {name!r}, but {module_name} has no {function_name!r}{hint}")
    if not callable(found):
        raise ValueError(f"got {name!r}, a {type(found).__name__}; want a function")
    return found
