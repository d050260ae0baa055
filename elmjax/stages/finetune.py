"""Stage 2: a language model learns the programs that stage 1 admitted (paper, section 6)."""

from dataclasses import asdict
from typing import Any

import jax
import numpy as np
import pandas as pd

from elmjax.config import ConfigError
from elmjax.dataset import Dataset, above_threshold, admitted_programs, split
from elmjax.diffs import numbered
from elmjax.evaluate import Evaluator
from elmjax.lm import decoder, store
from elmjax.lm.packing import Document
from elmjax.lm.store import LanguageModel
from elmjax.lm.tokenizer import Tokenizer
from elmjax.programs import canonical
from elmjax.qd import Archive, History, archive_metrics
from elmjax.stages.evolve import stage_name
from elmjax.stages.learn import Lesson, learn
from elmjax.stages.niches import make_grid
from elmjax.stages.run import Run, language_model
from elmjax.stages.samples import Sample, evaluate_texts, sample_programs, whole_program_prompt

STAGE = "finetune"


def finetune(run: Run) -> dict[str, Any]:
    """Runs or resumes stage 2 on the histories of this run's stage 1.

    Returns:
        The summary that is also written to the stage's folder.
    """
    if (done := run.summary(STAGE)) is not None:
        return done
    config, folder = run.config.finetune, run.folder / STAGE
    folder.mkdir(exist_ok=True)
    dataset = _make_dataset(run)
    base = _base_model(run)
    lesson = Lesson(
        stage=STAGE,
        model=base,
        train=_documents(dataset.train, base.tokenizer, run.config.conditional.slots),
        test=_documents(dataset.test, base.tokenizer, run.config.conditional.slots),
        optimiser=config.optimiser,
        checkpoint_every=config.checkpoint_every,
    )
    trained, losses = learn(run, lesson)
    store.save(folder / "model", trained)
    with run.pool() as pool:
        evaluator = run.evaluator(pool, [run.config.evolve.terrain])
        before = _score(run, _sample(run, base, evaluator), dataset)
        after_samples = _sample(run, trained, evaluator)
        hit_rates = evaluator.hit_rates()
    _write_samples(run, after_samples)
    after = _score(run, after_samples, dataset)
    summary = {
        "programs": len(dataset.train),
        "test_programs": len(dataset.test),
        **losses,
        "samples": config.samples,
        **hit_rates,
        **{name: {"before": before[name], "after": after[name]} for name in after},
    }
    return run.finish(STAGE, summary)


def load_model(run: Run) -> LanguageModel:
    """The model that stage 2 trained in this run.

    Raises:
        ConfigError: where stage 2 has not finished.
    """
    if run.summary(STAGE) is None:
        raise ConfigError(
            f"--run: {run.folder} has no finished stage 2, wanted one; run elmjax finetune first"
        )
    return store.load(run.folder / STAGE / "model")


def _make_dataset(run: Run) -> Dataset:
    """This run's admitted programs above the threshold, split; kept as Parquet."""
    config = run.config.finetune
    stages = [stage_name(operator) for operator in run.config.evolve.operators]
    unfinished = [stage for stage in stages if run.summary(stage) is None]
    if unfinished:
        raise ConfigError(
            f"--run: {run.folder} has no finished {', '.join(unfinished)}, wanted stage 1 of all "
            "of evolve.operators; run elmjax evolve first"
        )
    histories = [History.open(run.folder / stage / "history").frame() for stage in stages]
    kept = above_threshold(admitted_programs(histories), config.threshold)
    try:
        dataset = split(kept, config.test_share, np.random.default_rng(run.seed(f"{STAGE}/split")))
    except ValueError as error:
        raise ConfigError(str(error)) from None
    dataset.train.to_parquet(run.folder / STAGE / "train.parquet")
    dataset.test.to_parquet(run.folder / STAGE / "test.parquet")
    return dataset


def _base_model(run: Run) -> LanguageModel:
    config = run.config.finetune
    if config.init != "random":
        return language_model(config.init)
    # A model from scratch still needs a tokenizer: that of the model that mutated the programs.
    tokenizer = language_model(run.config.evolve.model).tokenizer
    shape = decoder.DecoderConfig(vocab_size=tokenizer.vocab_size, **asdict(config.model))
    params = decoder.init(shape, jax.random.key(run.seed(f"{STAGE}/init")))
    return LanguageModel(params=params, config=shape, tokenizer=tokenizer)


def _documents(programs: pd.DataFrame, tokenizer: Tokenizer, blanks: int) -> list[Document]:
    prompt = whole_program_prompt(tokenizer, blanks)
    return [
        Document(prompt=prompt, continuations=[ids], prompt_weight=0.0)
        for ids in tokenizer.encode_batch([f"{text}{numbered.END}" for text in programs["program"]])
    ]


def _sample(run: Run, model: LanguageModel, evaluator: Evaluator) -> list[Sample]:
    config = run.config.finetune
    written = sample_programs(
        model,
        config.samples,
        max_new_tokens=config.max_new_tokens,
        temperature=config.temperature,
        blanks=run.config.conditional.slots,
        seed=run.seed(f"{STAGE}/samples"),
    )
    terrains = [run.config.evolve.terrain] * len(written)
    return evaluate_texts(run.config, evaluator, written, terrains)


def _score(run: Run, samples: list[Sample], dataset: Dataset) -> dict[str, float]:
    """What the samples are worth: how many walk, are novel, and the archive they fill."""
    archive = Archive(make_grid(run.config))
    valid = [sample for sample in samples if sample.is_valid]
    walked = [sample.evaluation for sample in valid]
    archive.add(
        range(len(walked)),
        [walker.fitness for walker in walked],
        [walker.measures for walker in walked],
    )
    metrics = archive_metrics(archive)
    known = {*dataset.train["program"], *dataset.test["program"]}
    novel = {canonical(sample.program) for sample in valid} - known
    return {
        "valid_samples": len(valid) / len(samples),
        "novel_samples": len(novel) / len(samples),
        "niches": metrics.niches,
        "qd_score": metrics.qd_score,
        "best": metrics.best,
    }


def _write_samples(run: Run, samples: list[Sample]) -> None:
    rows = [
        {
            "program": sample.program,
            "outcome": str(sample.evaluation.verdict),
            "fitness": sample.evaluation.fitness,
        }
        for sample in samples
    ]
    pd.DataFrame(rows).to_parquet(run.folder / STAGE / "samples.parquet")
