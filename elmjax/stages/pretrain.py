"""Trains the diff model on generated programs and truthful edits of them, or on mined commits.

Then, in rounds, on edits of its own that run and change the body: `rejection`. The recipe of the
model that ships: `elmjax pretrain --config walker`.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Literal

import jax

from elmjax.config import ConfigError
from elmjax.corpus import EditedProgram, Order
from elmjax.diffs import FIX_BUGS, MESSAGES
from elmjax.dist import hosts
from elmjax.files import write_whole
from elmjax.lm import decoder, store
from elmjax.lm.packing import Document
from elmjax.lm.store import LanguageModel
from elmjax.lm.tokenizer import Tokenizer
from elmjax.stages import card, mined, models, pictures, rates, rejection
from elmjax.stages.documents import WHOLE_PROGRAM_SHARE, documents
from elmjax.stages.generated import generated
from elmjax.stages.learn import Lesson, learn
from elmjax.stages.operators import knows_programs
from elmjax.stages.run import Run, language_model, without_nan

STAGE = "pretrain"
TOKENIZER_PROGRAMS = 2000  # more add nothing to 1,024 entries


def pretrain(run: Run) -> dict[str, Any]:
    """Makes or reads the corpus, trains tokenizer and model, and rates what the model writes.

    The model goes to `pretrain/model`, with its card.

    Returns:
        The summary that is also written to the stage's folder.
    """
    if (done := run.summary(STAGE)) is not None:
        return done
    config, folder = run.config.pretrain, run.folder / STAGE
    folder.mkdir(exist_ok=True)
    material = _mined(run) if config.corpus else _generated(run)
    trained, losses = learn(run, material.lesson)
    hosts.once(lambda: pictures.of_training(run, STAGE, "Diff model"))
    for number in range(1, config.rejection.rounds + 1):
        trained = rejection.refine(run, trained, material.parents, number)
    models.save(folder / "model", trained, dtype=config.dtype)
    model = store.load(folder / "model")  # rated as it is stored
    measured = rates.measure(_asking(run, config.format), model)
    summary = without_nan({**material.counts, **losses, "rates": measured})
    told = card.write(run.config, model, summary)
    hosts.once(lambda: write_whole(folder / "model" / "README.md", told))
    return run.finish(STAGE, summary)


@dataclass(frozen=True, kw_only=True)
class _Material:
    """What is learned, by which model, and what is told of it."""

    lesson: Lesson
    parents: list[EditedProgram]  # that rounds of refinement read again; none in other formats
    counts: dict[str, int]


def _generated(run: Run) -> _Material:
    """Generated programs and edits of them."""
    (run.folder / STAGE).mkdir(exist_ok=True)
    train, test = _corpora(run)
    lesson = _numbered(run, train, test, _start(run, lambda: _train_tokenizer(train)))
    return _Material(lesson=lesson, parents=train, counts=_count(train, lesson.train))


def _mined(run: Run) -> _Material:
    """Commits that `elmjax corpus git` has written.

    Raises:
        ConfigError: none of them can be learned.
    """
    config, train = run.config.pretrain, list[EditedProgram]()
    commits = mined.read(config)
    model = _start(run, lambda: Tokenizer.train(mined.texts(commits.train, TOKENIZER_PROGRAMS)))
    if config.format == "numbered":
        window = partial(mined.edited, lines=config.lines, seed=run.seed(f"{STAGE}/lines"))
        train = window(commits.train)
        lesson = _numbered(run, train, window(commits.test), model)
    else:
        write = partial(mined.carper_documents, tokenizer=model.tokenizer)
        learned = write(commits.train, program_weight=config.program_weight)
        held_out = write(commits.test, program_weight=0.0)
        lesson = _lesson(run, replace(model, line_positions=False), learned, held_out)
    if (kept := len(train or lesson.train)) == 0:
        raise ConfigError(
            f"pretrain.corpus: got {len(commits.train)} commits, of which none can be written in "
            f"the format {config.format!r}; wanted some that can, or more pretrain.lines"
        )
    counts = {"programs": kept, "edits": kept, "repairs": 0, "commits": len(commits.train)}
    return _Material(lesson=lesson, parents=train, counts=counts | _tokens(lesson.train))


def _asking(run: Run, format: Literal["numbered", "carper"]) -> Run:
    """The run, with a diff model asked in the format that it has learned."""
    return replace(
        run, config=replace(run.config, evolve=replace(run.config.evolve, format=format))
    )


def _corpora(run: Run) -> tuple[list[EditedProgram], list[EditedProgram]]:
    """What is learned, and programs that are not among that, to test on."""
    config = run.config.pretrain
    order = partial(Order, edits=config.edits, functions=config.functions, bugs=config.bugs)
    train = generated(run, f"{STAGE}/train", order(parents=config.parents, seed=run.seed(STAGE, 1)))
    test = generated(run, f"{STAGE}/test", order(parents=config.held_out, seed=run.seed(STAGE, 2)))
    seen = {parent.program for parent in train}
    return train, [parent for parent in test if parent.program not in seen]


def _start(run: Run, train_tokenizer: Callable[[], Tokenizer]) -> LanguageModel:
    """The model that training starts from.

    Raises:
        ConfigError: it does not know numbered lines, and should learn edits of them.
    """
    config = run.config.pretrain
    if config.init:
        model = language_model(config.init)
        if config.format == "numbered" and not knows_programs(model.tokenizer):
            raise ConfigError(
                f"pretrain.init: got {config.init!r}, which is not elmjax's and does not know "
                "numbered lines; wanted pretrain.format 'carper', or a model of elmjax"
            )
        return model
    tokenizer = train_tokenizer()
    shape = decoder.DecoderConfig(vocab_size=tokenizer.vocab_size, **asdict(config.model))
    return LanguageModel(
        params=decoder.init(shape, jax.random.key(run.seed(f"{STAGE}/init"))),
        config=shape,
        tokenizer=tokenizer,
        line_positions=config.line_positions,
    )


def _numbered(
    run: Run, train: Sequence[EditedProgram], test: Sequence[EditedProgram], model: LanguageModel
) -> Lesson:
    config = run.config.pretrain
    make = partial(
        documents,
        tokenizer=model.own_tokenizer,
        row_length=config.optimiser.row_length,
        line_positions=model.line_positions,
        seed=run.seed(f"{STAGE}/whole"),
        # Lines around an edit are no program that a model should write.
        whole_share=0.0 if config.corpus else WHOLE_PROGRAM_SHARE,
    )
    learned = make(train, program_weight=config.program_weight)
    return _lesson(run, model, learned, make(test, program_weight=0.0))


def _lesson(
    run: Run, model: LanguageModel, train: Sequence[Document], test: Sequence[Document]
) -> Lesson:
    config = run.config.pretrain
    return Lesson(
        stage=STAGE,
        model=model,
        train=train,
        test=test,
        optimiser=config.optimiser,
        checkpoint_every=config.checkpoint_every,
    )


def _count(train: Sequence[EditedProgram], lesson: Sequence[Document]) -> dict[str, int]:
    messages = [message for parent in train for message, _ in parent.edits]
    return {
        "programs": len(train),
        "edits": len(messages),
        "repairs": messages.count(FIX_BUGS),
        **_tokens(lesson),
    }


def _tokens(lesson: Sequence[Document]) -> dict[str, int]:
    edit_tokens = sum(len(text) for document in lesson for text in document.continuations)
    return {
        "tokens": edit_tokens + sum(len(document.prompt) for document in lesson),
        "edit_tokens": edit_tokens,
    }


def _train_tokenizer(parents: Sequence[EditedProgram]) -> Tokenizer:
    some = parents[:: max(1, len(parents) // TOKENIZER_PROGRAMS)]
    messages = [*(message.text for message in MESSAGES), FIX_BUGS]
    return Tokenizer.train([*(parent.program for parent in some), *messages])
