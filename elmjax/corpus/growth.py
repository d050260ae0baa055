"""Grows programs and edits them, in shards that do not depend on how many processes there are."""

import multiprocessing
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from elmjax.corpus.edits import fits, keep
from elmjax.corpus.kinds import FUNCTIONS, WALKERS, Kind
from elmjax.corpus.records import EditedProgram
from elmjax.corpus.repairs import repairs
from elmjax.mutators import tree_mutator
from elmjax.programs import Engine, Limits, open_engine

LONGEST_WALK = 14  # edits from the start to a parent
PROPOSALS_PER_EDIT = 1.6  # about three in four edits run and change what a program does
PARENTS_PER_SHARD = 250


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be made.

    Attributes:
        parents: Programs to grow; a few are lost, because no edit of them is worth learning.
        edits: Most edits of each.
        functions: Share of the parents that are ordinary functions; the others are walkers.
        bugs: Share of the parents that come once more, with a bug and its repair.
        seed: Decides everything.
    """

    parents: int
    edits: int
    functions: float
    bugs: float
    seed: int


def edited_programs(order: Order, *, processes: int = 2) -> Iterator[EditedProgram]:
    """Generates programs with edits of them, the same for an order.

    The work is cut into shards of `PARENTS_PER_SHARD`, each made by its own process with its own
    jail.
    """
    shards = (order.parents + PARENTS_PER_SHARD - 1) // PARENTS_PER_SHARD
    # Spawned, never forked: the process that calls may hold JAX's threads.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as executor:
        try:
            for shard in executor.map(_shard, [order] * shards, range(shards)):
                yield from shard
        finally:
            executor.shutdown(cancel_futures=True)


def _shard(order: Order, index: int) -> list[EditedProgram]:
    rng = random.Random(f"{order.seed}/{index}")
    count = min(PARENTS_PER_SHARD, order.parents - index * PARENTS_PER_SHARD)
    functions = round(order.functions * count)
    with open_engine("auto", workers=1, limits=Limits()) as pool:
        return [
            *_edited(FUNCTIONS, functions, order, pool, rng),
            *_edited(WALKERS, count - functions, order, pool, rng),
        ]


def _edited(
    kind: Kind, count: int, order: Order, pool: Engine, rng: random.Random
) -> list[EditedProgram]:
    parents = grow(count, kind, pool, rng)
    proposals = round(order.edits * PROPOSALS_PER_EDIT)
    children = tree_mutator(parents, proposals, rng.getrandbits(64))
    edited = keep(parents, children, order.edits, kind, pool)
    bugs = rng.sample(parents, round(order.bugs * len(parents)))
    return [*edited, *repairs(bugs, kind, pool, rng)]


def grow(count: int, kind: Kind, pool: Engine, rng: random.Random) -> list[str]:
    """Walks `count` programs away from their starts by edits that run and change what they do."""
    programs = [kind.start(rng) for _ in range(count)]
    remaining = [rng.randint(0, LONGEST_WALK) for _ in programs]
    known = kind.digests(programs, pool)
    for step in range(LONGEST_WALK):
        walking = [i for i, length in enumerate(remaining) if length > step]
        children = tree_mutator([programs[i] for i in walking], 1, rng.getrandbits(64))
        texts = [child.program if fits(child.program) else None for child in children]
        for i, text, digest in zip(walking, texts, kind.digests(texts, pool), strict=True):
            if text is not None and digest not in (None, known[i]):
                programs[i], known[i] = text, digest
    return [text for text, digest in zip(programs, known, strict=True) if digest is not None]
