"""Trains the diff model from scratch on generated programs and truthful edits of them.

Then, in rounds, on edits of its own that run and change the body: `rejection`. The recipe of the
model that ships: `elmjax pretrain --config walker`.
"""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import jax

from elmjax.corpus import EditedProgram, Order
from elmjax.diffs import FIX_BUGS, MESSAGES
from elmjax.dist import hosts
from elmjax.files import write_whole
from elmjax.lm import decoder, store
from elmjax.lm.packing import Document
from elmjax.lm.store import LanguageModel
from elmjax.lm.tokenizer import Tokenizer
from elmjax.stages import card, models, pictures, rates, rejection
from elmjax.stages.documents import documents
from elmjax.stages.generated import generated
from elmjax.stages.learn import Lesson, learn
from elmjax.stages.run import Run, without_nan

STAGE = "pretrain"
TOKENIZER_PROGRAMS = 2000  # more add nothing to 1,024 entries


def pretrain(run: Run) -> dict[str, Any]:
    """Makes the corpus, trains the tokenizer and the model, and rates what the model writes.

    The model goes to `pretrain/model`, with its card.

    Returns:
        The summary that is also written to the stage's folder.
    """
    if (done := run.summary(STAGE)) is not None:
        return done
    config, folder = run.config.pretrain, run.folder / STAGE
    folder.mkdir(exist_ok=True)
    train, test = _corpora(run)
    lesson = _lesson(run, train, test)
    trained, losses = learn(run, lesson)
    hosts.once(lambda: pictures.of_training(run, STAGE, "Diff model"))
    for number in range(1, config.rejection.rounds + 1):
        trained = rejection.refine(run, trained, train, number)
    models.save(folder / "model", trained, dtype=config.dtype)
    model = store.load(folder / "model")  # rated as it is stored
    summary = without_nan(
        {**_count(train, lesson.train), **losses, "rates": rates.measure(run, model)}
    )
    told = card.write(run.config, model, summary)
    hosts.once(lambda: write_whole(folder / "model" / "README.md", told))
    return run.finish(STAGE, summary)


def _corpora(run: Run) -> tuple[list[EditedProgram], list[EditedProgram]]:
    """What is learned, and programs that are not among that, to test on."""
    config = run.config.pretrain
    order = partial(Order, edits=config.edits, functions=config.functions, bugs=config.bugs)
    train = generated(run, f"{STAGE}/train", order(parents=config.parents, seed=run.seed(STAGE, 1)))
    test = generated(run, f"{STAGE}/test", order(parents=config.held_out, seed=run.seed(STAGE, 2)))
    seen = {parent.program for parent in train}
    return train, [parent for parent in test if parent.program not in seen]


def _lesson(run: Run, train: Sequence[EditedProgram], test: Sequence[EditedProgram]) -> Lesson:
    config = run.config.pretrain
    tokenizer = _train_tokenizer(train)
    shape = decoder.DecoderConfig(vocab_size=tokenizer.vocab_size, **asdict(config.model))
    make = partial(
        documents,
        tokenizer=tokenizer,
        row_length=config.optimiser.row_length,
        line_positions=config.line_positions,
        seed=run.seed(f"{STAGE}/whole"),
    )
    return Lesson(
        stage=STAGE,
        model=LanguageModel(
            params=decoder.init(shape, jax.random.key(run.seed(f"{STAGE}/init"))),
            config=shape,
            tokenizer=tokenizer,
            line_positions=config.line_positions,
        ),
        train=make(train, program_weight=config.program_weight),
        test=make(test, program_weight=0.0),
        optimiser=config.optimiser,
        checkpoint_every=config.checkpoint_every,
    )


def _count(train: Sequence[EditedProgram], lesson: Sequence[Document]) -> dict[str, int]:
    messages = [message for parent in train for message, _ in parent.edits]
    edit_tokens = sum(len(text) for document in lesson for text in document.continuations)
    return {
        "programs": len(train),
        "edits": len(messages),
        "repairs": messages.count(FIX_BUGS),
        "tokens": edit_tokens + sum(len(document.prompt) for document in lesson),
        "edit_tokens": edit_tokens,
    }


def _train_tokenizer(parents: Sequence[EditedProgram]) -> Tokenizer:
    some = parents[:: max(1, len(parents) // TOKENIZER_PROGRAMS)]
    messages = [*(message.text for message in MESSAGES), FIX_BUGS]
    return Tokenizer.train([*(parent.program for parent in some), *messages])
