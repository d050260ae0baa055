"""Edits that a diff model writes of given programs, and what becomes of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from elmjax.corpus import WALKERS
from elmjax.diffs import DiffVerdict
from elmjax.diffs.messages import MESSAGES
from elmjax.lm.store import LanguageModel
from elmjax.mutators import Child
from elmjax.programs import SEEDS, same_but_for_numbers
from elmjax.stages.evolve import evolve, open_found
from elmjax.stages.operators import language_mutator
from elmjax.stages.run import Run

OPERATOR: Final = "tree"  # of the runs whose elites are edited
PARENTS_AT_A_TIME = 16


def sample(
    run: Run, model: LanguageModel, programs: Sequence[str], children: int, purpose: str
) -> list[Child]:
    """Edits that the model writes, `children` of each program, as the operator `diff` asks for."""
    mutate = language_mutator(run.config.evolve, "diff", model)
    sampled: list[Child] = []
    with run.progress(f"{purpose} edits", len(programs) * children) as progress:
        for start in range(0, len(programs), PARENTS_AT_A_TIME):
            parents = programs[start : start + PARENTS_AT_A_TIME]
            sampled += mutate(parents, children, run.seed(f"edits/{purpose}", start))
            progress.advance(len(parents) * children)
    return sampled


def rate(
    run: Run,
    model: LanguageModel,
    programs: Sequence[str],
    children: int,
    purpose: str,
) -> dict[str, dict[str, float]]:
    """What becomes of the edits that a model writes of some programs.

    Args:
        run: where the jail and the seeds come from.
        model: the diff model.
        programs: walker programs that run.
        children: edits of each program, all asked for by one message.
        purpose: names the seeds.

    Returns:
        For "all" and for each message, as shares of all edits: those that apply, run, and change
        the body (`change`), and the different programs they give (`unique`); of those that apply
        or leave the parent as it is, the share that does not (`differ`); of those that run, the
        share that changes nothing but numbers (`numbers`). NaN where there is none.
    """
    sampled = sample(run, model, programs, children, purpose)
    with run.pool() as pool:
        after = WALKERS.digests([child.program for child in sampled], pool)
        before = WALKERS.digests(programs, pool)
    before = [digest for digest in before for _ in range(children)]
    parents = [program for program in programs for _ in range(children)]
    edits = pd.DataFrame(
        {
            "message": [child.message for child in sampled],
            "parent": np.repeat(np.arange(len(programs)), children),
            "program": [child.program for child in sampled],
            "apply": [child.program is not None for child in sampled],
            "same": [child.verdict is DiffVerdict.NO_CHANGE for child in sampled],
            "run": [digest is not None for digest in after],
            "change": [now not in (None, was) for now, was in zip(after, before, strict=True)],
            "numbers": [
                now is not None and same_but_for_numbers(parent, str(child.program))
                for parent, child, now in zip(parents, sampled, after, strict=True)
            ],
        }
    )
    by_message = {message.text: edits[edits.message == message.text] for message in MESSAGES}
    return {name: _shares(some) for name, some in {"all": edits, **by_message}.items()}


def _shares(edits: pd.DataFrame) -> dict[str, float]:
    running = edits[edits.run]
    return {
        "apply": edits["apply"].mean(),
        "differ": edits["apply"].sum() / max(1, (edits["apply"] | edits["same"]).sum()),
        "run": edits["run"].mean(),
        "change": edits["change"].mean(),
        "unique": edits.groupby("parent").program.nunique().sum() / max(1, len(edits)),
        "numbers": running["numbers"].mean(),
    }


def elites(run: Run, purpose: str, iterations: int) -> list[str]:
    """The elites of one MAP-Elites run on each of the paper's seeds.

    Args:
        run: the folder in which the runs are kept, and their configuration.
        purpose: names the folder and the seeds: other purposes get other runs.
        iterations: of each run.
    """
    found: list[str] = []
    for seed in SEEDS:
        search = replace(
            run.config.evolve,
            seed_programs=(seed,),
            operators=(OPERATOR,),
            iterations=iterations,
        )
        config = replace(run.config, evolve=search, seed=run.seed(f"elites/{purpose}"))
        with Run.open(run.folder / purpose / seed, config) as of_seed:
            evolve(of_seed, OPERATOR)
            archive = open_found(of_seed, OPERATOR)
        ids = archive.archive.elite[archive.archive.elite >= 0]
        found += [archive.history.program(int(elite)) for elite in ids]
    return list(dict.fromkeys(found))
