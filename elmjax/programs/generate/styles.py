"""Ways to write a walker program, from joints spelled out one by one to queried grids."""

from collections.abc import Callable

from elmjax.programs.generate import shapes, wiring
from elmjax.programs.generate.draft import Draft, Part

Style = Callable[[Draft], None]

_PARTS = ("body", "frame", "base", "front", "back", "left", "right", "top", "wheel", "head", "tail")
# Parts start this far apart (m), so that three of them stay within 24 m.
_STRIDE = 5.0


def assembled(draft: Draft) -> None:
    """Two to four parts from one or two helpers, each wired, and wired to the part before it."""
    rng = draft.rng
    chosen = rng.sample(shapes.SHAPES, rng.choice((1, 1, 2)))
    helpers = [shapes.add_helper(draft, shape) for shape in chosen]
    parts: list[Part] = []
    for position in range(rng.randint(1, 3)):
        low = _STRIDE * position
        x, y = draft.number(low, low + 2), draft.number(0, 6)
        source, count = shapes.call(draft, rng.choice(helpers), x, y)
        part = Part(name=draft.name(*_PARTS), count=count)
        draft.say(f"{part.name} = {source}")
        if rng.random() < 0.95:
            draft.say(*_wire(draft, part))
        if parts:
            draft.say(*wiring.between(draft, rng.choice(parts), part))
        parts.append(part)
    if len(parts) == 1 or rng.random() < 0.3:
        draft.say(*_hub(draft, rng.choice(parts)))


def limbs(draft: Draft) -> None:
    """A loop that calls one helper again and again, and a spine that the limbs hang on."""
    rng = draft.rng
    helper = shapes.add_helper(draft, rng.choice([s for s in shapes.SHAPES if not s.loops]))
    number, stride = rng.randint(2, 5), draft.number(2, 4)
    k, limb = draft.name("k", "i", "step"), Part(name=draft.name("limb", "part", "leg"))
    source, count = shapes.call(draft, helper, f"{stride} * {k}", draft.pick("0", f"{k} % 2", "1"))
    spine = draft.name("spine", "hips", "anchors")
    loop = [f"{limb.name} = {source}"]
    if rng.random() < 0.7:
        loop += rng.choice((wiring.ring, wiring.chain))(draft, limb)
    joint = f"{limb.name}[{rng.randrange(count)}]"
    if rng.random() < 0.5:
        loop.append(f"{spine}.append({joint})")
    else:
        top = draft.name("top", "hip", "tip")
        loop += [
            f"{top} = {draft.creator}.add_joint({stride} * {k}, {draft.number(7, 12)})",
            wiring.spring(draft, top, joint, k),
            wiring.spring(draft, top, f"{limb.name}[0]", k),
            f"{spine}.append({top})",
        ]
    draft.say(f"{spine} = []", f"for {k} in range({number}):", *(f"    {line}" for line in loop))
    spine_part = Part(name=spine, count=number)
    draft.say(*rng.choice((wiring.chain, wiring.all_pairs))(draft, spine_part))
    if rng.random() < 0.5:
        draft.say(*_hub(draft, spine_part))


def spelled_out(draft: Draft) -> None:
    """Joints in variables and springs one by one, with all numbers written down."""
    stem = draft.pick("j", "a", "joint_", "p")
    joints = [draft.name(f"{stem}{index}") for index in range(draft.rng.randint(3, 9))]
    for joint, (x, y) in zip(joints, _positions(draft, len(joints)), strict=True):
        draft.say(f"{joint} = {draft.creator}.add_joint({x}, {y})")
    draft.say(*wiring.some_of(draft, joints))


def curve(draft: Draft) -> None:
    """Joints along a formula, by a comprehension or a running sum, wired in turn."""
    rng, count = draft.rng, draft.rng.randint(5, 16)
    part, k = Part(name=draft.name("curve", "joints", "path"), count=count), draft.name("k", "t")
    x = draft.pick(
        f"{k} * 1.2", f"{12 / count:.1f} * {k}", f"6 + 5 * math.cos({k})", f"{k} ** 0.5 * 3"
    )
    y = draft.pick(
        f"4 + 3 * math.sin({k} * 0.7)",
        f"{k} * ({count} - {k}) / {count}",
        f"6 + {k} / 3 * math.sin({k})",
        f"{k} % 3 * 2",
        f"abs({k} - {count // 2})",
    )
    made = f"{draft.creator}.add_joint"
    if rng.random() < 0.6:
        draft.say(f"{part.name} = [{made}({x}, {y}) for {k} in range({count})]")
    else:
        along = draft.name("x", "height", "along")
        draft.say(
            f"{part.name} = []", f"{along} = {draft.number(0, 3)}", f"for {k} in range({count}):"
        )
        draft.say(f"    {part.name}.append({made}({along}, {y}))")
        draft.say(f"    {along} += {draft.pick('0.8', f'{k} / 8', f'0.5 + {k} % 2', '1')}")
    draft.say(*wiring.chain(draft, part))
    draft.say(*rng.choice((_hub, wiring.ring, wiring.all_pairs))(draft, part))


def cloud(draft: Draft) -> None:
    """Joints from a table of coordinates; springs by a condition on their distance."""
    count = draft.rng.randint(4, 10)
    table, part = (
        draft.name("places", "coordinates", "table"),
        Part(name=draft.name("joints", "nodes")),
    )
    places = [f"({x}, {y})" for x, y in _positions(draft, count)]
    draft.say(f"{table} = [{', '.join(places)}]")
    draft.say(f"{part.name} = [{draft.creator}.add_joint(x, y) for x, y in {table}]")
    i, j = draft.name("i", "m"), draft.name("j", "n")
    span = f"abs({table}[{i}][{{axis}}] - {table}[{j}][{{axis}}])"
    across, up = span.format(axis=0), span.format(axis=1)
    near = draft.pick(f"{across} + {up}", f"max({across}, {up})", across)
    spring = wiring.spring(draft, f"{part.name}[{i}]", f"{part.name}[{j}]", draft.pick(i, j))
    draft.say(f"for {i} in range({count}):", f"    for {j} in range({i}):")
    draft.say(f"        if {near} < {draft.rng.randint(5, 9)}:", f"            {spring}")
    draft.say(*wiring.chain(draft, Part(name=part.name, count=count)))


def nested(draft: Draft) -> None:
    """One shape in several sizes around one centre, each connected to the next."""
    rng = draft.rng
    round_shapes = [shape for shape in shapes.SHAPES if "n" in shape.ranges]
    helper = shapes.add_helper(draft, rng.choice(round_shapes))
    rings, size = draft.name("rings", "layers", "levels"), draft.name("size", "r")
    x, y, count = draft.number(4, 7), draft.number(4, 7), rng.randint(4, 8)
    others = [name for name in helper.shape.ranges if name != "n"]
    # A radius is the size of the whole shape, anything else that of one step.
    choices = ("1", "1.5", "2", "3", "4", "5") if others == ["radius"] else ("0.5", "1", "1.5")
    sizes = sorted(rng.sample(choices, rng.randint(2, 3)))
    given = [*(size if name == others[0] else "1" for name in others), str(count)]
    call = f"{helper.name}({', '.join((draft.creator, x, y, *given))})"
    draft.say(f"{rings} = [{call} for {size} in ({', '.join(sizes)})]")
    inner, outer = Part(name=f"{rings}[0]", count=count), Part(name=f"{rings}[-1]", count=count)
    draft.say(*wiring.ring(draft, inner), *wiring.ring(draft, outer))
    one, two = draft.name("inner", "low"), draft.name("outer", "high")
    draft.say(f"for {one}, {two} in zip({rings}, {rings}[1:]):")
    connection = wiring.between(draft, Part(name=one), Part(name=two))
    draft.say(*(f"    {line}" for line in connection))
    if rng.random() < 0.6:
        draft.say(*_hub(draft, inner, x, y))


def _positions(draft: Draft, count: int) -> list[tuple[str, str]]:
    """Coordinates of joints, no two of which coincide."""
    positions: dict[tuple[str, str], None] = {}
    while len(positions) < count:
        positions[draft.number(0, 13), draft.number(0, 11)] = None
    return list(positions)


def _wire(draft: Draft, part: Part) -> list[str]:
    few_joints = part.count is not None and part.count <= 9
    ways = (wiring.ring, wiring.ring, wiring.chain, *((wiring.all_pairs,) if few_joints else ()))
    return draft.rng.choice(ways)(draft, part)


def _hub(draft: Draft, part: Part, x: str | None = None, y: str | None = None) -> list[str]:
    """One more joint, connected to every joint of a part."""
    hub = draft.name("center", "hub", "core", "mass")
    x, y = x or draft.number(2, 8), y or draft.number(2, 8)
    made = f"{hub} = {draft.creator}.add_joint({x}, {y})"
    return [made, *wiring.spokes(draft, part, hub)]
