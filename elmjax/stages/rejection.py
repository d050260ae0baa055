"""Rejection sampling: the diff model learns those of its own edits that run and change the body.

The corpus shows edits that syntax-tree mutation wrote; what a model itself gets wrong, a bracket or
a name that is not there, it unlearns from what it got right. Parents are elites of short MAP-Elites
runs on the paper's seeds, on which the model is to be used, and newly generated programs. No
fitness is looked at.
"""

import random
from collections.abc import Sequence

import numpy as np

from elmjax import corpus
from elmjax.corpus import WALKERS, EditedProgram
from elmjax.lm.store import LanguageModel
from elmjax.stages import edits
from elmjax.stages.documents import documents
from elmjax.stages.learn import Lesson, learn
from elmjax.stages.run import Run

STAGE = "rejection"


def refine(
    run: Run, model: LanguageModel, train: Sequence[EditedProgram], number: int
) -> LanguageModel:
    """One round: samples edits of elites and programs, keeps the good ones, and learns them.

    Args:
        run: its configuration's `pretrain.rejection` says how much.
        model: the diff model.
        train: the corpus it was trained on, part of which is read again.
        number: of the round, from 1.

    Returns:
        The refined model; the same one where not a single edit was good.
    """
    config, stage = run.config.pretrain.rejection, f"{STAGE}-{number}"
    own = _own_edits(run, model, stage)
    if not own:
        print(f"{stage}: none of the sampled edits runs and changes the body; nothing to learn")
        return model
    rng = np.random.default_rng(run.seed(f"{stage}/replay"))
    count = min(len(train), round(config.replay * len(own)))
    replayed = [train[i] for i in rng.choice(len(train), count, replace=False)]
    lesson = Lesson(
        stage=stage,
        model=model,
        train=documents(
            [*own, *replayed],
            tokenizer=model.own_tokenizer,
            program_weight=run.config.pretrain.program_weight,
            row_length=config.optimiser.row_length,
            line_positions=model.line_positions,
            seed=run.seed(f"{stage}/whole"),
        ),
        test=(),
        optimiser=config.optimiser,
        checkpoint_every=run.config.pretrain.checkpoint_every,
    )
    refined, _ = learn(run, lesson)
    return refined


def _own_edits(run: Run, model: LanguageModel, stage: str) -> list[EditedProgram]:
    """The model's own edits that are worth learning; sampled once."""
    path = run.folder / f"{stage}.parquet"
    if not path.exists():
        config = run.config.pretrain
        elites = edits.elites(run, "elites", config.rejection.iterations)
        parents = [*elites, *_generate(run, stage)]
        children = edits.sample(run, model, parents, config.rejection.proposals, stage)
        with run.pool() as pool:
            corpus.save(path, corpus.keep(parents, children, config.edits, WALKERS, pool))
    return corpus.load(path)


def _generate(run: Run, stage: str) -> list[str]:
    """Programs grown as those of the corpus; every round has its own."""
    rng = random.Random(run.seed(f"{stage}/generated"))
    with run.pool() as pool:
        return corpus.grow(run.config.pretrain.rejection.generated, WALKERS, pool, rng)
