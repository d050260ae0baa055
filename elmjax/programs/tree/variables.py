"""What names and expressions of a walker program can stand for: joints, lists of them, numbers."""

import ast
from dataclasses import dataclass
from enum import Enum, auto

from elmjax.programs.tree.places import name_called

_KEEP_ELEMENTS = ("list", "tuple", "sorted", "reversed")
_NUMERIC_CALLS = ("len", "abs", "min", "max", "int", "float", "round", "sum", "sin", "cos", "sqrt")


class Kind(Enum):
    """What a value is to a walker program."""

    NUMBER = auto()
    NUMBERS = auto()
    JOINT = auto()
    JOINTS = auto()
    JOINT_MAP = auto()  # a dictionary; those of walker programs hold joints
    CREATOR = auto()
    FUNCTION = auto()


ELEMENT = {Kind.JOINTS: Kind.JOINT, Kind.NUMBERS: Kind.NUMBER}
SEQUENCE = {Kind.JOINT: Kind.JOINTS, Kind.NUMBER: Kind.NUMBERS}


@dataclass(frozen=True, kw_only=True)
class Value:
    """Kind of a value, and its number of elements or parameters where that is known."""

    kind: Kind
    length: int | None = None


NUMBER = Value(kind=Kind.NUMBER)
JOINT = Value(kind=Kind.JOINT)
CREATOR = Value(kind=Kind.CREATOR)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """A function and what is known of the names in it.

    Attributes:
        function: The function's node.
        values: What names stand for, those of enclosing functions included.
        lines: First line at which the function binds a name; outer names have none.
    """

    function: ast.FunctionDef
    values: dict[str, Value]
    lines: dict[str, int]

    def visible(self, line: int, kind: Kind) -> list[str]:
        """Names of a kind that are bound above `line`, in alphabetical order."""
        return sorted(
            name
            for name, value in self.values.items()
            if value.kind is kind and self.lines.get(name, 0) < line
        )

    def values_above(self, line: int) -> dict[str, Value]:
        """What the names bound above `line` stand for."""
        return {
            name: value for name, value in self.values.items() if self.lines.get(name, 0) < line
        }


def read(node: ast.expr, values: dict[str, Value], returned: dict[str, Value]) -> Value | None:
    """What an expression stands for, None where that is unknown."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float()) | ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            return NUMBER
        case ast.Name(id=name):
            return values.get(name)
        case ast.Call():
            return _read_call(node, values, returned)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return sequence_of([read(item, values, returned) for item in items])
        case ast.Dict() | ast.DictComp():
            return Value(kind=Kind.JOINT_MAP)
        case ast.ListComp(elt=item, generators=[ast.comprehension(iter=source, ifs=[])]):
            element = sequence_of([read(item, values, returned)])
            length = _length(source, values, returned)
            return element and Value(kind=element.kind, length=length)
        case ast.BinOp(left=left, right=right):
            sides = (read(left, values, returned), read(right, values, returned))
            sequences = [side for side in sides if side and side.kind in ELEMENT]
            return Value(kind=sequences[0].kind) if sequences else NUMBER
        case ast.Subscript(value=container, slice=index):
            sequence = read(container, values, returned)
            if sequence is None or sequence.kind not in ELEMENT:
                return None
            kind = sequence.kind if isinstance(index, ast.Slice) else ELEMENT[sequence.kind]
            return Value(kind=kind)
    return None


def _read_call(
    call: ast.Call, values: dict[str, Value], returned: dict[str, Value]
) -> Value | None:
    if isinstance(call.func, ast.Name) and call.func.id in returned:
        return returned[call.func.id]
    match name_called(call):
        case "add_joint":
            return JOINT
        case "walker_creator":
            return CREATOR
        case "query_cppn":  # given by the walker language
            return Value(kind=Kind.JOINT_MAP)
        case "range":
            return Value(kind=Kind.NUMBERS, length=_length(call, values, returned))
        case name if name in _NUMERIC_CALLS:
            return NUMBER
        case name if name in _KEEP_ELEMENTS and len(call.args) == 1:
            return read(call.args[0], values, returned)
    return None


def sequence_of(items: list[Value | None]) -> Value | None:
    """Sequence of the given elements, None unless they are all joints or all numbers."""
    kinds = {item.kind if item else None for item in items}
    kind = SEQUENCE.get(kinds.pop()) if len(kinds) == 1 else None  # type: ignore[arg-type]
    return kind and Value(kind=kind, length=len(items))


def _length(node: ast.expr, values: dict[str, Value], returned: dict[str, Value]) -> int | None:
    match node:
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(count))]):
            return count
        case ast.Call(func=ast.Name(id="range")):
            return None
    value = read(node, values, returned)
    return value.length if value else None
