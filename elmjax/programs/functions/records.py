"""Functions of words and records: counting, grouping, joining; classes and functions as values."""

from elmjax.programs.functions.draft import Draft


def counted(draft: Draft) -> None:
    """A dictionary from a list of words."""
    name, words, word, found = draft.verb(), draft.plural(), draft.short(), draft.noun()
    key = draft.pick(
        f"len({word})", f"{word}[0]", f"{word}[-1]", f"len({word}) % {draft.integer(2, 3)}"
    )
    handle = draft.noun()
    if draft.rng.random() < 0.5:
        step = f"{found}[{handle}] = {found}.get({handle}, 0) + {draft.pick('1', f'len({word})')}"
    else:
        step = f"{found}.setdefault({handle}, []).append({draft.pick(word, f'{word}.upper()')})"
    draft.function(
        f"{name}({words})",
        f"{found} = {{}}",
        f"for {word} in {words}:",
        f"    {handle} = {key}",
        f"    {step}",
        f"return {draft.pick(found, f'sorted({found}.items())')}",
    )
    draft.example(f"{name}({draft.words()})")


def joined(draft: Draft) -> None:
    """A text from words."""
    name, words, word, text = draft.verb(), draft.plural(), draft.short(), draft.noun()
    part = draft.pick(
        f"{word}.upper()",
        f"{word}[:{draft.integer(1, 4)}]",
        f"{word} * {draft.integer(2, 3)}",
        f"{word}[::-1]",
    )
    mark = draft.pick("'-'", "', '", "' '", "'/'")
    if draft.rng.random() < 0.5:
        test = f" if len({word}) > {draft.integer(3, 5)}" if draft.rng.random() < 0.5 else ""
        draft.function(
            f"{name}({words})", f"return {mark}.join([{part} for {word} in {words}{test}])"
        )
    else:
        draft.function(
            f"{name}({words})",
            f"{text} = ''",
            f"for {word} in {words}:",
            f"    if len({text}) < {draft.integer(8, 30)}:",
            f"        {text} += {part} + {mark}",
            f"return {text}",
        )
    draft.example(f"{name}({draft.words()})")


def looked_up(draft: Draft) -> None:
    """A table of numbers by word, and a sum over it."""
    name, prices, words, word, total = (
        draft.verb(),
        draft.plural(),
        draft.plural(),
        draft.short(),
        draft.noun(),
    )
    known = dict.fromkeys(draft.word() for _ in range(4))
    entries = ", ".join(f"{key}: {draft.number()}" for key in known)
    wanted = ", ".join(draft.rng.choices(list(known), k=3))
    draft.function(
        f"{name}({words})",
        f"{prices} = {{{entries}}}",
        f"{total} = {draft.pick('0', draft.number())}",
        f"for {word} in {words}:",
        f"    {total} += {prices}[{word}] {draft.pick('*', '+', '-')} {draft.number()}",
        f"return {total}",
    )
    draft.example(f"{name}([{wanted}])")


def holder(draft: Draft) -> None:
    """A class with a few methods that change what it holds, and a function that uses it."""
    rng, name = draft.rng, draft.verb()
    kind = draft.noun().capitalize()
    held, given, thing = draft.noun(), draft.short(), draft.noun()
    change, value = draft.verb(), draft.verb()
    draft.type(
        kind,
        [
            f"__init__(self, {given})",
            f"self.{held} = {given}",
            f"self.count = {draft.integer(0, 2)}",
        ],
        [
            f"{change}(self, {given})",
            f"self.{held} {draft.pick('+=', '-=', '+=')} {given} * {draft.number()}",
            f"self.count += {draft.integer(1, 2)}",
        ],
        [
            f"{value}(self)",
            f"return self.{held} {draft.pick('*', '+', '/')} "
            f"{draft.pick('(self.count + 1)', draft.number())}",
        ],
    )
    steps = [f"{thing}.{change}({draft.number()})" for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.4:
        k = draft.letter()
        steps = [
            f"for {k} in range({draft.integer(2, 5)}):",
            f"    {thing}.{change}({k} + {draft.number()})",
        ]
    start = draft.short()
    draft.function(
        f"{name}({start})", f"{thing} = {kind}({start})", *steps, f"return {thing}.{value}()"
    )
    draft.example(f"{name}({draft.number()})")


def closure(draft: Draft) -> None:
    """A function that makes a function, and one that applies it again and again."""
    maker, apply = draft.verb(), draft.verb()
    a, b, x, inner = draft.short(), draft.short(), draft.letter(), draft.noun()
    body = draft.pick(
        f"{a} * {x} + {b}", f"({x} + {a}) / {b}", f"{x} - {a} if {x} > {b} else {x} + {b}"
    )
    if draft.rng.random() < 0.5:
        draft.function(
            f"{maker}({a}, {b})", f"def {inner}({x}):", f"    return {body}", f"return {inner}"
        )
    else:
        draft.function(f"{maker}({a}, {b})", f"return lambda {x}: {body}")
    step, value, times, k = draft.noun(), draft.noun(), draft.noun(), draft.letter()
    draft.function(
        f"{apply}({step}, {value}, {times}={draft.integer(2, 5)})",
        f"for {k} in range({times}):",
        f"    {value} = {step}({value})",
        f"return {value}",
    )
    draft.example(f"{apply}({maker}({draft.number()}, {draft.number()}), {draft.number()})")


def guarded(draft: Draft) -> None:
    """A function with several returns, and one that calls it for every element of a list."""
    judge, name, value, items, item = (
        draft.verb(),
        draft.verb(),
        draft.short(),
        draft.plural(),
        draft.short(),
    )
    low, high = draft.rng.randint(1, 6), draft.rng.randint(8, 20)
    draft.function(
        f"{judge}({value})",
        f"if {value} < {low}:",
        f"    return {draft.pick('0', f'{value} * {draft.number()}')}",
        f"if {value} > {high}:",
        f"    return {draft.pick(str(high), f'{value} - {draft.integer()}')}",
        f"return {draft.pick(value, f'{value} + {draft.number()}')}",
    )
    gather = draft.pick(
        f"sum({judge}({item}) for {item} in {items})", f"[{judge}({item}) for {item} in {items}]"
    )
    draft.function(f"{name}({items})", f"return {gather}")
    draft.example(f"{name}({draft.numbers()})")
