"""Functions of numbers: formulas, running values, loops until something holds, recursion."""

from elmjax.programs.functions.draft import Draft


def formula(draft: Draft) -> None:
    """Two to three parameters, a few named steps, one result."""
    rng, name = draft.rng, draft.verb()
    a, b = draft.short(), draft.short()
    factor, result = draft.noun(), draft.noun()
    steps = [
        f"{factor} = {a} {draft.pick('*', '+', '-')} {draft.pick(b, draft.number())}",
        f"{result} = {factor} {draft.pick('*', '+', '-')} {b} "
        f"{draft.pick('+', '-', '*')} {draft.number()}",
    ]
    if rng.random() < 0.6:
        limit = draft.number()
        steps += rng.choice(
            (
                [
                    f"if {result} > {limit}:",
                    f"    {result} = {limit} + {result} / {draft.integer(2)}",
                ],
                [f"if {a} < {b}:", f"    return {result}", f"{result} -= {draft.number()} * {a}"],
                [f"{result} = max({draft.number()}, {result})"],
                [f"{result} = math.sqrt(abs({result}))"],
            )
        )
    draft.function(f"{name}({a}, {b})", *steps, f"return {result}")
    for _ in range(rng.randint(1, 2)):
        draft.example(f"{name}({draft.number()}, {draft.number()})")


def expression(draft: Draft) -> None:
    """One expression in its parameters; neither of the two that the bug-fixing study repairs."""
    name, x = draft.verb(), draft.letter()
    a, b, c = (draft.letter() for _ in range(3))
    terms = draft.pick(
        f"{a} * {x} ** 3 - {b} / ({c} + {x} ** 2)",
        f"({a} * {x} + {b}) * {c} - {x}",
        f"{a} * ({x} - {b}) * ({x} - {c})",
        f"({a} * {b} - {x}) % {draft.integer(2, 5)} + {c}",
    )
    draft.function(f"{name}({a}, {b}, {c}, {x})", f"return {terms}")
    given = ", ".join(draft.number() for _ in range(4))
    draft.example(f"{name}({given})")
    given = ", ".join(draft.integer() for _ in range(3))
    draft.example(f"[{name}({given}, {x}) for {x} in range({draft.integer(3, 6)})]")


def until(draft: Draft) -> None:
    """A `while` loop that changes a number until a bound is met, and counts its turns."""
    name, start, count = draft.verb(), draft.short(), draft.noun()
    bound = draft.noun()
    change = draft.pick(
        f"{start} = {start} * {draft.integer(2, 3)} + {draft.integer()}",
        f"{start} += {count} + {draft.integer()}",
        f"{start} += {draft.integer()} if {start} % 2 == 0 else {start} * {draft.integer(2, 3)}",
    )
    result = draft.pick(count, start, f"({start}, {count})")
    draft.function(
        f"{name}({start}, {bound}={draft.integer(50, 400)})",
        f"{count} = 0",
        f"while {start} < {bound}:",
        f"    {change}",
        f"    {count} += 1",
        f"return {result}",
    )
    draft.example(f"{name}({draft.integer()})")
    draft.example(f"{name}({draft.integer()}, {draft.integer(20, 90)})")


def digits(draft: Draft) -> None:
    """Takes a number apart with remainders."""
    name, value, result, base = draft.verb(), draft.short(), draft.noun(), draft.integer(2, 10)
    gather = draft.pick(
        f"{result} += {value} % {base}",
        f"{result} = {result} * {base} + {value} % {base}",
        f"{result} = max({result}, {value} % {base})",
    )
    draft.function(
        f"{name}({value})",
        f"{result} = {draft.pick('0', '1')}",
        f"while {value} > 0:",
        f"    {gather}",
        f"    {value} //= {base}",
        f"return {result}",
    )
    draft.example(f"[{name}(number) for number in {draft.numbers()}]")


def recursion(draft: Draft) -> None:
    """A function that calls itself on something smaller."""
    name, n = draft.verb(), draft.letter()
    base, step = draft.integer(1, 3), draft.integer(1, 2)
    again = draft.pick(
        f"{n} * {name}({n} - {step})",
        f"{name}({n} - {step}) + {draft.integer()}",
        f"{name}({n} - 1) + {name}({n} - 2)",
        f"{draft.integer(2, 3)} * {name}({n} // 2) + {n}",
    )
    draft.function(
        f"{name}({n})",
        f"if {n} <= {base}:",
        f"    return {draft.pick(n, '1', draft.integer())}",
        f"return {again}",
    )
    draft.example(f"{name}({draft.integer(4, 9)})")


def simulation(draft: Draft) -> None:
    """Two numbers that change together for some turns, recorded in a list."""
    name, first, second, history = draft.verb(), draft.noun(), draft.noun(), draft.plural()
    turns, turn = draft.noun(), draft.letter()
    draft.function(
        f"{name}({first}, {second}, {turns})",
        f"{history} = []",
        f"for {turn} in range({turns}):",
        f"    {first} += {second} * {draft.number()}",
        f"    {second} -= {draft.pick(first, turn, '1')} * {draft.number()}",
        *(
            [f"    if {first} > {draft.integer(5, 30)}:", f"        {second} = -{second}"]
            if draft.rng.random() < 0.6
            else []
        ),
        f"    {history}.append({draft.pick(first, f'{first} + {second}', f'({first}, {second})')})",
        f"return {history}",
    )
    draft.example(f"{name}({draft.number()}, {draft.number()}, {draft.integer(3, 8)})")


def series(draft: Draft) -> None:
    """A sum or product over a range."""
    name, n, total, k = draft.verb(), draft.short(), draft.noun(), draft.letter()
    term = draft.pick(
        f"{k} ** {draft.integer(2, 3)}",
        f"{draft.number()} / ({k} + {draft.integer()})",
        f"math.cos({k} * {draft.number()})",
        f"(-1) ** {k} * {k}",
        f"{k} * ({n} - {k})",
    )
    first = draft.integer(0, 2)
    if draft.rng.random() < 0.4:
        draft.function(f"{name}({n})", f"return sum({term} for {k} in range({first}, {n}))")
    else:
        draft.function(
            f"{name}({n})",
            f"{total} = {draft.number()}",
            f"for {k} in range({first}, {n} + {draft.integer(0, 2)}):",
            f"    {total} {draft.pick('+=', '-=', '+=')} {term}",
            f"return {total}",
        )
    draft.example(f"{name}({draft.integer(4, 12)})")
