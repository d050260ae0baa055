"""The guard of a fine-tuned diff model against collapse: does it still write many programs?

A model that learns what it wrote itself can end up writing the same few edits. Two things tell, on
edits that base and tuned model write of the same parents: the share of different programs among
them, and how far the tuned model's distribution of the next token has moved from the base model's,
exact over the vocabulary, in the places of the tuned model's own edits, as they are written in
canonical form; at temperature 1 and without the grammar mask. Nothing is run: it costs no
evaluation.

An update that goes too far is halved, which for weights so near each other is a smaller update of
the same kind (Wortsman et al. 2021, https://arxiv.org/abs/2109.01903), and in the end given up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import jax
import numpy as np

from elmjax import diffs
from elmjax.config import Guard
from elmjax.corpus import EditedProgram
from elmjax.diffs import DiffVerdict, numbered
from elmjax.lm.divergence import weighted_divergence
from elmjax.lm.packing import Batch, pack
from elmjax.lm.store import LanguageModel
from elmjax.mutators import Child
from elmjax.stages.documents import documents
from elmjax.stages.learn import weighted_mean
from elmjax.stages.operators import language_mutator
from elmjax.stages.run import Run

summed_divergence = jax.jit(weighted_divergence, static_argnums=2)


@dataclass(frozen=True, kw_only=True)
class Drift:
    """How far a tuned model is from its base."""

    share: float  # of the update that was taken
    unique: float  # different programs of a parent, of all edits of it
    base_unique: float
    divergence: float  # nats a token

    def is_within(self, guard: Guard) -> bool:
        """Whether neither limit is passed."""
        varied = self.unique >= guard.unique * self.base_unique
        return varied and self.divergence <= guard.divergence


def guarded(
    run: Run,
    *,
    base: LanguageModel,
    start: LanguageModel,
    tuned: LanguageModel,
    parents: Sequence[str],
    purpose: str,
) -> tuple[LanguageModel, list[Drift]]:
    """The tuned model, or as much of the update as the guard lets pass.

    Args:
        run: its configuration's `operator.guard` sets the limits.
        base: what drift is measured from.
        start: the model that was tuned.
        tuned: what became of it.
        parents: programs, of which some are edited.
        purpose: names the seeds.

    Returns:
        The model to use, which is `start` itself where nothing of the update passes, and what was
        measured of each share of the update, in order.
    """
    guard, probes = run.config.operator.guard, _probes(run, parents, purpose)
    base_unique = unique_share(_edits(run, base, probes, purpose), len(probes))
    drifts = []
    for retreat in range(guard.retreats + 1):
        share = 0.5**retreat
        model = tuned if retreat == 0 else between(start, tuned, share)
        children = _edits(run, model, probes, purpose)
        drift = Drift(
            share=share,
            unique=unique_share(children, len(probes)),
            base_unique=base_unique,
            divergence=_divergence(run, model, base, written(probes, children)),
        )
        drifts.append(drift)
        if drift.is_within(guard):
            return model, drifts
    return start, drifts


def between(start: LanguageModel, end: LanguageModel, share: float) -> LanguageModel:
    """The model a share of the way from one to another, weight by weight."""
    params = jax.tree.map(lambda a, b: a + share * (b - a), start.params, end.params)
    return replace(start, params=params)


def unique_share(children: Sequence[Child], parents: int) -> float:
    """Different programs of a parent, of all edits of it; edits that do not apply are none."""
    of_parents = np.array_split(np.array([child.program for child in children], object), parents)
    different = sum(len(set(programs) - {None}) for programs in of_parents)
    return different / len(children)


def written(parents: Sequence[str], children: Sequence[Child]) -> list[EditedProgram]:
    """What a model wrote of each parent: applied edits in canonical form, others as they came."""
    count = len(children) // len(parents)
    edited = []
    for i, parent in enumerate(parents):
        pairs = tuple(
            (child.message, text)
            for child in children[i * count : (i + 1) * count]
            if (text := _text(parent, child))
        )
        if pairs:
            edited.append(EditedProgram(program=parent, edits=pairs))
    return edited


def _text(parent: str, child: Child) -> str:
    if child.program is None:
        return child.diff
    text = numbered.render(diffs.between(parent, child.program))
    return "" if isinstance(text, DiffVerdict) else text


def _probes(run: Run, parents: Sequence[str], purpose: str) -> list[str]:
    distinct = list(dict.fromkeys(parents))
    rng = np.random.default_rng(run.seed(f"{purpose}/probes"))
    count = min(len(distinct), run.config.operator.guard.parents)
    return [distinct[i] for i in rng.choice(len(distinct), count, replace=False)]


def _edits(run: Run, model: LanguageModel, parents: Sequence[str], purpose: str) -> list[Child]:
    """Edits of every parent; the same seeds for every model."""
    mutate = language_mutator(run.config.evolve, "diff", model)
    children, at_a_time = run.config.operator.guard.children, run.config.evolve.parents
    sampled: list[Child] = []
    for first in range(0, len(parents), at_a_time):
        some = parents[first : first + at_a_time]
        sampled += mutate(some, children, run.seed(f"{purpose}/edits", first))
    return sampled


def _divergence(
    run: Run, model: LanguageModel, base: LanguageModel, parents: Sequence[EditedProgram]
) -> float:
    """Of a model from its base on edits of some programs, nats a token; 0 where there is none."""
    if not parents:
        return 0.0
    rows = _rows(run, base, parents)
    return weighted_mean(
        rows, lambda part: summed_divergence(model.params, base.params, base.config, part)
    )


def _rows(run: Run, model: LanguageModel, parents: Sequence[EditedProgram]) -> Batch:
    """Edits of some programs as rows in which only the edits weigh, none of them left out."""
    row_length = run.config.operator.optimiser.row_length
    packable = documents(
        parents,
        model.own_tokenizer,
        program_weight=0.0,
        row_length=row_length,
        line_positions=model.line_positions,
        seed=0,
    )
    return pack(packable, max(row_length, *(document.slots for document in packable))).batch
