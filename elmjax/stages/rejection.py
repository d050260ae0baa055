"""Rejection sampling: the diff model learns those of its own edits that run and change the body.

The corpus shows edits that syntax-tree mutation wrote; what a model itself gets wrong, a bracket or
a name that is not there, it unlearns from what it got right. Parents are elites of short MAP-Elites
runs on the paper's seeds, on which the model is to be used. No fitness is looked at.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from elmjax import corpus
from elmjax.corpus import EditedProgram
from elmjax.diffs import NUMBERED
from elmjax.diffs.messages import MESSAGES
from elmjax.lm.store import LanguageModel
from elmjax.mutators import Child, LanguageMutator
from elmjax.programs import SEEDS, same_but_for_numbers
from elmjax.report.progress import stage_progress
from elmjax.stages.documents import documents
from elmjax.stages.evolve import evolve, open_found
from elmjax.stages.learn import Lesson, learn
from elmjax.stages.run import Run

STAGE = "rejection"
OPERATOR: Final = "tree"  # of the runs whose elites are edited
PARENTS_AT_A_TIME = 16
RATE_PROPOSALS = 8  # edits sampled of each program to measure rates


def refine(
    run: Run, model: LanguageModel, train: Sequence[EditedProgram], number: int
) -> LanguageModel:
    """One round: samples edits of elites, keeps the good ones, and learns them.

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
            tokenizer=model.tokenizer,
            program_weight=run.config.pretrain.program_weight,
            row_length=config.optimiser.row_length,
            seed=run.seed(f"{stage}/whole"),
        ),
        test=(),
        optimiser=config.optimiser,
        checkpoint_every=run.config.pretrain.checkpoint_every,
    )
    refined, _ = learn(run, lesson)
    return refined


def edit_rates(run: Run, model: LanguageModel, programs: Sequence[str]) -> dict[str, float]:
    """What becomes of edits that a model writes of some programs, as shares of all it wrote.

    Returns:
        Those that apply, run, change the body and are unlike the other edits of their program; and
        of those that run, under each message, the share that changes nothing but numbers.
    """
    children = _sample(run, model, programs, RATE_PROPOSALS, "rates")
    with run.pool() as pool:
        built = corpus.digests([child.program for child in children], pool)
        parents = corpus.digests(programs, pool)
    runs = [digest is not None for digest in built]
    before = [digest for digest in parents for _ in range(RATE_PROPOSALS)]
    changed = [after not in (None, own) for after, own in zip(built, before, strict=True)]
    texts = np.array([child.program or "" for child in children]).reshape(len(programs), -1)
    of_programs = np.repeat(programs, RATE_PROPOSALS)
    rates = {
        "apply": float(np.mean([child.program is not None for child in children])),
        "run": float(np.mean(runs)),
        "change": float(np.mean(changed)),
        "unique": float(np.mean([len(set(row) - {""}) for row in texts])) / RATE_PROPOSALS,
    }
    for message in MESSAGES:
        numbers_only = [
            same_but_for_numbers(str(parent), child.program)
            for parent, child, ran in zip(of_programs, children, runs, strict=True)
            if ran and child.program is not None and child.message == message.text
        ]
        rates[message.text] = float(np.mean(numbers_only)) if numbers_only else float("nan")
    return rates


def _own_edits(run: Run, model: LanguageModel, stage: str) -> list[EditedProgram]:
    """The model's own edits of elites that are worth learning; sampled once."""
    path = run.folder / f"{stage}.parquet"
    if not path.exists():
        config = run.config.pretrain
        elites = _elites(run)
        children = _sample(run, model, elites, config.rejection.proposals, stage)
        with run.pool() as pool:
            corpus.save(path, corpus.keep(elites, children, config.edits, pool))
    return corpus.load(path)


def _elites(run: Run) -> list[str]:
    """All elites of one MAP-Elites run on each seed."""
    elites: list[str] = []
    for seed in SEEDS:
        search = replace(
            run.config.evolve,
            seed_program=seed,
            operators=(OPERATOR,),
            iterations=run.config.pretrain.rejection.iterations,
        )
        config = replace(run.config, evolve=search)
        with Run.open(run.folder / "elites" / seed, config) as of_seed:
            evolve(of_seed, OPERATOR)
            found = open_found(of_seed, OPERATOR)
        ids = found.archive.elite[found.archive.elite >= 0]
        elites += [found.history.program(int(elite)) for elite in ids]
    return list(dict.fromkeys(elites))


def _sample(
    run: Run, model: LanguageModel, programs: Sequence[str], proposals: int, purpose: str
) -> list[Child]:
    """Edits that the model writes, `proposals` of each program."""
    config = run.config
    mutate = LanguageMutator(
        operator="diff",
        format=NUMBERED,
        model=model,
        max_new_tokens=config.evolve.max_new_tokens,
        temperature=config.pretrain.rejection.temperature,
    )
    children: list[Child] = []
    with stage_progress(f"{purpose} edits", len(programs) * proposals) as progress:
        for start in range(0, len(programs), PARENTS_AT_A_TIME):
            parents = programs[start : start + PARENTS_AT_A_TIME]
            children += mutate(parents, proposals, run.seed(f"{STAGE}/{purpose}", start))
            progress.advance(len(parents) * proposals)
    return children
