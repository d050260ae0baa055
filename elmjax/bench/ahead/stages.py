"""Which programs each stage compiles with a configuration."""

from collections.abc import Callable, Iterator
from dataclasses import asdict

import jax

from elmjax.bench.ahead.inventing import inventions
from elmjax.bench.ahead.learning import drift, lessons
from elmjax.bench.ahead.models import abstract_model
from elmjax.bench.ahead.program import Program, Target
from elmjax.bench.ahead.walks import walks
from elmjax.bench.ahead.writing import edits, mutations, samples
from elmjax.config import ConfigError
from elmjax.lm import decoder
from elmjax.lm.store import LanguageModel
from elmjax.lm.tokenizer import BPE_ENTRIES, SPECIALS
from elmjax.stages import operator_tuning
from elmjax.stages.adapted import adapted
from elmjax.stages.edits import PARENTS_AT_A_TIME
from elmjax.stages.finetune import base_model
from elmjax.stages.operators import language_mutator
from elmjax.stages.run import language_model


def evolve(target: Target) -> Iterator[Program]:
    """Stage 1, with the fine-tuning of its operator where that is configured."""
    config = target.config
    search, tuning = config.evolve, config.operator
    yield from walks(target, search.parents * search.children, [search.terrain])
    yield from mutations(target)
    if not operator_tuning.is_tuned(config):
        return
    base = abstract_model(lambda: language_model(search.model))
    model = target.to_read(base)
    learner = target.to_read(abstract_model(lambda: adapted(base, tuning.lora, "operator.lora", 0)))
    used = {"tuning, ": tuning.optimiser} if tuning.rounds > 0 else {}
    used |= {"update, ": tuning.update} if tuning.every > 0 else {}
    for name, optimiser in used.items():
        yield from lessons(target, name, learner, optimiser)
        yield drift(target, model, optimiser.row_length)
    writer, guard = language_mutator(search, operator_tuning.OPERATOR, model), tuning.guard
    yield from edits(target, "guard", writer, guard.parents, guard.children)


def finetune(target: Target) -> Iterator[Program]:
    """Stage 2."""
    config, section = target.config, target.config.finetune
    base = abstract_model(lambda: base_model(config, 0))
    model = target.to_read(base)
    learner = target.to_read(
        abstract_model(lambda: adapted(base, section.lora, "finetune.lora", 0))
    )
    yield from lessons(target, "", learner, section.optimiser)
    longest = section.max_new_tokens
    yield samples(target, "sampling", model, section.samples, max_new_tokens=longest)
    yield from walks(target, section.samples, [config.evolve.terrain])


def conditional(target: Target) -> Iterator[Program]:
    """Stage 3, on a model of the shape that stage 2 trains.

    Raises:
        ConfigError: where one program with calls back to the host leads it.
    """
    config, section = target.config, target.config.conditional
    if section.loop == "callback":
        raise ConfigError(
            "conditional.loop: got 'callback', whose program calls the host that it runs on; "
            "wanted 'host', whose programs can be compiled elsewhere"
        )
    yield from inventions(target, target.to_read(abstract_model(lambda: base_model(config, 0))))
    names = (*section.terrains, *section.unseen)
    yield from walks(target, section.batch * len(names), names)


def pretrain(target: Target) -> Iterator[Program]:
    """Training of the diff model, whose tokenizer is taken to have all its entries."""
    section = target.config.pretrain
    model = target.to_read(abstract_model(lambda: _from_scratch(target)))
    yield from lessons(target, "", model, section.optimiser)
    children = {"rates": section.rates.children}
    if section.rejection.rounds > 0:
        yield from lessons(target, "rejection, ", model, section.rejection.optimiser)
        children["rejection"] = section.rejection.proposals
    writer = language_mutator(target.config.evolve, "diff", model)
    for name, each in children.items():
        yield from edits(target, name, writer, PARENTS_AT_A_TIME, each)


def _from_scratch(target: Target) -> LanguageModel:
    section = target.config.pretrain
    shape = decoder.DecoderConfig(vocab_size=BPE_ENTRIES + len(SPECIALS), **asdict(section.model))
    return LanguageModel(
        params=decoder.init(shape, jax.random.key(0)),
        config=shape,
        tokenizer=language_model("walker").tokenizer,
        line_positions=section.line_positions,
    )


STAGES: dict[str, Callable[[Target], Iterator[Program]]] = {
    "pretrain": pretrain,
    "evolve": evolve,
    "finetune": finetune,
    "conditional": conditional,
}
