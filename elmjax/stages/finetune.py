"""Stage 2: a language model learns the programs that stage 1 admitted (paper, section 6).

RUN/finetune/dataset/        what is learned and held out, with a card (`stages.programs`)
RUN/finetune/best/           the models of the lowest train and test loss (`stages.best`)
RUN/finetune/model/          the model that stage 3 begins with: one of these, or the last
RUN/finetune/adapter/        with `finetune.lora`: what was added to `init`, as PEFT reads it
RUN/finetune/samples.parquet what it writes
"""

import math
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jax
import pandas as pd

from elmjax.config import Config, ConfigError, shape_of
from elmjax.dataset import Dataset
from elmjax.dist import hosts
from elmjax.dist.placement import Placement
from elmjax.lm import decoder, store
from elmjax.lm.lora.peft import save_adapters
from elmjax.lm.packing import Document
from elmjax.lm.store import LanguageModel
from elmjax.lm.vocabulary import Vocabulary
from elmjax.stages import best, models, programs
from elmjax.stages.adapted import base_name
from elmjax.stages.histories import check_alike, has_stage_1
from elmjax.stages.learn import Lesson, learn
from elmjax.stages.niches import measure_names
from elmjax.stages.properties import annotated, in_band
from elmjax.stages.run import Run, language_model
from elmjax.stages.samples import (
    Sample,
    encode_whole,
    sample_and_evaluate,
    whole_program_prompt,
)
from elmjax.stages.worth import worth_of_programs, worth_of_samples

STAGE = "finetune"
LOSSES = ("train_loss", "test_loss")


def finetune(run: Run) -> dict[str, Any]:
    """Runs or resumes stage 2 on the histories of this run's stage 1, and of others if told to.

    Returns:
        The summary that is also written to the stage's folder: of what the base model, the trained
        model and the dataset itself give in as many samples, among others.
    """
    if (done := run.summary(STAGE)) is not None:
        return done
    config, folder = run.config.finetune, run.folder / STAGE
    dataset = make_dataset(run)
    base = base_model(run.config, run.seed(f"{STAGE}/init"), run.placement)
    learned, held_out = (_learned(run, part) for part in (dataset.train, dataset.test))
    last, losses = learn(
        run,
        Lesson(
            stage=STAGE,
            model=base,
            train=_documents(run, learned, base.tokenizer),
            test=_documents(run, held_out, base.tokenizer),
            optimiser=config.optimiser,
            checkpoint_every=config.checkpoint_every,
            lora=config.lora,
            base=base_name(config.init),
            keep_best=True,
        ),
    )
    trained = _chosen(run, last)
    models.save(folder / "model", trained)
    _save_adapters(run, last)
    summary = {
        "programs": len(learned),
        "test_programs": len(held_out),
        **losses,
        **{f"best_{name}": kept for name in LOSSES if (kept := best.told(folder, name))},
        "samples": config.samples,
        **_compare(run, base, trained, dataset),
    }
    return run.finish(STAGE, summary)


def load_model(run: Run) -> LanguageModel:
    """The model that stage 3 of this run starts from: its own of stage 2, or another run's.

    Raises:
        ConfigError: where stage 2 has not finished.
    """
    folder = _finished_in(run)
    if not (folder / STAGE / "summary.json").is_file():
        told = "conditional.base" if run.config.conditional.base else "--run"
        raise ConfigError(
            f"{told}: {folder} has no finished stage 2, wanted one; run elmjax finetune first"
        )
    return store.load(model_of(run), placement=run.placement)


def model_of(run: Run) -> Path:
    """Where the model stands that stage 3 of this run starts from."""
    return _finished_in(run) / STAGE / "model"


def load_dataset(run: Run) -> Dataset:
    """The programs that the stage 2 which stage 3 starts from learned and held out.

    Raises:
        FileNotFoundError: where there are none yet.
    """
    return programs.read(_finished_in(run) / STAGE / "dataset")


def _finished_in(run: Run) -> Path:
    return Path(run.config.conditional.base) if run.config.conditional.base else run.folder


def make_dataset(run: Run) -> Dataset:
    """The dataset of this run, made where it is not there yet.

    Raises:
        ConfigError: where stage 1 has not finished, or gave too few programs.
    """
    folder = run.folder / STAGE / "dataset"
    hosts.once(lambda: None if folder.is_dir() else _write_dataset(run, folder))
    return programs.read(folder)


def _write_dataset(run: Run, folder: Path) -> None:
    others = [Path(name) for name in run.config.finetune.runs]
    own = [run.folder] if has_stage_1(run.folder) or not others else []
    collection = programs.collect(run.config, [*own, *others])
    check_alike(collection.sources, run.config, run.folder.name)
    programs.write(collection, folder)


def base_model(config: Config, seed: int, placement: Placement | None = None) -> LanguageModel:
    """The model that stage 2 trains.

    Args:
        config: Of the run.
        seed: Of random weights.
        placement: Whose devices sample from a model that is read; None: the default device.
    """
    if config.finetune.init != "random":
        return language_model(config.finetune.init, placement)
    # A model from scratch still needs a tokenizer: that of the model that mutated the programs.
    tokenizer = language_model(config.evolve.model).tokenizer
    size = asdict(shape_of(config.finetune))
    shape = decoder.DecoderConfig(vocab_size=tokenizer.vocab_size, **size)
    params = decoder.init(shape, jax.random.key(seed))
    return LanguageModel(params=params, config=shape, tokenizer=tokenizer)


def _learned(run: Run, part: pd.DataFrame) -> pd.DataFrame:
    """Without the bodies of the band that is kept from the model."""
    return part[~in_band(part, run.config.finetune.band)].reset_index(drop=True)


def _documents(run: Run, part: pd.DataFrame, tokenizer: Vocabulary) -> list[Document]:
    prompt = whole_program_prompt(tokenizer, run.config.conditional.slots)
    texts = annotated(part, run.config.finetune.properties)
    return [
        Document(prompt=prompt, continuations=[ids], prompt_weight=0.0)
        for ids in encode_whole(texts, tokenizer)
    ]


def _chosen(run: Run, last: LanguageModel) -> LanguageModel:
    """The model that goes on; the last where nothing was held out to choose by."""
    by = run.config.finetune.checkpoint
    if by == "last" or best.told(run.folder / STAGE, by) is None:
        return last
    return best.load(run.folder / STAGE, by, run.placement)


def _save_adapters(run: Run, last: LanguageModel) -> None:
    """Writes the adapters of the model that goes on, where adapters were trained."""
    config, folder = run.config.finetune, run.folder / STAGE
    if last.config.lora is None:
        return
    model, kept = models.on_host(last), best.adapter_folder(folder, config.checkpoint)

    def write() -> None:
        if config.checkpoint != "last" and kept.is_dir():
            shutil.copytree(kept, folder / "adapter", dirs_exist_ok=True)
        else:
            save_adapters(folder / "adapter", model, base_name(config.init))

    hosts.once(write)


def _compare(
    run: Run, base: LanguageModel, trained: LanguageModel, dataset: Dataset
) -> dict[str, Any]:
    """What as many samples of the base model, the trained model and the dataset are worth."""
    config = run.config
    known = {*dataset.train["program"], *dataset.test["program"]}
    with run.pool() as pool:
        evaluator = run.evaluator(pool, [config.evolve.terrain])
        models = {"before": base, "after": trained}
        # Random weights write nothing that ends.
        if config.finetune.init == "random" or not config.finetune.compare_base:
            del models["before"]
        samples = {
            time: sample_and_evaluate(
                config,
                model,
                evaluator,
                config.finetune.samples,
                seed=run.seed(f"{STAGE}/samples"),
            )
            for time, model in models.items()
        }
        hit_rates = evaluator.hit_rates()
    _write_samples(run, samples["after"])
    worth = {
        **{time: worth_of_samples(config, some, known) for time, some in samples.items()},
        "dataset": worth_of_programs(
            config, dataset.train, config.finetune.samples, run.seed(f"{STAGE}/dataset")
        ),
    }
    return {
        **hit_rates,
        **{
            name: {column: values[name] for column, values in worth.items() if name in values}
            for name in worth["after"]
        },
    }


def _write_samples(run: Run, samples: list[Sample]) -> None:
    rows = [
        {
            "program": sample.program,
            "outcome": str(sample.evaluation.verdict),
            "fitness": sample.evaluation.fitness,
            # What was never run knows no measures, of whatever space.
            **dict.fromkeys(measure_names(run.config), math.nan),
            **dict(zip(sample.evaluation.names, sample.evaluation.measures, strict=True)),
        }
        for sample in samples
    ]
    written = run.folder / STAGE / "samples.parquet"
    hosts.once(lambda: pd.DataFrame(rows).to_parquet(written))
