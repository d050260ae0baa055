"""Programs as the syntax tree sees them."""

import ast
import warnings


def same_but_for_numbers(program: str, other: str) -> bool:
    """Whether two programs differ in nothing but the numbers written in them, signs included.

    Raises:
        SyntaxError: one of them is not Python.
    """
    return _without_numbers(program) == _without_numbers(other)


def _without_numbers(program: str) -> str:
    return ast.dump(_HideNumbers().visit(parse(program)))


def parse(program: str) -> ast.Module:
    """The syntax tree of a program, without a warning whatever it says.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as `ast.parse`.
    """
    with warnings.catch_warnings():
        # Programs may say `x is 1`; that is nothing for people to be warned about.
        warnings.simplefilter("ignore")
        return ast.parse(program)


_NUMBER = "0"  # no name of a program


class _HideNumbers(ast.NodeTransformer):
    """Puts the same name in the place of every number."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        is_number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        return ast.Name(id=_NUMBER, ctx=ast.Load()) if is_number else node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        operand = self.visit(node.operand)
        is_sign = isinstance(node.op, ast.USub | ast.UAdd) and isinstance(operand, ast.Name)
        if is_sign and operand.id == _NUMBER:
            return operand
        return ast.UnaryOp(op=node.op, operand=operand)


def canonical(program: str) -> str:
    """The one way to write a program's syntax tree: comments, blank lines and quotes made uniform.

    The text ends in exactly one newline; a program without statements gives the empty text.

    Raises:
        SyntaxError: the text is not Python.
        ValueError: the text holds a null byte (a SyntaxError from Python 3.12 on) or is nested too
            deeply for Python's own parser.
    """
    return canonical_tree(program)[0]


def canonical_tree(program: str) -> tuple[str, ast.Module]:
    """`canonical` form of a program, and the syntax tree of that text, with its line numbers."""
    try:
        tree = parse(program)
        text = ast.unparse(tree)
    except (RecursionError, MemoryError):
        raise ValueError("canonical: the program is nested too deeply to parse") from None
    text = text + "\n" if text else ""
    return text, tree if text == program else parse(text)
