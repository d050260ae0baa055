"""MAP-Elites (Mouret and Clune 2015, arXiv 1504.04909) over a domain, in memory."""

from collections.abc import Callable, Sequence

import numpy as np

from elmjax import seeds
from elmjax.mutators import Child, Mutator
from elmjax.qd import NO_PARENT, Archive, Rule
from elmjax.search.discoveries import Discoveries
from elmjax.search.domain import Domain, Score


def map_elites(
    domain: Domain,
    mutate: Mutator,
    *,
    iterations: int,
    parents: int = 16,
    children: int = 8,
    seed: int = 0,
    rule: Rule | None = None,
    after: Callable[[Discoveries], None] | None = None,
) -> Discoveries:
    """Searches a domain: parents uniformly over inhabited niches, children offered in order.

    Args:
        domain: Says where to start and what is good.
        mutate: An operator of `elmjax.mutators`, or of one's own.
        iterations: After the seeds.
        parents: Elites drawn an iteration.
        children: Of each.
        seed: The same search for the same number, where the domain is deterministic.
        rule: Of admission; None: the better one stays, the first at a tie.
        after: Called after the seeds and after every iteration.

    Raises:
        ValueError: no seed program works, or a number is below 1.
    """
    for name, number in (("iterations", iterations), ("parents", parents), ("children", children)):
        if number < 1:
            raise ValueError(f"{name}: got {number}, wanted 1 or more")
    found = Discoveries(archive=Archive(domain.grid, rule))
    planted = [Child(operator="seed", message="", diff="", program=text) for text in domain.seeds]
    found.offer(planted, [NO_PARENT] * len(planted), _scores(domain, planted), step=0)
    if not found.archive.occupied.any():
        said = "; ".join(f"{row['outcome']}: {row['reason']}" for row in found.rows) or "none given"
        raise ValueError(f"{domain.name}: no seed program works ({said})")
    for iteration in range(iterations):
        if after is not None:
            after(found)
        rng = np.random.default_rng(seeds.derive(seed, "search/parents", iteration))
        drawn = found.archive.sample(rng, parents).tolist()
        texts = [found.program(parent) for parent in drawn]
        family = mutate(texts, children, seeds.derive(seed, "search/children", iteration))
        owners = [parent for parent in drawn for _ in range(children)]
        found.offer(family, owners, _scores(domain, family), step=iteration)
    if after is not None:
        after(found)
    return found


def _scores(domain: Domain, children: Sequence[Child]) -> list[Score | None]:
    """What became of each child that is a program; equal programs are run once."""
    texts = list(dict.fromkeys(child.program for child in children if child.program is not None))
    scores = list(domain.evaluate(texts))
    if len(scores) != len(texts):
        raise ValueError(f"{domain.name}: got {len(scores)} scores, wanted {len(texts)}")
    by_text = dict(zip(texts, scores, strict=True))
    return [None if child.program is None else by_text[child.program] for child in children]
