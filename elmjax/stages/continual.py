"""The diff model is fine-tuned within one search, on what the search has accepted so far.

The paper's authors wish for this form (section 5.1). The model of an iteration is a function of the
run's folder: an update is made after every `operator.every` iterations, is kept with what the guard
said of it, and is used from a fixed later iteration on. A search that is resumed finds the updates
that it made.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from elmjax.corpus import EditedProgram
from elmjax.lm.store import LanguageModel
from elmjax.mutators import Mutator
from elmjax.stages.accepted import accepted_diffs
from elmjax.stages.admission import Found
from elmjax.stages.operators import language_mutator
from elmjax.stages.run import Run
from elmjax.stages.tuning import Tuning, saved, tune


@dataclass(frozen=True, kw_only=True, eq=False)
class ContinualTuning:
    """Gives a search the newest diff model that it may use, and makes the updates.

    An update made after iteration k is used from iteration k + 1 + `evolve.ahead` on: by then the
    children of those between have been asked for.
    """

    run: Run  # of the search, whose updates stand in its folder `operator`
    base: LanguageModel  # what the guard measures from
    start: LanguageModel  # of the first iteration
    replay: Sequence[EditedProgram]
    _newest: dict[int, LanguageModel] = field(default_factory=dict)  # read last, by its update

    def mutator_for(self, iteration: int) -> Mutator:
        """The diff model after all updates that this iteration may use.

        Raises:
            FileNotFoundError: where one of them has not been made.
        """
        return language_mutator(
            self.run.config.evolve, "diff", self._model_after(iteration - 1 - self._ahead)
        )

    def after(self, iteration: int, found: Found) -> None:
        """Makes the update that is due after an iteration, unless it has been made."""
        if iteration in self._due(iteration):
            self._update(iteration, found)

    def summaries(self) -> list[dict[str, Any]]:
        """What every update learned and the guard measured."""
        made = (self.run.summary(self._folder(iteration)) for iteration in self._due())
        return [summary for summary in made if summary is not None]

    @property
    def _ahead(self) -> int:
        return self.run.config.evolve.ahead

    def _update(self, iteration: int, found: Found) -> None:
        tuning = Tuning(
            stage=self._folder(iteration),
            base=self.base,
            start=self._model_after(iteration - 1),
            accepted=accepted_diffs(found.history),
            replay=self.replay,
            optimiser=self.run.config.operator.update,
            quiet=True,  # the search shows its own progress
        )
        tune(self.run, tuning)

    def _model_after(self, iteration: int) -> LanguageModel:
        """The model once the updates up to an iteration are made."""
        for due in reversed(self._due(iteration)):
            if (model := self._newest.get(due)) is not None:
                return model
            if (model := saved(self.run, self._folder(due), self.start)) is not None:
                self._newest.clear()
                self._newest[due] = model
                return model
        return self.start

    def _due(self, last: int | None = None) -> range:
        """Iterations up to `last` after which an update is made; one that none would use is not."""
        every, iterations = self.run.config.operator.every, self.run.config.evolve.iterations
        useful = iterations - 1 - self._ahead
        return range(every - 1, useful if last is None else min(useful, last + 1), every)

    def _folder(self, iteration: int) -> str:
        return f"operator/update-{iteration:05d}"
