"""What the names in the functions of a program stand for.

Inferred from how a name is assigned and used, so that an edit can put a joint where a joint
belongs. A guess: a wrong one costs a child that crashes, never a child that does not parse.
"""

import ast
from collections.abc import Callable, Iterator
from functools import cache

from elmjax.programs.tree.program import Program, analysis
from elmjax.programs.tree.variables import (
    CREATOR,
    ELEMENT,
    JOINT,
    NUMBER,
    SEQUENCE,
    Kind,
    Scope,
    Value,
    read,
    sequence_of,
)
from elmjax.programs.tree.walk import children

# What says something about names.
_TELLING = (
    ast.FunctionDef,
    ast.Assign,
    ast.For,
    ast.comprehension,
    ast.Call,
    ast.BinOp,
    ast.Compare,
    ast.Return,
)
_NodesOf = Callable[[ast.AST], list[ast.AST]]


@analysis
def scopes(program: Program) -> list[Scope]:
    """Scopes of all functions of a program, outer ones first."""
    nodes_of = cache(_telling_nodes)
    found = list(_scopes_below(program.tree, None, {}, nodes_of))
    # Functions call each other in any order: what they return is only known now.
    returned: dict[str, Value] = {}
    for scope in found:
        value = _returned_value(nodes_of(scope.function), scope, returned)
        if value is not None:
            returned[scope.function.name] = value
    return list(_scopes_below(program.tree, None, returned, nodes_of)) if returned else found


def _scopes_below(
    tree: ast.AST, outer: Scope | None, returned: dict[str, Value], nodes_of: _NodesOf
) -> Iterator[Scope]:
    inner = [node for node in nodes_of(tree) if isinstance(node, ast.FunctionDef)]
    functions = {function.name: _function_value(function) for function in inner}
    for function in inner:
        # A local function may run before what the outer one binds further below.
        above = outer.values_above(function.lineno) if outer else {}
        inference = _Inference(function, above | functions, returned)
        scope = inference.scope(nodes_of(function))
        yield scope
        yield from _scopes_below(function, scope, returned, nodes_of)


def _function_value(function: ast.FunctionDef) -> Value:
    return Value(kind=Kind.FUNCTION, length=len(function.args.args))


def _telling_nodes(tree: ast.AST) -> list[ast.AST]:
    """Nodes of a function or module without those inside its functions, in source order."""
    nodes: list[ast.AST] = []
    stack = children(tree)[::-1]
    while stack:
        node = stack.pop()
        if isinstance(node, _TELLING):
            nodes.append(node)
        if not isinstance(node, ast.FunctionDef):
            stack += children(node)[::-1]
    return nodes


def _returned_value(nodes: list[ast.AST], scope: Scope, returned: dict[str, Value]) -> Value | None:
    for node in nodes:
        if isinstance(node, ast.Return) and node.value is not None:
            return read(node.value, scope.values, returned)
    return None


class _Inference:
    """Collects what the names of one function stand for."""

    def __init__(
        self, function: ast.FunctionDef, outer: dict[str, Value], returned: dict[str, Value]
    ) -> None:
        self._function = function
        self._returned = returned
        self._lines = {argument.arg: function.lineno for argument in function.args.args}
        self._values = {name: value for name, value in outer.items() if name not in self._lines}

    def scope(self, nodes: list[ast.AST]) -> Scope:
        # Twice: a use below can tell what a name above stands for.
        for _ in range(2):
            for node in nodes:
                self._note(node)
        return Scope(function=self._function, values=self._values, lines=self._lines)

    def _note(self, node: ast.AST) -> None:
        match node:
            case ast.Call():
                self._note_arguments(node)
            case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]):
                self._suppose_all([left, right], NUMBER)
            case ast.Assign(targets=[target], value=assigned):
                self._bind(target, self._read(assigned), node.lineno)
            case (
                ast.For(target=target, iter=source) | ast.comprehension(target=target, iter=source)
            ):
                self._bind_elements(target, source)
            case ast.FunctionDef(name=name, lineno=line):
                self._values[name] = _function_value(node)
                self._lines[name] = line

    def _note_arguments(self, call: ast.Call) -> None:
        """Learns from the arguments of the creator's methods, of `range` and of `append`."""
        match call.func, call.args:
            case ast.Name(id="range"), numbers:
                self._suppose_all(numbers, NUMBER)
            case ast.Attribute(value=creator, attr="add_joint"), numbers:
                self._suppose(creator, CREATOR)
                self._suppose_all(numbers, NUMBER)
            case ast.Attribute(value=creator, attr="add_muscle"), [a, b, *rest]:
                self._suppose(creator, CREATOR)
                self._suppose_all([a, b], JOINT)
                self._suppose_all(rest[1:], NUMBER)
            case ast.Attribute(value=container, attr="append"), [item]:
                sequence = sequence_of([self._read(item)])
                if sequence:
                    self._suppose(container, Value(kind=sequence.kind))

    def _read(self, node: ast.expr) -> Value | None:
        return read(node, self._values, self._returned)

    def _suppose_all(self, nodes: list[ast.expr], value: Value) -> None:
        for node in nodes:
            self._suppose(node, value)

    def _suppose(self, node: ast.expr, value: Value) -> None:
        """Notes what a use of `node` says of a name that is not known yet."""
        match node:
            case ast.Name(id=name):
                self._values.setdefault(name, value)
            # A tuple or a text as index means a dictionary, which is no list of joints.
            case ast.Subscript(value=ast.Name(id=name), slice=index) if (
                value.kind in SEQUENCE and not isinstance(index, ast.Tuple)
            ):
                self._values.setdefault(name, Value(kind=SEQUENCE[value.kind]))

    def _bind(self, target: ast.expr, value: Value | None, line: int) -> None:
        if isinstance(target, ast.Name):
            self._lines[target.id] = min(line, self._lines.get(target.id, line))
            if value is not None:
                self._values[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            kind = ELEMENT.get(value.kind) if value else None
            for item in target.elts:
                self._bind(item, kind and Value(kind=kind), line)

    def _bind_elements(self, target: ast.expr, source: ast.expr) -> None:
        """Binds a loop's target to an element of what the loop goes over."""
        line = source.lineno
        match source, target:
            case ast.Call(func=ast.Name(id="enumerate"), args=[inner]), ast.Tuple(
                elts=[index, item]
            ):
                self._bind(index, NUMBER, line)
                self._bind_elements(item, inner)
            case ast.Call(func=ast.Name(id="zip"), args=sources), ast.Tuple(elts=items):
                for item, inner in zip(items, sources, strict=False):
                    self._bind_elements(item, inner)
            case _:
                sequence = self._read(source)
                kind = ELEMENT.get(sequence.kind) if sequence else None
                self._bind(target, kind and Value(kind=kind), line)
