"""Whether programs are repaired: they run in the jail, on every input of the task."""

from collections.abc import Sequence

import numpy as np

from elmjax.executions import Executions
from elmjax.experiments.bugs.outcome import Outcome
from elmjax.experiments.bugs.task import Task
from elmjax.programs import Engine, Execution
from elmjax.programs.functions import outputs, tabulate


class Judge:
    """Judges programs; equal ones are run once."""

    def __init__(self, pool: Engine, remembered: int) -> None:
        """Takes what runs the programs, and how many of them to remember."""
        self._executions = Executions(pool, remembered)

    def outcomes(self, task: Task, programs: Sequence[str]) -> list[str]:
        """An `Outcome` for every program that runs, and the verdict of the others."""
        tabulated = [tabulate(program, task.function, task.inputs) for program in programs]
        expected = np.array(task.expected(), np.float32)
        return [_outcome(execution, expected) for execution in self._executions.run(tabulated)]


def _outcome(execution: Execution, expected: np.ndarray) -> str:
    if execution.body is None:
        return str(execution.verdict)
    fixed = np.array_equal(outputs(execution.body), expected)
    return str(Outcome.FIXED if fixed else Outcome.WRONG)
