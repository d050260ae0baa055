"""Runs one program, from its text to its recorded walker or the reason why not. Inside the jail."""

import builtins
from types import CodeType, FunctionType, TracebackType

from elmjax.programs.language import WITHHELD, ForbiddenImportError, Stop, Walker, given_names
from elmjax.programs.names import forbidden_name
from elmjax.programs.verdict import Verdict
from elmjax.programs.wire import Reply

_FILENAME = "<program>"
_MAX_TEXT = 200  # characters of an exception's own text
_STANDARD_ERRORS = frozenset(
    value
    for value in vars(builtins).values()
    if isinstance(value, type) and issubclass(value, BaseException)
)


def interpret(source: str, dim: int = 2) -> Reply:
    """Runs a program in the walker language of `dim` dimensions.

    Returns:
        Its verdict and recording.

    Raises:
        BaseException: only what interrupts the program from outside.
    """
    code = _compile(source)
    if isinstance(code, Reply):
        return code
    name = forbidden_name(code)
    if name is not None:
        return Reply(verdict=Verdict.FORBIDDEN, reason=f"the name {name} is out of reach")
    namespace = given_names(source, dim)
    try:
        exec(code, namespace)
        return _walk_out(namespace)
    except Stop as stop:
        return Reply(verdict=stop.verdict, reason=stop.reason)
    except Exception as error:
        return _explain(error)
    finally:
        # Functions refer to the namespace that holds them. Emptying it frees both at once, and
        # runs whatever the program left to be run at its end while its time still counts.
        namespace.clear()


def _compile(source: str) -> CodeType | Reply:
    try:
        return compile(source, _FILENAME, "exec", dont_inherit=True)
    except SyntaxError as error:
        line = f" (line {error.lineno})" if error.lineno else ""
        return Reply(verdict=Verdict.SYNTAX, reason=f"{type(error).__name__}: {error.msg}{line}")
    except ValueError as error:  # a null byte, before Python 3.12
        return Reply(verdict=Verdict.SYNTAX, reason=f"SyntaxError: {error}")
    except (RecursionError, MemoryError):
        return Reply(verdict=Verdict.RECURSION, reason="nested too deeply to compile")


def _walk_out(namespace: dict[str, object]) -> Reply:
    entry = find_entry(namespace)
    if entry is None:
        reason = "no function make_walker, nor any other that takes no arguments"
        return Reply(verdict=Verdict.NO_ENTRY, reason=reason)
    walker = entry()
    if type(walker) is not Walker:
        name, got = _name_of(entry), _name_of(type(walker))
        reason = f"{name} returned {got}, not what get_walker() gives"
        return Reply(verdict=Verdict.WRONG_RETURN, reason=reason)
    return Reply(verdict=Verdict.OK, joints=walker.__joints__, springs=walker.__springs__)


def find_entry(namespace: dict[str, object]) -> FunctionType | None:
    """`make_walker`, else the function defined last, of those callable without arguments."""
    entries = {
        name: value
        for name, value in namespace.items()
        if type(value) is FunctionType and _needs_no_arguments(value)
    }
    if "make_walker" in entries:
        return entries["make_walker"]
    # By line, because a function defined twice keeps its first place in the namespace.
    return max(entries.values(), key=lambda entry: entry.__code__.co_firstlineno, default=None)


def _needs_no_arguments(function: FunctionType) -> bool:
    code = function.__code__
    positional = code.co_argcount - len(function.__defaults__ or ())
    keyword_only = code.co_kwonlyargcount - len(function.__kwdefaults__ or {})
    return positional <= 0 and keyword_only <= 0


def _explain(error: Exception) -> Reply:
    match error:
        case MemoryError():
            return Reply(verdict=Verdict.MEMORY, reason="ran out of memory")
        case RecursionError():
            return Reply(verdict=Verdict.RECURSION, reason="recursed too deeply")
        case ForbiddenImportError():
            verdict = Verdict.FORBIDDEN
        case NameError(name=name) if name in WITHHELD:
            verdict = Verdict.FORBIDDEN
        case _:
            verdict = Verdict.RUNTIME
    kind = standard_class(error)
    line = _line_of(error.__traceback__)
    return Reply(
        verdict=verdict,
        reason=f"{_text_of(error, kind)} (line {line})",
        error=kind if verdict is Verdict.RUNTIME else "",
    )


def standard_class(error: BaseException) -> str:
    """The nearest class of an exception that is Python's own: a program names others at will."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind in _STANDARD_ERRORS)


def _text_of(error: Exception, kind: str) -> str:
    """`ValueError: text`, or `ValueError Own: text` where the program made a class of its own."""
    own = _name_of(type(error))
    kind = kind if own == kind else f"{kind} {own}"
    try:
        text = str(error)[:_MAX_TEXT]  # runs the program's own code where it defines the class
    except Exception:
        text = ""
    return f"{kind}: {text}" if text else kind


def _name_of(thing: type | FunctionType) -> str:
    """A name without the methods of its own that a program may have given it."""
    return str.__str__(thing.__name__)[:_MAX_TEXT]


def _line_of(traceback: TracebackType | None) -> int:
    line = 0
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == _FILENAME:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
