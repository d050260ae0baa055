"""What one model reaches: trained in RUN/runs/NAME, as `elmjax finetune` does it, and asked."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from elmjax.evaluate import Evaluator
from elmjax.experiments.results import Results, circumstances
from elmjax.experiments.stage2 import probes
from elmjax.experiments.stage2.completion import complete
from elmjax.experiments.stage2.plan import Condition
from elmjax.stages import best, finetune, programs
from elmjax.stages.run import Run

WORTH = (
    "valid_samples",
    "novel_samples",
    "novel_families",
    "niches",
    "coverage",
    "qd_score",
    "best",
)


def measure(results: Results, condition: Condition) -> dict[str, Any]:
    """What a condition reaches; trained where it is not known."""
    described = condition.describe()
    values = results.recall(described)
    if values is not None:
        return values
    kind = "" if condition.properties == "none" else f", comments as {condition.properties}"
    print(f"{condition.line}, {condition.column}{kind}, repeat {condition.repeat + 1}")
    with (
        Run.open(folder_of(results, condition), condition.resolved) as run,
        circumstances() as spent,
    ):
        summary = finetune.finetune(run)
        with run.pool() as pool:
            evaluator = run.evaluator(pool, [run.config.evolve.terrain])
            asked = _ask(run, condition, evaluator)
    return results.keep(described, {**_learned(summary), **asked, **spent})


def folder_of(results: Results, condition: Condition) -> Path:
    """Where a condition is run: a name that people can read and that no other condition has."""
    text = json.dumps(condition.describe(), sort_keys=True)
    digest = hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    words = (
        Path(condition.model).name,
        f"{100 * condition.threshold:g}",
        condition.properties,
        str(condition.repeat),
        digest,
    )
    name = "-".join(re.sub(r"[^a-z0-9_.]+", "_", word.lower()) for word in words)
    return results.folder / "runs" / name


def _learned(summary: dict[str, Any]) -> dict[str, Any]:
    """Of the summary of stage 2: the data, the losses, and what samples are worth."""
    after = {name: summary[name]["after"] for name in WORTH}
    of_dataset = {
        f"dataset_{name}": summary[name]["dataset"]
        for name in ("niches", "coverage", "qd_score", "best")
    }
    return {
        "programs": summary["programs"],
        "test_programs": summary["test_programs"],
        "train_loss": summary["best_train_loss"]["loss"],
        "test_loss": summary["best_test_loss"]["loss"],
        "test_loss_step": summary["best_test_loss"]["step"],
        **after,
        **of_dataset,
    }


def _ask(run: Run, condition: Condition, evaluator: Evaluator) -> dict[str, Any]:
    counts = condition.counts
    if condition.properties == "none":
        # As the paper chooses: what generalises completes, what fits samples.
        model = best.load(run.folder / finetune.STAGE, "test_loss")
        return complete(run, model, evaluator, counts.completions)
    model = finetune.load_model(run)
    if condition.properties == "prefix":
        return probes.order(run, model, evaluator, orders=counts.orders)
    return probes.predict(run, model, _unseen(condition), predictions=counts.predictions)


def _unseen(condition: Condition) -> pd.DataFrame:
    """Good programs of the runs that no model learns; none where there are no such runs."""
    if not condition.programs.unseen:
        return pd.DataFrame()
    rules = replace(condition.resolved.finetune, runs=(), test_share=0.0)
    config = replace(condition.resolved, finetune=rules)
    return programs.collect(config, condition.programs.unseen).dataset.train
