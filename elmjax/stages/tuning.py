"""One fine-tuning of the diff model on accepted diffs, behind the guard (paper, section 5.1)."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from elmjax.config import Optimiser
from elmjax.corpus import EditedProgram
from elmjax.dist import hosts
from elmjax.lm import store
from elmjax.lm.packing import Document
from elmjax.lm.split import to_read
from elmjax.lm.store import LanguageModel
from elmjax.stages import collapse, models
from elmjax.stages.accepted import AcceptedDiff, by_parent, loss_weights
from elmjax.stages.documents import documents
from elmjax.stages.learn import Lesson, learn
from elmjax.stages.run import Run


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """What is learned, from where, and against which model the guard measures."""

    stage: str  # names the folder and the seeds
    base: LanguageModel
    start: LanguageModel  # where training starts; stays in use where the guard refuses
    accepted: Sequence[AcceptedDiff]
    replay: Sequence[EditedProgram]  # generated parents, of which some are read again
    optimiser: Optimiser
    quiet: bool = False  # shows no progress


def tune(run: Run, tuning: Tuning) -> tuple[LanguageModel, dict[str, Any]]:
    """Learns the accepted diffs, unless it has been done, and keeps what the guard lets pass.

    The weights go to `STAGE/model`, what was learned and measured to `STAGE/summary.json`, in this
    order: a tuning that has a summary is done.

    Returns:
        The model to use from now on, and the summary.
    """
    if (done := run.summary(tuning.stage)) is not None:
        return saved(run, tuning.stage, tuning.start) or tuning.start, done
    if not tuning.accepted:
        print(f"{tuning.stage}: no diff was accepted yet; nothing to learn")
        (run.folder / tuning.stage).mkdir(parents=True, exist_ok=True)
        return tuning.start, run.finish(tuning.stage, {"accepted": 0, "share": 0.0, "drift": []})
    trained, losses = learn(run, _lesson(run, tuning))
    if trained.config.lora is not None:  # the guard weighs and compares whole weights
        trained = models.on_host(trained).merged()
        read = to_read(run.placement, trained.config, trained.params)
        trained = replace(trained, params=read)
    kept, drifts = collapse.guarded(
        run,
        base=tuning.base,
        start=tuning.start,
        tuned=trained,
        parents=[diff.parent for diff in tuning.accepted],
        purpose=tuning.stage,
    )
    passed = drifts[-1].is_within(run.config.operator.guard)
    _say_drift(tuning, drifts, passed)
    if passed:
        models.save(run.folder / tuning.stage / "model", kept)
    summary = {
        "accepted": len(tuning.accepted),
        **losses,
        "share": drifts[-1].share if passed else 0.0,
        "drift": [asdict(drift) for drift in drifts],
    }
    summary = run.finish(tuning.stage, summary)
    # The state of the optimiser has served, and is three times as large as the weights.
    served = run.folder / tuning.stage / "checkpoints"
    hosts.once(lambda: shutil.rmtree(served, ignore_errors=True))
    return saved(run, tuning.stage, tuning.start) or tuning.start, summary


def saved(run: Run, stage: str, like: LanguageModel) -> LanguageModel | None:
    """The model that a finished tuning made; None where the one before it stayed in use.

    Raises:
        FileNotFoundError: where the tuning has not finished.
    """
    summary = run.summary(stage)
    if summary is None:
        raise FileNotFoundError(f"{run.folder / stage}: holds no finished tuning")
    if summary["share"] == 0.0:
        return None
    params = store.load(run.folder / stage / "model", placement=run.placement).params
    return replace(like, params=params)


def _lesson(run: Run, tuning: Tuning) -> Lesson:
    return Lesson(
        stage=tuning.stage,
        model=tuning.start,
        train=_documents(run, tuning),
        test=(),
        optimiser=tuning.optimiser,
        checkpoint_every=run.config.operator.checkpoint_every,
        lora=run.config.operator.lora,
        quiet=tuning.quiet,
    )


def _documents(run: Run, tuning: Tuning) -> list[Document]:
    """Accepted diffs by parent, and generated parents, as many as make their share of all."""
    config = run.config.operator
    weights = loss_weights(tuning.accepted, config.weighting)
    own, own_weights = by_parent(tuning.accepted, weights)
    count = round(len(own) * config.replay / (1.0 - config.replay)) if tuning.replay else 0
    rng = np.random.default_rng(run.seed(f"{tuning.stage}/replay"))
    # Each once before any comes twice.
    order = np.resize(rng.permutation(len(tuning.replay)), count)
    replayed = [tuning.replay[i] for i in order.tolist()]
    return documents(
        [*own, *replayed],
        tuning.start.own_tokenizer,
        program_weight=config.program_weight,
        row_length=tuning.optimiser.row_length,
        line_positions=tuning.start.line_positions,
        seed=run.seed(f"{tuning.stage}/whole"),
        weights=[*own_weights, *([1.0] * len(parent.edits) for parent in replayed)],
    )


def _say_drift(tuning: Tuning, drifts: Sequence[collapse.Drift], passed: bool) -> None:
    """Says what the guard measured; a quiet tuning only where it stepped in."""
    if tuning.quiet and passed and len(drifts) == 1:
        return
    for i, drift in enumerate(drifts):
        used = passed and i + 1 == len(drifts)
        print(
            f"{tuning.stage}: {drift.share:g} of the update: {100 * drift.unique:.1f} % different "
            f"programs, the base {100 * drift.base_unique:.1f} %, {drift.divergence:.3f} nats a "
            f"token from the base; {'used' if used else 'refused'}"
        )
    if not passed:
        print(f"{tuning.stage}: the guard refused the update; the weights before it stay in use")
