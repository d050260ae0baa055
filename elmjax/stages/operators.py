"""The mutation operators by name, as they are configured."""

import functools
import multiprocessing
import os
import random
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from elmjax import diffs
from elmjax.config import Config, ConfigError, Evolve
from elmjax.diffs import prompts
from elmjax.dist.placement import Placement
from elmjax.endpoint import Endpoint
from elmjax.lm.store import LanguageModel
from elmjax.lm.vocabulary import Vocabulary
from elmjax.lm.work import Drawn
from elmjax.mutators import (
    Child,
    CrossoverMutator,
    EndpointMutator,
    LanguageMutator,
    Mutator,
    NamedMutator,
    SharedTreeMutator,
    Team,
    numbered_grammar,
    tree_mutator,
)
from elmjax.qd import Bandit, FixedWeights, Selection
from elmjax.stages.admission import Found
from elmjax.stages.endpoints import endpoint_mutator, open_endpoint
from elmjax.stages.run import language_model, open_mesh
from elmjax.stages.source import Source
from physics.entry import entry

DIFF = "diff"  # the operator that a source may change

DIFF_FORMATS = {
    format.name: format for format in (diffs.NUMBERED, diffs.CARPER, diffs.SEARCH_REPLACE)
}


@dataclass(frozen=True, kw_only=True)
class Crew:
    """The operators of a search, and how parents are given to them.

    Attributes:
        members: Operators by name.
        selection: Gives them their parents.
        source: Of the operator `diff`, where it may change from iteration to iteration.
        endpoint: That some of them ask.
    """

    members: Mapping[str, Mutator]
    selection: Selection
    source: Source | None
    endpoint: Endpoint | None = None

    def team(self, iteration: int) -> Team:
        """The operators as they are in an iteration."""
        if self.source is None:
            return Team(self.members)
        return Team({**self.members, DIFF: self.source.mutator_for(iteration)})

    def drawn(self, iteration: int) -> Drawn:
        """What models have sampled since this was last asked."""
        members = self.team(iteration).members.values()
        return sum((_drawn_by(each) for each in members), start=Drawn())

    def after(self, iteration: int, found: Found) -> None:
        """Lets the source learn from an iteration, once it is in archive and history."""
        if self.source is not None:
            self.source.after(iteration, found)

    def close(self) -> None:
        """Ends what is asked of an endpoint, which nobody waits for any more."""
        if self.endpoint is not None:
            self.endpoint.close()


def _drawn_by(mutator: Mutator) -> Drawn:
    """What a model of this machine has sampled for an operator."""
    writer = mutator.writer if isinstance(mutator, CrossoverMutator) else mutator
    return writer.meter.take() if isinstance(writer, LanguageMutator) else Drawn()


@contextmanager
def open_crew(
    config: Config, operator: str, folder: Path, source: Source | None = None
) -> Iterator[Crew]:
    """The operators behind a name of `Evolve.operators`, with the processes that some work in.

    Args:
        config: Of the run.
        operator: The name.
        folder: Of the run.
        source: Of what writes as `diff`; None: the configured model.
    """
    search = config.evolve
    names = [name for name in weights(search, operator) if source is None or name != DIFF]
    placement, dim = open_mesh(config), config.physics.dim
    with ExitStack() as stack:
        endpoint = stack.enter_context(open_endpoint(search, names, folder))
        members = {
            name: make_mutator(search, name, placement=placement, endpoint=endpoint, dim=dim)
            for name in names
        }
        if "tree" in members:
            processes = stack.enter_context(_processes(config.programs.workers))
            members["tree"] = SharedTreeMutator(processes, dim)
        selection = select(search, operator)
        yield Crew(members=members, selection=selection, source=source, endpoint=endpoint)


@contextmanager
def _processes(count: int) -> Iterator[Executor]:
    # Spawned, never forked: this process holds JAX's threads.
    executor = ProcessPoolExecutor(
        count,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_follow_the_parent,
    )
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def _follow_the_parent() -> None:
    """Leaves signals to the parent, and ends when it does, however that was."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A machine that goes tells all processes at once; the run still needs these for its step.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # A parent that is killed tells nobody, and the others hold the queue open.
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def weights(config: Evolve, operator: str) -> dict[str, float]:
    """The operators that write children where `operator` is asked for, with their weights."""
    if operator not in ("mixed", "bandit"):
        return {operator: 1.0}
    return {name: weight for name, weight in config.mix.items() if weight > 0}


def select(config: Evolve, operator: str) -> Selection:
    """How the operators behind a name are given their parents."""
    if operator == "bandit":
        return Bandit(tuple(weights(config, operator)), config.bandit_discount)
    return FixedWeights(weights(config, operator))


def make_mutator(
    config: Evolve,
    operator: str,
    message: str | None = None,
    *,
    placement: Placement | None = None,
    endpoint: Endpoint | None = None,
    dim: int = 2,
) -> Mutator:
    """The mutation operator of a name.

    Args:
        config: Names model and format, and how to sample.
        operator: One of `Evolve.operators`.
        message: What to ask for; None draws it by `message_weights`.
        placement: Whose devices sample; None: the default device.
        endpoint: Asked in place of a model of this machine.
        dim: Dimensions of the walkers.

    Raises:
        ConfigError: where there is no such model, or the operator takes no message.
    """
    if operator == "tree":
        _refuse_message(operator, message)
        return tree_mutator if dim == 2 else functools.partial(tree_mutator, dim=dim)
    if operator in config.own:
        _refuse_message(operator, message)
        return _own(operator, config.own[operator])
    if operator in ("mixed", "bandit"):
        quiet = {"tree", *config.own}
        told = {name: None if name in quiet else message for name in weights(config, operator)}
        settings: dict[str, Any] = {"placement": placement, "endpoint": endpoint, "dim": dim}
        team = Team(
            {name: make_mutator(config, name, text, **settings) for name, text in told.items()}
        )
        return _at_random(team, select(config, operator))
    writer: LanguageMutator | EndpointMutator
    if endpoint is not None:
        writer = endpoint_mutator(config, operator, endpoint, message)
    else:
        model = language_model(config.model, placement)
        writer = language_mutator(config, operator, model, message)
    if not writer.format.takes_message:
        _refuse_message(operator, message)
    return CrossoverMutator(writer=writer) if operator == "crossover" else writer


def check_operators(config: Evolve) -> None:
    """Fails early on operators of one's own that are not there.

    Raises:
        ConfigError: naming the function.
    """
    for name, function in config.own.items():
        _own(name, function)


def _own(name: str, function: str) -> Mutator:
    try:
        return NamedMutator(name, entry(function))
    except ValueError as error:
        raise ConfigError(f"evolve.own.{name}: {error}") from None


def _at_random(team: Team, selection: Selection) -> Mutator:
    def mutate(parents: Sequence[str], children: int, seed: int) -> list[Child]:
        chosen = selection.choose(np.random.default_rng(seed), len(parents))
        return team(chosen, parents, children, random.Random(seed).getrandbits(63))

    return mutate


def language_mutator(
    config: Evolve, operator: str, model: LanguageModel, message: str | None = None
) -> LanguageMutator:
    """A language model as the configuration asks for it; arguments as of `make_mutator`.

    Raises:
        ConfigError: the format is that of our own models, and the model is another.
    """
    numbered = operator == "diff" and config.format == "numbered"
    if numbered and not knows_programs(model.tokenizer):
        raise ConfigError(
            f"evolve.format: got 'numbered' with the model {config.model!r}, which is not elmjax's "
            "and does not know it; wanted 'carper' or 'search_replace'"
        )
    whole = diffs.NATIVE_PROGRAM if knows_programs(model.tokenizer) else diffs.REWRITE
    formats = {
        "diff": DIFF_FORMATS[config.format],
        "rewrite": whole,
        "crossover": diffs.CROSSOVER,
    }
    return LanguageMutator(
        operator=operator,
        format=formats[operator],
        model=model,
        max_new_tokens=config.max_new_tokens if operator == "diff" else config.max_program_tokens,
        temperature=config.temperature,
        top_p=config.top_p,
        message=message,
        message_weights=config.message_weights,
        grammar=numbered_grammar if numbered and config.grammar_mask else None,
    )


def knows_programs(tokenizer: Vocabulary) -> bool:
    """Whether what opens a whole program is two tokens: the mark of our own models."""
    return len(tokenizer.encode(prompts.WHOLE_PROGRAM)) == 2


def _refuse_message(operator: str, message: str | None) -> None:
    if message is not None:
        raise ConfigError(
            f"--message: got {message!r}, wanted none: operator {operator!r} reads no message here"
        )
