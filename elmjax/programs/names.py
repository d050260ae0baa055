"""The names a program may use, checked on its bytecode before it runs. Runs inside the jail.

This keeps programs of one worker out of each other's way and off the interpreter's own objects; it
is cheap and makes no promise against an adversary. The boundary is `lockdown`.
"""

from types import CodeType

# Parts of the data model that a program's own classes may define or call. `__del__` is not among
# them, because it runs at a time of its own choosing.
_DATA_MODEL = frozenset(
    f"__{name}__"
    for name in """
    init call repr str bool len iter next contains getitem setitem delitem enter exit
    eq ne lt le gt ge hash add sub mul truediv floordiv mod pow neg pos abs
    radd rsub rmul rtruediv iadd isub imul itruediv float int index round
    name doc annotations module qualname slots
    classcell classdict classdictcell type_params firstlineno static_attributes annotate
    annotate_func conditional_annotations
    """.split()  # noqa: SIM905 - a list would take a line for each
)

# Ways from a generator, coroutine or traceback to the frames below it, and from there to the
# interpreter's own globals.
_FRAMES = frozenset(
    """
    gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_await cr_origin ag_frame ag_code ag_await
    f_back f_builtins f_code f_globals f_locals f_trace f_generator tb_frame tb_next
    mro format_map
    """.split()  # noqa: SIM905
)


def forbidden_name(code: CodeType) -> str | None:
    """The first name in the code, or in any code nested in it, that is out of reach."""
    for name in code.co_names:
        if _is_forbidden(name):
            return name
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found = forbidden_name(constant)
            if found is not None:
                return found
        elif isinstance(constant, tuple):
            # The attribute names of a class pattern, `case object(__class__=c)`, are constants.
            for name in constant:
                if isinstance(name, str) and _is_forbidden(name):
                    return name
    return None


def _is_forbidden(name: str) -> bool:
    return ("__" in name and name not in _DATA_MODEL) or name in _FRAMES
