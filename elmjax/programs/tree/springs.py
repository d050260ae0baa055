"""Edits of the walker's body: joints and springs added, parts repeated, springs toggled."""

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass

from elmjax.programs.tree.constants import number_places, perturbed
from elmjax.programs.tree.edit import Assignment, Edit
from elmjax.programs.tree.inference import scopes
from elmjax.programs.tree.places import Body, fresh_name, is_call_of
from elmjax.programs.tree.program import Program, analysis
from elmjax.programs.tree.variables import Kind, Scope, Value
from elmjax.programs.tree.walk import copied, walk


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

    def insert(self, *sources: str) -> Edit:
        """Inserts statements, given as text, from the top to the bottom."""
        return _insert(self.scope, self.index, ast.parse("\n".join(sources)).body)


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


def add_joint_with_springs(program: Program, rng: random.Random) -> Edit | None:
    """Adds a joint and two or three springs from it to joints that are there."""
    return _add_joint(program, rng, 2)


def add_joint_in_space(program: Program, rng: random.Random) -> Edit | None:
    """As `add_joint_with_springs`, with a depth."""
    return _add_joint(program, rng, 3)


def _add_joint(program: Program, rng: random.Random, dim: int) -> Edit | None:
    spots = [spot for spot in _spots(program) if spot.joints or spot.lists]
    if not spots:
        return None
    spot = _choose(spots, rng)
    name = fresh_name(program, rng.choice(("joint", "node", "tip", "foot")))
    ranges = ((-6, 36), (-4, 36), (-16, 16))[:dim]
    place = ", ".join(f"{rng.randint(*bounds) / 2:g}" for bounds in ranges)
    anchors = {_joint(spot, rng) for _ in range(rng.randint(2, 3))}
    return spot.insert(
        f"{name} = {spot.creator}.add_joint({place})",
        *(_spring(spot.creator, name, anchor, rng) for anchor in sorted(anchors)),
    )


def add_spring(program: Program, rng: random.Random) -> Edit | None:
    """Adds a spring between two joints that are there."""
    spots = [spot for spot in _spots(program) if len(spot.joints) + 2 * len(spot.lists) > 1]
    if not spots:
        return None
    spot = _choose(spots, rng)
    first = _joint(spot, rng)
    others = [other for _ in range(8) if (other := _joint(spot, rng)) != first]
    if not others:
        return None
    return spot.insert(_spring(spot.creator, first, others[0], rng))


def repeat_part(program: Program, rng: random.Random) -> Edit | None:
    """Calls a helper that makes joints once more, elsewhere, and connects what it made."""
    sites = _repeatable(program)
    if not sites:
        return None
    scope, part, creator = rng.choice(sites)
    twin = copied(part.statement)
    name = fresh_name(program, part.name)
    twin.targets = [ast.Name(id=name, ctx=ast.Store())]
    numbers = list(number_places(twin))
    for place in rng.sample(numbers, rng.randint(1, len(numbers))):
        place.put(perturbed(place, rng))
    connection = _connection(program, part, (creator, name), rng)
    return _insert(scope, part.index + 1, [twin, *ast.parse(connection).body])


def connect_all_pairs(program: Program, rng: random.Random) -> Edit | None:
    """Adds a spring between every joint of one list and every joint of another, or of the same."""
    spots = [spot for spot in _spots(program) if spot.lists]
    if not spots:
        return None
    spot = _choose(spots, rng)
    first = rng.choice(list(spot.lists))
    second = rng.choice([other for other in spot.lists if other != first] or [first])
    return spot.insert(_all_pairs(program, spot.creator, first, second, rng))


def toggle_rigid(program: Program, rng: random.Random) -> Edit | None:
    """Makes a rigid spring oscillate, or an oscillating one rigid."""
    calls = _springs(program)
    if not calls:
        return None
    call = rng.choice(calls)
    named = [keyword for keyword in call.keywords if keyword.arg == "is_distance"]
    if named:
        return (Assignment(named[0], "value", _toggled(named[0].value)),)
    ends, flag, rest = call.args[:2], call.args[2:3], call.args[3:]
    if flag:
        return (Assignment(call, "args", [*ends, _toggled(flag[0]), *rest]),)
    if any(keyword.arg is None for keyword in call.keywords):
        return None  # `**arguments` may already say it
    amplitude, phase = _oscillation(rng)
    arguments = (False,) if call.keywords else (False, amplitude, phase)
    added = [ast.Constant(value=argument) for argument in arguments]
    return (Assignment(call, "args", [*ends, *added]),)


def _insert(scope: Scope, index: int, statements: list[ast.stmt]) -> Edit:
    return (Body(owner=scope.function, field="body").with_statements(index, index, statements),)


@analysis
def _springs(program: Program) -> list[ast.Call]:
    """Calls that add a spring between two ends."""
    return [
        node
        for node in walk(program.tree)
        if is_call_of(node, "add_muscle") and isinstance(node, ast.Call) and len(node.args) >= 2
    ]


@analysis
def _repeatable(program: Program) -> list[tuple[Scope, Part, str]]:
    """Parts with their function and the name of a creator for another one."""
    return [
        (scope, part, creator)
        for scope in scopes(program)
        for part in _parts(scope)
        for creator in scope.visible(part.statement.lineno, Kind.CREATOR)
    ]


@analysis
def _spots(program: Program) -> list[Spot]:
    """Every place at which a statement can be added."""
    return [spot for scope in scopes(program) for spot in _spots_of(scope)]


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


def _toggled(flag: ast.expr) -> ast.Constant:
    """The other flag; one that is computed counts as that of an oscillating spring."""
    return ast.Constant(value=not (isinstance(flag, ast.Constant) and bool(flag.value)))


def _parts(scope: Scope) -> Iterator[Part]:
    """Parts at the top level of a function whose helpers are called with numbers."""
    for index, statement in enumerate(scope.function.body):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name())):
                value = scope.values.get(name)
                made = value is not None and value.kind in (Kind.JOINT, Kind.JOINTS)
                if value and made and any(number_places(statement)):
                    yield Part(statement=statement, index=index, name=name, value=value)


def _connection(program: Program, part: Part, twin: tuple[str, str], rng: random.Random) -> str:
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
        a, b = fresh_name(program, "a"), fresh_name(program, "b")
        return f"for {a}, {b} in zip({old}, {new}):\n    {_spring(creator, a, b, rng)}"
    return _all_pairs(program, creator, old, new, rng)


def _all_pairs(program: Program, creator: str, first: str, second: str, rng: random.Random) -> str:
    a, b = fresh_name(program, "a"), fresh_name(program, "b")
    return f"for {a} in {first}:\n    for {b} in {second}:\n        {_spring(creator, a, b, rng)}"
