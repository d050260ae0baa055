"""Training data of the diff model: generated walker programs and truthful edits of them.

A parent is a seed of the paper or a generated program after a random walk of syntax-tree edits,
each step of which still runs. Its edits are kept when the child runs and its body differs, never
for its fitness, and when the commit message tells the truth: about a syntax-tree edit it does
(`elmjax.mutators.describe`), about an edit that a model wrote to order only sometimes.
"""

import multiprocessing
import random
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from elmjax import diffs
from elmjax.diffs import DiffVerdict, messages, numbered, prompts
from elmjax.mutators import Child, tree_mutator
from elmjax.programs import SEEDS, Engine, Limits, open_engine, same_but_for_numbers
from elmjax.programs.generate import generate

# Where walks start: mostly generated programs, so that the model meets many styles.
_STARTS: tuple[tuple[str, float], ...] = (
    ("generated", 0.5),
    ("square", 0.2),
    ("radial", 0.1),
    ("cppn_fixed", 0.1),
    ("cppn_mutable", 0.1),
)
LONGEST_WALK = 14  # edits from the start to a parent
MAX_CHARACTERS = 1500  # of a program
MAX_EDIT_CHARACTERS = 400  # of an edit as written; longer ones are rare and mostly fail
PROPOSALS_PER_EDIT = 1.6  # about three in four edits run and change the body
PARENTS_PER_SHARD = 250


@dataclass(frozen=True, kw_only=True)
class EditedProgram:
    """A program and edits of it that run and change the body."""

    program: str
    edits: tuple[tuple[str, str], ...]  # message, and the edit in the text of `diffs.numbered`


def save(path: Path, corpus: Iterable[EditedProgram]) -> None:
    """Writes a corpus as Parquet, whole or not at all."""
    unfinished = path.with_suffix(".tmp")
    rows = [asdict(parent) for parent in corpus]
    pd.DataFrame(rows, columns=["program", "edits"]).to_parquet(unfinished)
    unfinished.rename(path)


def load(path: Path) -> list[EditedProgram]:
    """Reads what `save` wrote."""
    return [
        EditedProgram(program=program, edits=tuple(map(tuple, edits)))
        for program, edits in pd.read_parquet(path).itertuples(index=False)
    ]


def edited_programs(
    parents: int, edits: int, seed: int, *, processes: int = 2
) -> Iterator[EditedProgram]:
    """Generates about `parents` programs with up to `edits` edits each, the same for a seed.

    The work is cut into shards of `PARENTS_PER_SHARD`, each made by its own process with its own
    jail, so that the data does not depend on how many processes there are.
    """
    shards = range((parents + PARENTS_PER_SHARD - 1) // PARENTS_PER_SHARD)
    # Spawned, never forked: the process that calls may hold JAX's threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as executor:
        try:
            for shard in executor.map(partial(_shard, edits, seed, parents), shards):
                yield from shard
        finally:
            executor.shutdown(cancel_futures=True)


def _shard(edits: int, seed: int, total: int, index: int) -> list[EditedProgram]:
    rng = random.Random(f"{seed}/{index}")
    count = min(PARENTS_PER_SHARD, total - index * PARENTS_PER_SHARD)
    with open_engine("auto", workers=1, limits=Limits()) as pool:
        parents = grow(count, pool, rng)
        proposals = round(edits * PROPOSALS_PER_EDIT)
        children = tree_mutator(parents, proposals, rng.getrandbits(64))
        return keep(parents, children, edits, pool)


def grow(count: int, pool: Engine, rng: random.Random) -> list[str]:
    """Walks `count` programs away from their starts by edits that run and change the body."""
    programs = [_start(rng) for _ in range(count)]
    remaining = [rng.randint(0, LONGEST_WALK) for _ in programs]
    built = digests(programs, pool)
    for step in range(LONGEST_WALK):
        walking = [i for i, length in enumerate(remaining) if length > step]
        children = tree_mutator([programs[i] for i in walking], 1, rng.getrandbits(64))
        texts = [child.program if _fits(child) else None for child in children]
        for i, text, digest in zip(walking, texts, digests(texts, pool), strict=True):
            if text is not None and digest not in (None, built[i]):
                programs[i], built[i] = text, digest
    return [text for text, digest in zip(programs, built, strict=True) if digest is not None]


def keep(
    parents: Sequence[str], children: Sequence[Child], edits: int, pool: Engine
) -> list[EditedProgram]:
    """Keeps up to `edits` different edits of every parent that do what a mutation should.

    Args:
        parents: programs that run.
        children: equally many of each parent, those of the first parent first.
        edits: most that are kept of a parent.
        pool: runs them.

    Returns:
        The parents of which an edit is left.
    """
    proposals = len(children) // max(1, len(parents))
    after = digests([child.program if _fits(child) else None for child in children], pool)
    before = digests(parents, pool)
    edited = []
    for i, parent in enumerate(parents):
        rows = slice(i * proposals, (i + 1) * proposals)
        kept = {
            written: child.message
            for child, digest in zip(children[rows], after[rows], strict=True)
            if digest not in (None, before[i])
            and child.program is not None
            and _is_true(child.message, parent, child.program)
            and (written := _write(parent, child.program)) is not None
        }
        pairs = tuple((message, written) for written, message in kept.items())[:edits]
        if pairs and not isinstance(prompts.numbered_program(parent), DiffVerdict):
            edited.append(EditedProgram(program=parent, edits=pairs))
    return edited


def _is_true(message: str, parent: str, child: str) -> bool:
    """Whether an edit changes only numbers, or more than numbers, where its message says so."""
    if message == messages.SMALL_CHANGE.text:
        return True
    only_numbers = message == messages.CHANGED_PARAMETERS.text
    return same_but_for_numbers(parent, child) == only_numbers


def _start(rng: random.Random) -> str:
    names, weights = zip(*_STARTS, strict=True)
    name = rng.choices(names, weights)[0]
    return generate(rng) if name == "generated" else SEEDS[name]


def _fits(child: Child) -> bool:
    return child.program is not None and len(child.program) <= MAX_CHARACTERS


def digests(programs: Sequence[str | None], pool: Engine) -> list[str | None]:
    """What each program builds, as a hash; None for no program or one that does not run."""
    executions = iter(pool.run([program for program in programs if program is not None]))
    bodies = [None if program is None else next(executions).body for program in programs]
    return [None if body is None else body.digest() for body in bodies]


def _write(parent: str, child: str) -> str | None:
    written = numbered.render(diffs.between(parent, child))
    if isinstance(written, DiffVerdict) or len(written) > MAX_EDIT_CHARACTERS:
        return None
    return written
