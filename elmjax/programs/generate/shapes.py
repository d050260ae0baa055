"""Helper functions of generated programs: each makes joints in one shape and returns them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from elmjax.programs.generate import wiring
from elmjax.programs.generate.draft import Draft, Part

Numbers = Mapping[str, float]
Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A family of helper functions.

    Attributes:
        stems: Names that the function may have.
        ranges: Bounds of its parameters behind the creator, `x` and `y`: integers are counts,
            fractions are lengths in m.
        points: Expressions for the joints' coordinates; one, if there are loops around it.
        count: Number of joints made with given arguments.
        loops: Loops around the point, as `variable in iterable`, from the outermost in.
        names: Assignments in the innermost loop, as `name = expression`.
    """

    stems: tuple[str, ...]
    ranges: Mapping[str, Range]
    points: tuple[str, ...]
    count: Callable[[Numbers], float]
    loops: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


SHAPES = (
    Shape(
        stems=("make_square", "square", "add_box"),
        ranges={"width": (2.0, 7.0), "height": (2.0, 7.0)},
        points=("x, y", "x, y + height", "x + width, y + height", "x + width, y"),
        count=lambda _: 4,
    ),
    Shape(
        stems=("make_triangle", "triangle", "wedge"),
        ranges={"size": (2.0, 7.0)},
        points=("x, y", "x + size, y", "x + size / 2, y + size"),
        count=lambda _: 3,
    ),
    Shape(
        stems=("make_cross", "cross", "plus"),
        ranges={"arm": (1.5, 4.0)},
        points=("x, y", "x + arm, y", "x - arm, y", "x, y + arm", "x, y - arm"),
        count=lambda _: 5,
    ),
    Shape(
        stems=("make_leg", "leg", "limb"),
        ranges={"length": (2.0, 6.0), "foot": (0.5, 2.0)},
        points=("x, y + length", "x + 0.5, y + length / 2", "x, y", "x + foot, y"),
        count=lambda _: 4,
    ),
    Shape(
        stems=("make_circle", "circle", "ring"),
        ranges={"radius": (2.0, 5.0), "n": (4, 12)},
        loops=("k in range(n)",),
        names=("angle = 2 * math.pi * k / n",),
        points=("x + radius * math.cos(angle), y + radius * math.sin(angle)",),
        count=lambda given: given["n"],
    ),
    Shape(
        stems=("make_star", "star", "spiky"),
        ranges={"inner": (1.0, 2.5), "outer": (3.0, 5.5), "tips": (3, 7)},
        loops=("k in range(2 * tips)",),
        names=("angle = 3.14 * k / tips", "reach = outer if k % 2 == 0 else inner"),
        points=("x + reach * math.cos(angle), y + reach * math.sin(angle)",),
        count=lambda given: 2 * given["tips"],
    ),
    Shape(
        stems=("make_spiral", "spiral", "shell"),
        ranges={"growth": (0.5, 1.0), "n": (5, 10)},
        loops=("k in range(1, n + 1)",),
        names=("reach = growth * k / 1.5",),
        points=("x + reach * math.cos(k), y + reach * math.sin(k)",),
        count=lambda given: given["n"],
    ),
    Shape(
        stems=("make_line", "line", "beam"),
        ranges={"dx": (0.5, 1.5), "dy": (-1.0, 1.0), "n": (3, 8)},
        loops=("k in range(n)",),
        points=("x + dx * k, y + dy * k",),
        count=lambda given: given["n"],
    ),
    Shape(
        stems=("make_zigzag", "zigzag", "teeth"),
        ranges={"step": (0.5, 1.5), "height": (1.0, 4.0), "n": (4, 9)},
        loops=("k in range(n)",),
        points=("x + step * k, y + height * (k % 2)",),
        count=lambda given: given["n"],
    ),
    Shape(
        stems=("make_wave", "wave", "arch"),
        ranges={"step": (0.5, 1.5), "height": (1.0, 4.0), "n": (4, 9)},
        loops=("k in range(n)",),
        names=("lift = height * math.sin(0.8 * k)",),
        points=("x + step * k, y + lift",),
        count=lambda given: given["n"],
    ),
    Shape(
        stems=("make_ladder", "ladder", "tower"),
        ranges={"width": (1.0, 4.0), "rise": (1.0, 2.5), "rungs": (2, 6)},
        loops=("k in range(rungs)", "side in (0, width)"),
        points=("x + side, y + rise * k",),
        count=lambda given: 2 * given["rungs"],
    ),
    Shape(
        stems=("make_grid", "grid", "mesh"),
        ranges={"columns": (2, 6), "rows": (2, 4), "gap": (1.0, 2.0)},
        loops=("i in range(columns)", "j in range(rows)"),
        points=("x + gap * i, y + gap * j",),
        count=lambda given: given["columns"] * given["rows"],
    ),
    Shape(
        stems=("make_pyramid", "pyramid", "stack"),
        ranges={"rows": (2, 5), "gap": (1.0, 2.0)},
        loops=("i in range(rows)", "j in range(rows - i)"),
        points=("x + gap * (j + i / 2), y + gap * i",),
        count=lambda given: given["rows"] * (given["rows"] + 1) / 2,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Helper:
    """A helper function of a draft, and what is needed to call it."""

    name: str
    shape: Shape


def add_helper(draft: Draft, shape: Shape) -> Helper:
    """Writes a function of the shape into the draft."""
    name = draft.name(*shape.stems)
    joints = draft.pick("joints", "nodes", "points", "result")
    lines = _loop_lines(draft, shape, joints) if shape.loops else _point_lines(draft, shape, joints)
    if draft.rng.random() < 0.35:
        connect = draft.rng.choice((wiring.chain, wiring.ring))
        lines += connect(draft, Part(name=joints))
    lines.append(f"return {joints}")
    # A list that is made and returned at once needs no name.
    if len(lines) == 2 and draft.rng.random() < 0.6:
        lines = [f"return {lines[0].removeprefix(f'{joints} = ')}"]
    parameters = ", ".join((draft.creator, "x", "y", *shape.ranges))
    draft.helper(f"{name}({parameters})", lines)
    return Helper(name=name, shape=shape)


def call(draft: Draft, helper: Helper, x: str, y: str) -> tuple[str, int]:
    """Call of a helper with drawn arguments, and the number of joints that it makes."""
    given = {name: _argument(draft, bounds) for name, bounds in helper.shape.ranges.items()}
    arguments = ", ".join((draft.creator, x, y, *(f"{value:g}" for value in given.values())))
    return f"{helper.name}({arguments})", int(helper.shape.count(given))


def _argument(draft: Draft, bounds: Range) -> float:
    low, high = bounds
    if isinstance(low, int) and isinstance(high, int):
        return draft.rng.randint(low, high)
    return draft.rng.randint(round(2 * low), round(2 * high)) / 2


def _point_lines(draft: Draft, shape: Shape, joints: str) -> list[str]:
    """Joints one by one: as variables, in one list, or from a list of coordinates."""
    creator, form = draft.creator, draft.rng.randrange(4)
    if form == 0:
        variables = [f"j{index}" for index in range(len(shape.points))]
        made = [
            f"{variable} = {creator}.add_joint({point})"
            for variable, point in zip(variables, shape.points, strict=True)
        ]
        return [*made, f"{joints} = {draft.pick('[{}]', '({})').format(', '.join(variables))}"]
    if form == 1:
        corners = ", ".join(f"({point})" for point in shape.points)
        return [f"{joints} = [{creator}.add_joint(px, py) for px, py in ({corners})]"]
    if form == 2:
        return [
            f"{joints} = []",
            *(f"{joints}.append({creator}.add_joint({point}))" for point in shape.points),
        ]
    made = [f"{creator}.add_joint({point})" for point in shape.points]
    return [f"{joints} = [{', '.join(made)}]"]


def _loop_lines(draft: Draft, shape: Shape, joints: str) -> list[str]:
    """Joints made in loops: appended in statements, or by a comprehension."""
    made = f"{draft.creator}.add_joint({shape.points[0]})"
    if not shape.names and draft.rng.random() < 0.5:
        return [f"{joints} = [{made} {' '.join(f'for {loop}' for loop in shape.loops)}]"]
    lines = [f"{joints} = []"]
    lines += [f"{'    ' * depth}for {loop}:" for depth, loop in enumerate(shape.loops)]
    inside = "    " * len(shape.loops)
    return lines + [inside + line for line in (*shape.names, f"{joints}.append({made})")]
