"""Grids whose springs are decided by functions of the coordinates, after the CPPN seeds."""

from elmjax.programs.generate.draft import Draft

_ENDS = "x1, y1, x2, y2"

_CONNECT = (
    "(x1 - x2) ** 2 + (y1 - y2) ** 2 <= {reach}",
    "abs(x1 - x2) + abs(y1 - y2) < {reach}",
    "max(abs(x1 - x2), abs(y1 - y2)) == 1",
    "abs(x1 - x2) <= 1 and abs(y1 - y2) <= 1",
    "x1 == x2 or (y1 == y2 and abs(x1 - x2) < 3)",
    "abs(x1 - x2) < 2 and (y1 + y2) % 2 == 1",
)
_AMPLITUDE = (
    "max(abs(x1 - x2), abs(y1 - y2))",
    "{amplitude}",
    "abs(x1 - x2) / 2",
    "0.2 + 0.1 * (x1 + y2)",
    "abs(math.sin(x1 + y2))",
    "1 / (1 + y1)",
    "0.8 if y1 == 0 else 0.3",
)
_PHASE = (
    "x1 / {steps}",
    "x1 if x1 % 2 == 1 else -x1",
    "0.1 * x1 + 0.2 * y1",
    "math.cos(x1 / {steps})",
    "(x1 + x2) / {steps}",
    "y1 * 0.5",
    "0.25 * (x1 % 4)",
)


def field(draft: Draft) -> None:
    """A grid, and springs between its joints where a local function says so."""
    formulas = [_formula(draft, choices) for choices in (_CONNECT, _AMPLITUDE, _PHASE)]
    columns, rows = draft.rng.randint(3, 10), draft.rng.randint(2, 5)
    scale = draft.pick("1", "1.5", "1.5", "2", "1.25")
    if draft.rng.random() < 0.7:
        stems = (("connect", "linked"), ("amp", "amplitude"), ("phase", "shift"))
        names = [draft.name(*choices) for choices in stems]
        for name, formula in zip(names, formulas, strict=True):
            _define(draft, name, formula)
        formulas = [f"{name}({_ENDS})" for name in names]
    elif draft.rng.random() < 0.3:
        formulas[1] = draft.amplitude()
    joints = _grid(draft, columns, rows, scale)
    _query(draft, joints, (columns, rows), formulas)


def _define(draft: Draft, name: str, formula: str) -> None:
    """A function of the coordinates, local to `make_walker`, as a `def` or a lambda."""
    if draft.rng.random() < 0.8:
        draft.say(f"def {name}({_ENDS}):", f"    return {formula}")
    else:
        draft.say(f"{name} = lambda {_ENDS}: {formula}")


def _formula(draft: Draft, choices: tuple[str, ...]) -> str:
    """One of some formulas, with its numbers drawn."""
    reach, steps = draft.pick("2", "3", "4.5"), draft.rng.randint(3, 9)
    return draft.pick(*choices).format(reach=reach, amplitude=draft.amplitude(), steps=steps)


def _grid(draft: Draft, columns: int, rows: int, scale: str) -> str:
    joints = draft.name("joints", "grid", "nodes")
    made = f"{draft.creator}.add_joint(x * {scale}, y * {scale})"
    if draft.rng.random() < 0.5:
        loops = f"for x in range({columns}) for y in range({rows})"
        draft.say(f"{joints} = {{(x, y): {made} {loops}}}")
        return joints
    draft.say(f"{joints} = {{}}", f"for x in range({columns}):", f"    for y in range({rows}):")
    draft.say(f"        {joints}[x, y] = {made}")
    return joints


def _query(draft: Draft, joints: str, size: tuple[int, int], formulas: list[str]) -> None:
    """Loops over the pairs of the grid's places."""
    connect, amplitude, phase = formulas
    columns, rows = size
    arguments = f"{joints}[x1, y1], {joints}[x2, y2], False, {amplitude}, {phase}"
    spring = f"{draft.creator}.add_muscle({arguments})"
    if draft.rng.random() < 0.5:
        draft.say(f"for (x1, y1) in {joints}:", f"    for (x2, y2) in {joints}:")
        draft.say(f"        if (x1, y1) < (x2, y2) and ({connect}):")
        draft.say(f"            {spring}")
        return
    last = draft.pick(f"range({rows})", f"range(y1, {rows})")
    draft.say(f"for x1 in range({columns}):", f"    for y1 in range({rows}):")
    draft.say(f"        for x2 in range(x1, {columns}):", f"            for y2 in {last}:")
    draft.say(f"                if {connect}:", f"                    {spring}")
