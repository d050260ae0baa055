"""What the names in the functions of a walker program stand for: joints, lists of them, numbers.

Inferred from how a name is assigned and used, so that an edit can put a joint where a joint
belongs. A guess: a wrong one costs a child that crashes, never a child that does not parse.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from elmjax.programs.tree.places import is_call_of

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


_ELEMENT = {Kind.JOINTS: Kind.JOINT, Kind.NUMBERS: Kind.NUMBER}
_SEQUENCE = {Kind.JOINT: Kind.JOINTS, Kind.NUMBER: Kind.NUMBERS}


@dataclass(frozen=True, kw_only=True)
class Value:
    """Kind of a value, and its number of elements or parameters where that is known."""

    kind: Kind
    length: int | None = None


_NUMBER = Value(kind=Kind.NUMBER)
_JOINT = Value(kind=Kind.JOINT)
_CREATOR = Value(kind=Kind.CREATOR)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """A function and what is known of the names in it.

    Attributes:
        function: The function's node.
        values: What names stand for, those of enclosing functions included.
        lines: First line at which the function binds a name; outer names have none.
        nodes: The nodes below the function, without those inside its own local functions.
    """

    function: ast.FunctionDef
    values: dict[str, Value]
    lines: dict[str, int]
    nodes: list[ast.AST]

    def visible(self, line: int, kind: Kind) -> list[str]:
        """Names of a kind that are bound above `line`, in alphabetical order."""
        return sorted(name for name, value in self.values_above(line).items() if value.kind is kind)

    def values_above(self, line: int) -> dict[str, Value]:
        """What the names bound above `line` stand for."""
        return {
            name: value for name, value in self.values.items() if self.lines.get(name, 0) < line
        }


def scopes(tree: ast.Module) -> list[Scope]:
    """Scopes of all functions of a freshly parsed program, outer ones first."""
    # Functions call each other in any order: the first pass learns what they return, the
    # second one uses it.
    returned: dict[str, Value] = {}
    found: list[Scope] = []
    for _ in range(2):
        found = list(_scopes_below(_own_nodes(tree), None, returned))
        for scope in found:
            value = _returned_value(scope, returned)
            if value is not None:
                returned[scope.function.name] = value
    return found


def read(node: ast.expr, values: dict[str, Value], returned: dict[str, Value]) -> Value | None:
    """What an expression stands for, None where that is unknown."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float()) | ast.UnaryOp(op=ast.USub() | ast.UAdd()):
            return _NUMBER
        case ast.Name(id=name):
            return values.get(name)
        case ast.Call():
            return _read_call(node, values, returned)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return _sequence([read(item, values, returned) for item in items])
        case ast.Dict() | ast.DictComp():
            return Value(kind=Kind.JOINT_MAP)
        case ast.ListComp(elt=item, generators=[ast.comprehension(iter=source, ifs=[])]):
            element = _sequence([read(item, values, returned)])
            length = _length(source, values, returned)
            return element and Value(kind=element.kind, length=length)
        case ast.BinOp(left=left, right=right):
            sides = (read(left, values, returned), read(right, values, returned))
            sequences = [side for side in sides if side and side.kind in _ELEMENT]
            return Value(kind=sequences[0].kind) if sequences else _NUMBER
        case ast.Subscript(value=container, slice=index):
            sequence = read(container, values, returned)
            if sequence is None or sequence.kind not in _ELEMENT:
                return None
            kind = sequence.kind if isinstance(index, ast.Slice) else _ELEMENT[sequence.kind]
            return Value(kind=kind)
    return None


def _read_call(
    call: ast.Call, values: dict[str, Value], returned: dict[str, Value]
) -> Value | None:
    if isinstance(call.func, ast.Name) and call.func.id in returned:
        return returned[call.func.id]
    if is_call_of(call, "add_joint"):
        return _JOINT
    if is_call_of(call, "walker_creator"):
        return _CREATOR
    if is_call_of(call, "query_cppn"):  # given by the walker language
        return Value(kind=Kind.JOINT_MAP)
    if is_call_of(call, *_NUMERIC_CALLS):
        return _NUMBER
    if is_call_of(call, "range"):
        return Value(kind=Kind.NUMBERS, length=_length(call, values, returned))
    if is_call_of(call, *_KEEP_ELEMENTS) and len(call.args) == 1:
        return read(call.args[0], values, returned)
    return None


def _sequence(items: list[Value | None]) -> Value | None:
    """Sequence of the given elements, None unless they are all joints or all numbers."""
    kinds = {item.kind if item else None for item in items}
    kind = _SEQUENCE.get(kinds.pop()) if len(kinds) == 1 else None  # type: ignore[arg-type]
    return kind and Value(kind=kind, length=len(items))


def _length(node: ast.expr, values: dict[str, Value], returned: dict[str, Value]) -> int | None:
    match node:
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(count))]):
            return count
        case ast.Call(func=ast.Name(id="range")):
            return None
    value = read(node, values, returned)
    return value.length if value else None


def _scopes_below(
    nodes: list[ast.AST], outer: Scope | None, returned: dict[str, Value]
) -> Iterator[Scope]:
    inner = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    functions = {function.name: _function_value(function) for function in inner}
    for function in inner:
        # A local function may run before what the outer one binds further below.
        above = outer.values_above(function.lineno) if outer else {}
        scope = _Inference(function, above | functions, returned).scope()
        yield scope
        yield from _scopes_below(scope.nodes, scope, returned)


def _function_value(function: ast.FunctionDef) -> Value:
    return Value(kind=Kind.FUNCTION, length=len(function.args.args))


def _own_nodes(tree: ast.AST) -> list[ast.AST]:
    """Nodes of a function or module without those inside its functions, in source order."""
    nodes: list[ast.AST] = []
    stack = list(ast.iter_child_nodes(tree))[::-1]
    while stack:
        node = stack.pop()
        nodes.append(node)
        if not isinstance(node, ast.FunctionDef):
            stack += list(ast.iter_child_nodes(node))[::-1]
    return nodes


def _returned_value(scope: Scope, returned: dict[str, Value]) -> Value | None:
    for node in scope.nodes:
        if isinstance(node, ast.Return) and node.value is not None:
            return read(node.value, scope.values, returned)
    return None


class _Inference:
    """Collects what the names of one function stand for."""

    def __init__(
        self, function: ast.FunctionDef, outer: dict[str, Value], returned: dict[str, Value]
    ) -> None:
        self._function = function
        self._nodes = _own_nodes(function)
        self._returned = returned
        self._lines = {argument.arg: function.lineno for argument in function.args.args}
        self._values = {name: value for name, value in outer.items() if name not in self._lines}

    def scope(self) -> Scope:
        # Twice: a use below can tell what a name above stands for.
        for _ in range(2):
            for node in self._nodes:
                self._note(node)
        return Scope(
            function=self._function, values=self._values, lines=self._lines, nodes=self._nodes
        )

    def _note(self, node: ast.AST) -> None:
        match node:
            case ast.FunctionDef(name=name, lineno=line):
                self._values[name] = _function_value(node)
                self._lines[name] = line
            case ast.Assign(targets=[target], value=assigned):
                self._bind(target, self._read(assigned), node.lineno)
            case (
                ast.For(target=target, iter=source) | ast.comprehension(target=target, iter=source)
            ):
                self._bind_elements(target, source)
            case ast.Call():
                self._note_arguments(node)
            case ast.BinOp(left=left, right=right):
                self._suppose(left, _NUMBER)
                self._suppose(right, _NUMBER)
            case ast.Compare(left=left, comparators=[right]):
                self._suppose(left, _NUMBER)
                self._suppose(right, _NUMBER)

    def _note_arguments(self, call: ast.Call) -> None:
        """Learns from the arguments of the creator's methods, of `range` and of `append`."""
        match call:
            case ast.Call(func=ast.Name(id="range"), args=[*numbers]):
                for number in numbers:
                    self._suppose(number, _NUMBER)
            case ast.Call(func=ast.Attribute(value=creator, attr="add_joint"), args=[*numbers]):
                self._suppose(creator, _CREATOR)
                for number in numbers:
                    self._suppose(number, _NUMBER)
            case ast.Call(func=ast.Attribute(value=creator, attr="add_muscle"), args=[a, b, *rest]):
                self._suppose(creator, _CREATOR)
                self._suppose(a, _JOINT)
                self._suppose(b, _JOINT)
                for number in rest[1:]:
                    self._suppose(number, _NUMBER)
            case ast.Call(func=ast.Attribute(value=container, attr="append"), args=[item]):
                sequence = _sequence([self._read(item)])
                if sequence:
                    self._suppose(container, Value(kind=sequence.kind))

    def _read(self, node: ast.expr) -> Value | None:
        return read(node, self._values, self._returned)

    def _suppose(self, node: ast.expr, value: Value) -> None:
        """Notes what a use of `node` says of a name that is not known yet."""
        match node:
            case ast.Name(id=name):
                self._values.setdefault(name, value)
            # A tuple or a text as index means a dictionary, which is no list of joints.
            case ast.Subscript(value=ast.Name(id=name), slice=index) if (
                value.kind in _SEQUENCE and not isinstance(index, ast.Tuple)
            ):
                self._values.setdefault(name, Value(kind=_SEQUENCE[value.kind]))

    def _bind(self, target: ast.expr, value: Value | None, line: int) -> None:
        if isinstance(target, ast.Name):
            self._lines[target.id] = min(line, self._lines.get(target.id, line))
            if value is not None:
                self._values[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            kind = _ELEMENT.get(value.kind) if value else None
            for item in target.elts:
                self._bind(item, kind and Value(kind=kind), line)

    def _bind_elements(self, target: ast.expr, source: ast.expr) -> None:
        """Binds a loop's target to an element of what the loop goes over."""
        line = source.lineno
        match source, target:
            case ast.Call(func=ast.Name(id="enumerate"), args=[inner]), ast.Tuple(
                elts=[index, item]
            ):
                self._bind(index, _NUMBER, line)
                self._bind_elements(item, inner)
            case ast.Call(func=ast.Name(id="zip"), args=sources), ast.Tuple(elts=items):
                for item, inner in zip(items, sources, strict=False):
                    self._bind_elements(item, inner)
            case _:
                sequence = self._read(source)
                kind = _ELEMENT.get(sequence.kind) if sequence else None
                self._bind(target, kind and Value(kind=kind), line)
