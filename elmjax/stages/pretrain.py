"""Trains the diff model from scratch on generated programs and truthful edits of them.

The recipe of the model that ships: `elmjax pretrain --config walker`.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import jax
import pandas as pd

from elmjax.corpus import EditedProgram, edited_programs
from elmjax.diffs import MESSAGES, numbered, prompts
from elmjax.lm import decoder, store
from elmjax.lm.packing import Document
from elmjax.lm.store import LanguageModel
from elmjax.lm.tokenizer import Tokenizer
from elmjax.report.progress import stage_progress
from elmjax.stages import pictures
from elmjax.stages.learn import Lesson, learn
from elmjax.stages.run import Run

STAGE = "pretrain"
TOKENIZER_PROGRAMS = 2000  # more add nothing to 1,024 entries
WHOLE_PROGRAM_SHARE = 0.15  # of the parents, read once more as a whole program without numbers


def pretrain(run: Run) -> dict[str, Any]:
    """Makes the corpus, trains the tokenizer and the model; the model goes to `pretrain/model`.

    Returns:
        The summary that is also written to the stage's folder.
    """
    if (done := run.summary(STAGE)) is not None:
        return done
    config, folder = run.config.pretrain, run.folder / STAGE
    folder.mkdir(exist_ok=True)
    train = _corpus(run, "train", config.parents, run.seed(STAGE, 1))
    seen = {parent.program for parent in train}
    test = [
        parent
        for parent in _corpus(run, "test", config.held_out, run.seed(STAGE, 2))
        if parent.program not in seen
    ]
    tokenizer = _train_tokenizer(train[:TOKENIZER_PROGRAMS])
    shape = decoder.DecoderConfig(vocab_size=tokenizer.vocab_size, **asdict(config.model))
    model = LanguageModel(
        params=decoder.init(shape, jax.random.key(run.seed(f"{STAGE}/init"))),
        config=shape,
        tokenizer=tokenizer,
    )
    make = partial(
        documents,
        tokenizer=tokenizer,
        row_length=config.optimiser.row_length,
        seed=run.seed(f"{STAGE}/whole"),
    )
    lesson = Lesson(
        stage=STAGE,
        model=model,
        train=make(train, program_weight=config.program_weight),
        test=make(test, program_weight=0.0),
        optimiser=config.optimiser,
        checkpoint_every=config.checkpoint_every,
    )
    trained, losses = learn(run, lesson)
    store.save(folder / "model", trained)
    pictures.of_training(run, STAGE, "Diff model")
    edits = sum(len(parent.edits) for parent in train)
    return run.finish(STAGE, {"programs": len(train), "edits": edits, **losses})


def documents(
    corpus: Sequence[EditedProgram],
    tokenizer: Tokenizer,
    *,
    program_weight: float,
    row_length: int,
    seed: int,
) -> list[Document]:
    """Parents with their edits, and a share of the parents once more as whole programs.

    Args:
        corpus: parents and edits.
        tokenizer: of the model to be trained.
        program_weight: weight of the loss on the parent itself; 0 gives edits only.
        row_length: tokens that a document may take; a parent that has more edits comes again.
        seed: chooses the parents that are read as whole programs.
    """
    rng = random.Random(seed)
    made = []
    for parent in corpus:
        made += _edits(parent, tokenizer, program_weight, row_length)
        if program_weight > 0 and rng.random() < WHOLE_PROGRAM_SHARE:
            made.append(_whole(parent.program, tokenizer))
    return made


def _edits(
    parent: EditedProgram, tokenizer: Tokenizer, program_weight: float, row_length: int
) -> list[Document]:
    prompt = tokenizer.encode(str(prompts.numbered_program(parent.program)))
    asked = [tokenizer.encode(prompts.request(message)) for message, _ in parent.edits]
    written = tokenizer.encode_batch([edit for _, edit in parent.edits])
    continuations = [request + edit for request, edit in zip(asked, written, strict=True)]
    return [
        Document(
            prompt=prompt,
            continuations=continuations[some],
            given=[len(request) for request in asked[some]],
            # The program is learned once, however often it is read.
            prompt_weight=program_weight if some.start == 0 else 0.0,
        )
        for some in _shares([len(c) for c in continuations], row_length - len(prompt) + 1)
    ]


def _shares(lengths: Sequence[int], room: int) -> list[slice]:
    """Cuts a sequence into runs whose lengths sum to at most `room`; a longer one stands alone."""
    starts, used = [0], 0
    for i, length in enumerate(lengths):
        if used + length > room and i > starts[-1]:
            starts.append(i)
            used = 0
        used += length
    return [
        slice(start, end) for start, end in zip(starts, [*starts[1:], len(lengths)], strict=True)
    ]


def _whole(program: str, tokenizer: Tokenizer) -> Document:
    return Document(
        prompt=tokenizer.encode(prompts.WHOLE_PROGRAM),
        continuations=[tokenizer.encode(f"{program}{numbered.END}")],
        prompt_weight=0.0,
    )


def _corpus(run: Run, name: str, parents: int, seed: int) -> list[EditedProgram]:
    """Generates programs and edits once; later starts of the run read them back."""
    path = run.folder / STAGE / f"{name}.parquet"
    if not path.exists():
        rows = []
        with stage_progress(f"{name} programs", parents) as progress:
            for parent in edited_programs(parents, run.config.pretrain.edits, seed):
                rows.append(asdict(parent))
                progress.advance(1)
        unfinished = path.with_suffix(".tmp")
        pd.DataFrame(rows).to_parquet(unfinished)
        unfinished.rename(path)
    return [
        EditedProgram(program=program, edits=tuple(map(tuple, edits)))
        for program, edits in pd.read_parquet(path).itertuples(index=False)
    ]


def _train_tokenizer(corpus: Sequence[EditedProgram]) -> Tokenizer:
    texts = [parent.program for parent in corpus]
    return Tokenizer.train([*texts, *(message.text for message in MESSAGES)])
