"""Functions of lists: folds, filters, neighbours, nested loops, searches."""

from elmjax.programs.functions.draft import Draft


def fold(draft: Draft) -> None:
    """One value from a list, by a loop with a condition."""
    name, items, item, result = draft.verb(), draft.plural(), draft.short(), draft.noun()
    test = draft.pick(
        f"{item} % {draft.integer(2, 4)} == 0",
        f"{item} > {draft.integer(3, 15)}",
        f"{item} != {result}",
    )
    change = draft.pick(
        f"{result} += {item}",
        f"{result} += {item} * {draft.number()}",
        f"{result} = max({result}, {item})",
        f"{result} = {result} * {draft.integer(2, 3)} + {item}",
    )
    other = (
        ["    else:", f"        {result} -= {draft.number()}"] if draft.rng.random() < 0.4 else []
    )
    draft.function(
        f"{name}({items})",
        f"{result} = {draft.pick('0', '1', draft.number())}",
        f"for {item} in {items}:",
        f"    if {test}:",
        f"        {change}",
        *other,
        f"return {result}",
    )
    draft.example(f"{name}({draft.numbers()})")


def transformed(draft: Draft) -> None:
    """A list from a list, by a comprehension or by appending."""
    name, items, item, made = draft.verb(), draft.plural(), draft.short(), draft.plural()
    value = draft.pick(
        f"{item} * {draft.number()}",
        f"{item} + {draft.number()}",
        f"({item} - {draft.integer()}) ** 2",
        f"min({item}, {draft.integer(5, 20)})",
        f"{item} // {draft.integer(2, 5)}",
    )
    test = draft.pick(f"{item} > {draft.integer()}", f"{item} % 2 == {draft.integer(0, 1)}")
    if draft.rng.random() < 0.5:
        condition = f" if {test}" if draft.rng.random() < 0.6 else ""
        draft.function(f"{name}({items})", f"return [{value} for {item} in {items}{condition}]")
    else:
        draft.function(
            f"{name}({items})",
            f"{made} = []",
            f"for {item} in {items}:",
            f"    if {test}:",
            f"        {made}.append({value})",
            f"return {made}",
        )
    draft.example(f"{name}({draft.numbers()})")


def neighbours(draft: Draft) -> None:
    """Something about every two neighbours of a list, or about a moving window."""
    name, items, k, made = draft.verb(), draft.plural(), draft.letter(), draft.plural()
    width = draft.noun()
    if draft.rng.random() < 0.5:
        one, two = draft.short(), draft.short()
        value = draft.pick(f"{two} - {one}", f"({one} + {two}) / 2", f"{one} * {two}")
        draft.function(
            f"{name}({items})",
            f"return [{value} for {one}, {two} in zip({items}, {items}[1:])]",
        )
        draft.example(f"{name}({draft.numbers()})")
        return
    draft.function(
        f"{name}({items}, {width})",
        f"{made} = []",
        f"for {k} in range(len({items}) - {width} + 1):",
        f"    {made}.append({draft.pick('sum', 'max')}({items}[{k}:{k} + {width}]) / {width})",
        f"return {made}",
    )
    draft.example(f"{name}({draft.numbers()}, {draft.integer(1, 3)})")


def table(draft: Draft) -> None:
    """A grid by nested loops."""
    name, rows, columns, made = draft.verb(), draft.noun(), draft.noun(), draft.plural()
    i, j, row = draft.letter(), draft.letter(), draft.noun()
    value = draft.pick(
        f"{i} * {j}",
        f"{i} + {j} * {draft.integer()}",
        f"abs({i} - {j})",
        f"({i} * {draft.integer()} + {j}) % {draft.integer(2, 7)}",
    )
    if draft.rng.random() < 0.4:
        body = [f"return [[{value} for {j} in range({columns})] for {i} in range({rows})]"]
    else:
        body = [
            f"{made} = []",
            f"for {i} in range({rows}):",
            f"    {row} = []",
            f"    for {j} in range({draft.pick(columns, f'{i} + 1', columns)}):",
            f"        {row}.append({value})",
            f"    {made}.append({draft.pick(row, row, f'sum({row})')})",
            f"return {made}",
        ]
    draft.function(f"{name}({rows}, {columns})", *body)
    draft.example(f"{name}({draft.integer(2, 5)}, {draft.integer(2, 5)})")


def pairs(draft: Draft) -> None:
    """Counts or gathers pairs of a list's elements that satisfy a condition."""
    name, items, i, j = draft.verb(), draft.plural(), draft.letter(), draft.letter()
    found = draft.plural()
    test = draft.pick(
        f"{items}[{i}] + {items}[{j}] > {draft.integer(5, 25)}",
        f"abs({items}[{i}] - {items}[{j}]) < {draft.integer(2, 8)}",
        f"{items}[{i}] > {items}[{j}]",
    )
    kept = draft.pick(f"({i}, {j})", f"{items}[{i}] * {items}[{j}]", f"{items}[{j}]")
    draft.function(
        f"{name}({items})",
        f"{found} = []",
        f"for {i} in range(len({items})):",
        f"    for {j} in range({draft.pick(i, f'{i} + 1, len({items})')}):",
        f"        if {test}:",
        f"            {found}.append({kept})",
        f"return {draft.pick(found, found, f'len({found})')}",
    )
    draft.example(f"{name}({draft.numbers()})")


def search(draft: Draft) -> None:
    """The place of the first element that satisfies a condition, or of the best one."""
    name, items, k, item = draft.verb(), draft.plural(), draft.letter(), draft.short()
    goal = draft.noun()
    if draft.rng.random() < 0.5:
        draft.function(
            f"{name}({items}, {goal})",
            f"for {k}, {item} in enumerate({items}):",
            f"    if {item} {draft.pick('>=', '>', '==')} {goal}:",
            f"        return {draft.pick(k, f'{k} + {draft.integer()}')}",
            f"return {draft.pick('-1', 'None', f'len({items})')}",
        )
        draft.example(f"{name}({draft.numbers()}, {draft.integer(2, 15)})")
        return
    best = draft.noun()
    draft.function(
        f"{name}({items})",
        f"{best} = 0",
        f"for {k} in range(1, len({items})):",
        f"    if {items}[{k}] {draft.pick('>', '<', '>=')} {items}[{best}]:",
        f"        {best} = {k}",
        f"return ({best}, {items}[{best}])",
    )
    draft.example(f"{name}({draft.numbers()})")
