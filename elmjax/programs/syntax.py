"""Programs as the syntax tree sees them."""

import ast
import warnings


def canonical(program: str) -> str:
    """The one way to write a program's syntax tree: comments, blank lines and quotes made uniform.

    The text ends in exactly one newline; a program without statements gives the empty text.

    Raises:
        SyntaxError: the text is not Python.
        ValueError: the text holds a null byte (a SyntaxError from Python 3.12 on) or is nested too
            deeply for Python's own parser.
    """
    try:
        with warnings.catch_warnings():
            # Programs may say `x is 1`; that is nothing for people to be warned about.
            warnings.simplefilter("ignore")
            text = ast.unparse(ast.parse(program))
    except (RecursionError, MemoryError):
        raise ValueError("canonical: the program is nested too deeply to parse") from None
    return text + "\n" if text else ""
