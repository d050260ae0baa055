"""Functions that put something together, call by call: objects that grow, lists of pairs."""

from elmjax.programs.functions.draft import Draft


def assembled(draft: Draft) -> None:
    """A class that numbers the parts it is given, and a function that builds one part by part."""
    kind, thing = draft.noun().capitalize(), draft.short()
    place, join, value, name = draft.verb(), draft.verb(), draft.verb(), draft.verb()
    a, b, c, parts, pairs = (
        draft.short(),
        draft.short(),
        draft.short(),
        draft.plural(),
        draft.plural(),
    )
    draft.type(
        kind,
        ["__init__(self)", f"self.{parts} = []", f"self.{pairs} = []"],
        [
            f"{place}(self, {a}, {b})",
            f"self.{parts}.append(({a}, {b}))",
            f"return len(self.{parts}) - 1",
        ],
        [
            f"{join}(self, {a}, {b}, {c}={draft.number()})",
            f"self.{pairs}.append(({a}, {b}, {c}))",
        ],
        [f"{value}(self)", f"return (self.{parts}, self.{pairs})"],
    )
    draft.function(
        f"{name}()",
        f"{thing} = {kind}()",
        *_placed_and_joined(draft, thing, place, join),
        f"return {thing}.{value}()",
    )
    draft.example(f"{name}()")


def _placed_and_joined(draft: Draft, thing: str, place: str, join: str) -> list[str]:
    """Calls that place parts, in turn or in loops, and calls that join them."""
    rng = draft.rng
    if rng.random() < 0.5:
        names = [draft.short() for _ in range(rng.randint(3, 5))]
        placed = [f"{name} = {thing}.{place}({draft.number()}, {draft.number()})" for name in names]
        joined = [
            f"{thing}.{join}({', '.join(rng.sample(names, 2))}{_third(draft)})"
            for _ in range(rng.randint(2, 5))
        ]
        return [*placed, *joined]
    made, i, j = draft.plural(), draft.letter(), draft.letter()
    return [
        f"{made} = []",
        f"for {i} in range({draft.integer(2, 4)}):",
        f"    for {j} in range({draft.integer(2, 3)}):",
        f"        {made}.append({thing}.{place}({i} * {draft.number()}, {j} * {draft.number()}))",
        f"for {i} in range(len({made}) - 1):",
        f"    {thing}.{join}({made}[{i}], {made}[{i} + 1]{_third(draft)})",
        f"{thing}.{join}({made}[{draft.integer(0, 3)}], {made}[{draft.integer(-2, 1)}])",
    ]


def _third(draft: Draft) -> str:
    """A third argument, or none."""
    return f", {draft.number()}" if draft.rng.random() < 0.5 else ""


def corners(draft: Draft) -> None:
    """A function that returns several values it has made, and one that calls it here and there."""
    shape, name, a, b, size = (
        draft.verb(),
        draft.verb(),
        draft.short(),
        draft.short(),
        draft.short(),
    )
    made = [draft.short() for _ in range(draft.rng.randint(2, 4))]
    steps = [
        f"{each} = ({a}{draft.pick('', f' + {size}')}, {b} {draft.pick('+', '-')} "
        f"{draft.pick(size, draft.number())})"
        for each in made
    ]
    draft.function(f"{shape}({a}, {b}, {size})", *steps, f"return ({', '.join(made)})")
    all_of, k = draft.plural(), draft.letter()
    calls = [
        f"{all_of} += {shape}({draft.number()}, {draft.number()}, {draft.number()})"
        for _ in range(draft.rng.randint(1, 3))
    ]
    if draft.rng.random() < 0.5:
        calls = [
            f"for {k} in range({draft.integer(2, 4)}):",
            f"    {all_of}.extend({shape}({k} * {draft.number()}, {draft.number()}, {k}))",
        ]
    draft.function(f"{name}()", f"{all_of} = []", *calls, f"return {all_of}")
    draft.example(f"{name}()")


def wired(draft: Draft) -> None:
    """A function that lists pairs of points within a rule given by inner functions."""
    name, near, worth = draft.verb(), draft.noun(), draft.noun()
    a, b, c, d = (draft.short() for _ in range(4))
    points, one, two, found = draft.plural(), draft.short(), draft.short(), draft.plural()
    distance = draft.pick(
        f"({a} - {c}) ** 2 + ({b} - {d}) ** 2",
        f"abs({a} - {c}) + abs({b} - {d})",
        f"max(abs({a} - {c}), abs({b} - {d}))",
    )
    draft.function(
        f"{name}({points})",
        f"def {near}({a}, {b}, {c}, {d}):",
        f"    return {distance} {draft.pick('<', '<=', '>')} {draft.number()}",
        f"def {worth}({a}, {b}):",
        f"    return {draft.pick(f'{a} * {b}', f'{a} - {b}', f'max({a}, {b})')}",
        f"{found} = []",
        f"for {one} in {points}:",
        f"    for {two} in {points}:",
        f"        if {near}({one}[0], {one}[1], {two}[0], {two}[1]):",
        f"            {found}.append(({one}, {two}, {worth}({one}[0], {two}[1])))",
        f"return {found}",
    )
    count = draft.rng.randint(2, 4)
    points_given = ", ".join(f"({draft.number()}, {draft.number()})" for _ in range(count))
    draft.example(f"{name}([{points_given}])")
