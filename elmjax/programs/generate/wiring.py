"""Springs between joints as statements of a program: chains, rings, spokes, all pairs."""

from itertools import combinations, pairwise

from elmjax.programs.generate.draft import Draft, Part

Lines = list[str]


def spring(draft: Draft, first: str, second: str, turn: str | None = None) -> str:
    """Statement that adds one spring, which may depend on the loop variable `turn`."""
    return f"{draft.creator}.add_muscle({first}, {second}{_flag_and_wave(draft, turn)})"


def chain(draft: Draft, part: Part) -> Lines:
    """Connects each joint of a part to the next one."""
    name, form = part.name, draft.rng.randrange(4)
    k = draft.name("k", "i", "j")
    if form == 0:
        end = f"len({name}) - 1" if part.count is None else str(part.count - 1)
        return _loop(f"{k} in range({end})", spring(draft, f"{name}[{k}]", f"{name}[{k} + 1]", k))
    if form == 1:
        start = f"{k} in range(1, len({name}))"
        return _loop(start, spring(draft, f"{name}[{k} - 1]", f"{name}[{k}]", k))
    a, b = draft.name("a", "left", "first"), draft.name("b", "right", "second")
    if form == 2:
        return _loop(f"{a}, {b} in zip({name}, {name}[1:])", spring(draft, a, b))
    pairs = f"{k}, ({a}, {b}) in enumerate(zip({name}, {name}[1:]))"
    return _loop(pairs, spring(draft, a, b, k))


def ring(draft: Draft, part: Part) -> Lines:
    """Connects a part to a closed ring; one that skips joints braces it."""
    name, k = part.name, draft.name("k", "i")
    reach = draft.rng.choices((1, 2, 3), (6, 2, 1))[0]
    if reach == 1 and draft.rng.random() < 0.3:
        return [*chain(draft, part), spring(draft, f"{name}[-1]", f"{name}[0]")]
    length = _length(draft, part)
    following = f"{name}[({k} + {reach}) % {length}]"
    return _loop(f"{k} in range({length})", spring(draft, f"{name}[{k}]", following, k))


def spokes(draft: Draft, part: Part, hub: str) -> Lines:
    """Connects every joint of a part to one joint."""
    k, joint = draft.name("k", "i"), draft.name("joint", "point", "p")
    if draft.rng.random() < 0.4:
        return _loop(f"{joint} in {part.name}", spring(draft, joint, hub))
    if draft.rng.random() < 0.5:
        pairs = f"{k}, {joint} in enumerate({part.name})"
        return _loop(pairs, spring(draft, joint, hub, k))
    length = _length(draft, part)
    return _loop(f"{k} in range({length})", spring(draft, f"{part.name}[{k}]", hub, k))


def all_pairs(draft: Draft, part: Part) -> Lines:
    """Connects the joints of a part to each other, all of them or those that meet a condition."""
    name, i, j = part.name, draft.name("i", "m"), draft.name("j", "n")
    length = _length(draft, part)
    statement = [spring(draft, f"{name}[{i}]", f"{name}[{j}]", draft.pick(i, j))]
    if draft.rng.random() < 0.4:
        condition = draft.pick(
            f"({i} + {j}) % 2 == 1", f"{j} - {i} < 4", f"{i} * {j} % 3 != 0", f"{j} - {i} != 2"
        )
        statement = _block(f"if {condition}", statement)
    inner = _block(f"for {j} in range({i} + 1, {length})", statement)
    return _block(f"for {i} in range({length})", inner)


def between(draft: Draft, first: Part, second: Part) -> Lines:
    """Connects two parts: in step, everything with everything, or by a few springs."""
    a, b, k = draft.name("a", "p"), draft.name("b", "q"), draft.name("k", "t")
    pairs = (first.count or 9) * (second.count or 9)
    form = draft.rng.randrange(4 if pairs <= 50 else 3)
    if form == 0:
        return _loop(f"{a}, {b} in zip({first.name}, {second.name})", spring(draft, a, b))
    if form == 1:
        other = f"{second.name}[{k} % {_length(draft, second)}]"
        statement = spring(draft, f"{first.name}[{k}]", other, k)
        return _loop(f"{k} in range({_length(draft, first)})", statement)
    if form == 2:
        return few(draft, first, second)
    return _block(f"for {a} in {first.name}", _loop(f"{b} in {second.name}", spring(draft, a, b)))


def few(draft: Draft, first: Part, second: Part) -> Lines:
    """Two to four springs between joints of two parts, one statement each."""
    return [
        spring(draft, element(draft, first), element(draft, second))
        for _ in range(draft.rng.randint(2, 4))
    ]


def some_of(draft: Draft, joints: list[str]) -> Lines:
    """Springs between single joints: a path through all of them and a few more."""
    path = list(pairwise(joints))
    others = [pair for pair in combinations(joints, 2) if pair not in path]
    extra = draft.rng.sample(others, min(len(others), draft.rng.randint(1, 5)))
    return [spring(draft, a, b) for a, b in path + extra]


def element(draft: Draft, part: Part) -> str:
    """Expression for one joint of a part."""
    return f"{part.name}[{draft.rng.randrange(part.count or 1)}]"


def _flag_and_wave(draft: Draft, turn: str | None) -> str:
    """Arguments behind the two joints of a spring; none make it rigid."""
    if draft.rng.random() < 0.35:
        return draft.rng.choices(("", ", True"), (9, 1))[0]
    amplitude, phase = draft.amplitude(), f"{draft.rng.randrange(20) / 20:g}"
    flag = "False"
    if turn is not None:
        steps = draft.rng.randint(3, 12)
        flag = draft.rng.choices(("False", f"{turn} % 2 == 0"), (9, 1))[0]
        if draft.rng.random() < 0.3:
            amplitude = draft.pick(f"0.2 + {turn} / {steps}", f"abs(math.sin({turn}))", "0.5")
        if draft.rng.random() < 0.7:
            phase = draft.pick(
                f"{turn} / {steps}", f"0.1 * {turn}", f"{turn} % 2 * 0.5", f"{turn} % 3 / 3", "0.5"
            )
    form = draft.rng.randrange(8)
    if form == 0:
        return f", {flag}, {amplitude}"
    if form == 1:
        return f", is_distance={flag}, amplitude={amplitude}, phase={phase}"
    return f", {flag}, {amplitude}, {phase}"


def _length(draft: Draft, part: Part) -> str:
    if part.count is None or draft.rng.random() < 0.6:
        return f"len({part.name})"
    return str(part.count)


def _loop(header: str, statement: str) -> Lines:
    return _block(f"for {header}", [statement])


def _block(header: str, lines: Lines) -> Lines:
    return [f"{header}:", *(f"    {line}" for line in lines)]
