"""Edits of the walker's body: joints and springs added, parts repeated, springs toggled."""

import ast
import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass

from elmjax.programs.tree.constants import number_places, perturb_place
from elmjax.programs.tree.places import fresh_name, is_call_of
from elmjax.programs.tree.variables import Kind, Scope, Value, scopes


@dataclass(frozen=True, kw_only=True)
class Spot:
    """A place for statements at the top level of a function in which the creator is at hand.

    Attributes:
        scope: The function.
        index: Statements go before this one of the function's body.
        creator: Name of the creator.
        joints: Names of single joints that are bound above.
        lists: Expressions for the lists of joints that are bound above, with their lengths.
    """

    scope: Scope
    index: int
    creator: str
    joints: tuple[str, ...]
    lists: dict[str, int | None]

    def insert(self, *sources: str) -> None:
        """Inserts statements, given as text, from the top to the bottom."""
        statements = ast.parse("\n".join(sources)).body
        self.scope.function.body[self.index : self.index] = statements


@dataclass(frozen=True, kw_only=True)
class Part:
    """A statement that names what a helper made.

    Attributes:
        statement: The assignment.
        index: Its position in the function's body.
        name: The name that it assigns.
        value: What the name stands for: a joint or a list of joints.
    """

    statement: ast.Assign
    index: int
    name: str
    value: Value


def add_joint_with_springs(tree: ast.Module, rng: random.Random) -> bool:
    """Adds a joint and two or three springs from it to joints that are there."""
    spots = [spot for spot in _spots(tree) if spot.joints or spot.lists]
    if not spots:
        return False
    spot = _choose(spots, rng)
    name = fresh_name(tree, rng.choice(("joint", "node", "tip", "foot")))
    x, y = rng.randint(-6, 36) / 2, rng.randint(-4, 36) / 2
    anchors = {_joint(spot, rng) for _ in range(rng.randint(2, 3))}
    spot.insert(
        f"{name} = {spot.creator}.add_joint({x:g}, {y:g})",
        *(_spring(spot.creator, name, anchor, rng) for anchor in sorted(anchors)),
    )
    return True


def add_spring(tree: ast.Module, rng: random.Random) -> bool:
    """Adds a spring between two joints that are there."""
    spots = [spot for spot in _spots(tree) if len(spot.joints) + 2 * len(spot.lists) > 1]
    if not spots:
        return False
    spot = _choose(spots, rng)
    first = _joint(spot, rng)
    others = [other for _ in range(8) if (other := _joint(spot, rng)) != first]
    if not others:
        return False
    spot.insert(_spring(spot.creator, first, others[0], rng))
    return True


def repeat_part(tree: ast.Module, rng: random.Random) -> bool:
    """Calls a helper that makes joints once more, elsewhere, and connects what it made."""
    sites = [
        (scope, part, creator)
        for scope in scopes(tree)
        for part in _parts(scope)
        for creator in scope.visible(part.statement.lineno, Kind.CREATOR)
    ]
    if not sites:
        return False
    scope, part, creator = rng.choice(sites)
    twin = copy.deepcopy(part.statement)
    name = fresh_name(tree, part.name)
    twin.targets = [ast.Name(id=name, ctx=ast.Store())]
    numbers = list(number_places(twin))
    for place in rng.sample(numbers, rng.randint(1, len(numbers))):
        perturb_place(place, rng)
    connection = _connection(tree, part, (creator, name), rng)
    below = part.index + 1
    scope.function.body[below:below] = [twin, *ast.parse(connection).body]
    return True


def connect_all_pairs(tree: ast.Module, rng: random.Random) -> bool:
    """Adds a spring between every joint of one list and every joint of another, or of the same."""
    spots = [spot for spot in _spots(tree) if spot.lists]
    if not spots:
        return False
    spot = _choose(spots, rng)
    first = rng.choice(list(spot.lists))
    second = rng.choice([other for other in spot.lists if other != first] or [first])
    spot.insert(_all_pairs(tree, spot.creator, first, second, rng))
    return True


def toggle_rigid(tree: ast.Module, rng: random.Random) -> bool:
    """Makes a rigid spring oscillate, or an oscillating one rigid."""
    calls = [
        node
        for node in ast.walk(tree)
        if is_call_of(node, "add_muscle") and isinstance(node, ast.Call) and len(node.args) >= 2
    ]
    if not calls:
        return False
    call = rng.choice(calls)
    named = [keyword for keyword in call.keywords if keyword.arg == "is_distance"]
    if named:
        named[0].value = ast.Constant(value=not _is_rigid(named[0].value))
    elif len(call.args) > 2:
        call.args[2] = ast.Constant(value=not _is_rigid(call.args[2]))
    elif any(keyword.arg is None for keyword in call.keywords):
        return False  # `**arguments` may already say it
    else:
        flag, amplitude, phase = False, *_oscillation(rng)
        arguments = (flag,) if call.keywords else (flag, amplitude, phase)
        call.args += [ast.Constant(value=argument) for argument in arguments]
    return True


def _spots(tree: ast.Module) -> list[Spot]:
    """Every place at which a statement can be added."""
    return [spot for scope in scopes(tree) for spot in _spots_of(scope)]


def _spots_of(scope: Scope) -> Iterator[Spot]:
    body = scope.function.body
    for index in range(len(body) + 1):
        end = scope.function.end_lineno or 0
        line = body[index].lineno if index < len(body) else end + 1
        # Local functions that merely see the creator are called many times, for other ends.
        creators = [name for name in scope.visible(line, Kind.CREATOR) if name in scope.lines]
        if creators:
            joints = tuple(scope.visible(line, Kind.JOINT))
            lists = {name: scope.values[name].length for name in scope.visible(line, Kind.JOINTS)}
            maps = scope.visible(line, Kind.JOINT_MAP)
            lists |= dict.fromkeys([f"list({name}.values())" for name in maps])
            yield Spot(scope=scope, index=index, creator=creators[0], joints=joints, lists=lists)
        if index < len(body) and isinstance(body[index], ast.Return):
            return


def _choose(spots: list[Spot], rng: random.Random) -> Spot:
    """A spot; most often the last one of a function, where most joints are at hand."""
    last = {id(spot.scope.function): spot for spot in spots}
    return rng.choice(list(last.values()) if rng.random() < 0.6 else spots)


def _joint(spot: Spot, rng: random.Random) -> str:
    """Expression for a joint that is there."""
    source = rng.choice([*spot.joints, *spot.lists])
    return source if source in spot.joints else _element(source, spot.lists[source], rng)


def _element(sequence: str, length: int | None, rng: random.Random) -> str:
    # The first and the last element of a list of unknown length are there whatever it is.
    index = rng.randrange(length) if length else rng.choice((0, 0, 1, -1))
    return f"{sequence}[{index}]"


def _spring(creator: str, first: str, second: str, rng: random.Random) -> str:
    arguments = f"{first}, {second}"
    if rng.random() < 0.65:
        amplitude, phase = _oscillation(rng)
        arguments += f", False, {amplitude}, {phase}"
    return f"{creator}.add_muscle({arguments})"


def _oscillation(rng: random.Random) -> tuple[float, float]:
    """Amplitude and phase: a request above 1 is clipped, a phase counts whole cycles."""
    return rng.randint(4, 20) / 20, rng.randrange(20) / 20


def _is_rigid(flag: ast.expr) -> bool:
    """Whether a flag is surely true; one that is computed counts as oscillating."""
    return isinstance(flag, ast.Constant) and bool(flag.value)


def _parts(scope: Scope) -> Iterator[Part]:
    """Parts at the top level of a function whose helpers are called with numbers."""
    for index, statement in enumerate(scope.function.body):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name())):
                value = scope.values.get(name)
                made = value is not None and value.kind in (Kind.JOINT, Kind.JOINTS)
                if value and made and any(number_places(statement)):
                    yield Part(statement=statement, index=index, name=name, value=value)


def _connection(tree: ast.Module, part: Part, twin: tuple[str, str], rng: random.Random) -> str:
    """Springs between a part and its twin, which is given by the creator's and its own name."""
    creator, new = twin
    old, length = part.name, part.value.length
    if part.value.kind is Kind.JOINT:
        return _spring(creator, old, new, rng)
    way = rng.random()
    if way < 0.4:
        ends = {(_element(old, length, rng), _element(new, length, rng)) for _ in range(2)}
        return "\n".join(_spring(creator, a, b, rng) for a, b in sorted(ends))
    if way < 0.8:
        a, b = fresh_name(tree, "a"), fresh_name(tree, "b")
        return f"for {a}, {b} in zip({old}, {new}):\n    {_spring(creator, a, b, rng)}"
    return _all_pairs(tree, creator, old, new, rng)


def _all_pairs(tree: ast.Module, creator: str, first: str, second: str, rng: random.Random) -> str:
    a, b = fresh_name(tree, "a"), fresh_name(tree, "b")
    return f"for {a} in {first}:\n    for {b} in {second}:\n        {_spring(creator, a, b, rng)}"
