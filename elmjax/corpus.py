"""Training data of the diff model: generated walker programs and truthful edits of them.

A parent is a seed of the paper or a generated program after a random walk of syntax-tree edits,
each step of which still runs. Its edits are kept when the child runs and its body differs, never
for its fitness. The commit message says what the edit did: `elmjax.mutators.describe`.
"""

import multiprocessing
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from elmjax import diffs
from elmjax.diffs import DiffVerdict, numbered, prompts
from elmjax.mutators import Child, tree_mutator
from elmjax.programs import SEEDS, Engine, Limits, open_engine
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
        return edit(parents, edits, pool, rng)


def grow(count: int, pool: Engine, rng: random.Random) -> list[str]:
    """Walks `count` programs away from their starts by edits that run and change the body."""
    programs = [_start(rng) for _ in range(count)]
    remaining = [rng.randint(0, LONGEST_WALK) for _ in programs]
    digests = _digests(programs, pool)
    for step in range(LONGEST_WALK):
        walking = [i for i, length in enumerate(remaining) if length > step]
        children = tree_mutator([programs[i] for i in walking], 1, rng.getrandbits(64))
        texts = [child.program if _fits(child) else None for child in children]
        for i, text, digest in zip(walking, texts, _digests(texts, pool), strict=True):
            if text is not None and digest not in (None, digests[i]):
                programs[i], digests[i] = text, digest
    return [text for text, digest in zip(programs, digests, strict=True) if digest is not None]


def edit(
    parents: Sequence[str], edits: int, pool: Engine, rng: random.Random
) -> list[EditedProgram]:
    """Keeps up to `edits` different edits of every parent that run and change the body."""
    proposals = round(edits * PROPOSALS_PER_EDIT)
    children = tree_mutator(parents, proposals, rng.getrandbits(64))
    digests = _digests([child.program if _fits(child) else None for child in children], pool)
    before = _digests(parents, pool)
    edited = []
    for i, parent in enumerate(parents):
        rows = slice(i * proposals, (i + 1) * proposals)
        kept = {
            written: child.message
            for child, digest in zip(children[rows], digests[rows], strict=True)
            if digest not in (None, before[i])
            and child.program is not None
            and (written := _write(parent, child.program)) is not None
        }
        pairs = tuple((message, written) for written, message in kept.items())[:edits]
        if pairs and not isinstance(prompts.numbered_program(parent), DiffVerdict):
            edited.append(EditedProgram(program=parent, edits=pairs))
    return edited


def _start(rng: random.Random) -> str:
    names, weights = zip(*_STARTS, strict=True)
    name = rng.choices(names, weights)[0]
    return generate(rng) if name == "generated" else SEEDS[name]


def _fits(child: Child) -> bool:
    return child.program is not None and len(child.program) <= MAX_CHARACTERS


def _digests(programs: Sequence[str | None], pool: Engine) -> list[str | None]:
    """What each program builds, as a hash; None for no program or one that does not run."""
    executions = iter(pool.run([program for program in programs if program is not None]))
    bodies = [None if program is None else next(executions).body for program in programs]
    return [None if body is None else body.digest() for body in bodies]


def _write(parent: str, child: str) -> str | None:
    written = numbered.render(diffs.between(parent, child))
    if isinstance(written, DiffVerdict) or len(written) > MAX_EDIT_CHARACTERS:
        return None
    return written
