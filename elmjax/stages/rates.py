"""The rates of a trained diff model's card: what becomes of its edits, on which programs."""

import random

from elmjax import corpus
from elmjax.corpus import WALKERS
from elmjax.lm.store import LanguageModel
from elmjax.stages import edits
from elmjax.stages.run import Run

STAGE = "rates"


def measure(run: Run, model: LanguageModel) -> dict[str, dict[str, dict[str, float]]]:
    """Rates edits of generated walkers that no corpus holds, and of elites.

    Returns:
        What `edits.rate` gives, for "generated", and for "elites" where
        `pretrain.rates.evaluations` asks for them.
    """
    config = run.config.pretrain.rates
    programs = {"generated": _generated(run)}
    if config.evaluations > 0:
        programs["elites"] = _elites(run)
    return {
        name: edits.rate(run, model, some, config.children, f"{STAGE}/{name}")
        for name, some in programs.items()
    }


def _generated(run: Run) -> list[str]:
    """Programs grown as those of the corpus, from a seed of their own."""
    rng = random.Random(run.seed(f"{STAGE}/generated"))
    with run.pool() as pool:
        return corpus.grow(run.config.pretrain.rates.programs, WALKERS, pool, rng)


def _elites(run: Run) -> list[str]:
    """Some elites, drawn at random, of runs that no refinement of the model has seen."""
    config, search = run.config.pretrain.rates, run.config.evolve
    found = edits.elites(run, STAGE, -(-config.evaluations // (search.parents * search.children)))
    rng = random.Random(run.seed(f"{STAGE}/elites"))
    return rng.sample(found, min(config.elites, len(found)))
