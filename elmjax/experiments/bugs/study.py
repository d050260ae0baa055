"""The bug-fixing study: every operator on every problem, each condition measured once and kept.

RUN/results.json   what was measured, by condition
RUN/table.md       success rates beside the paper's
RUN/success.png    the same over the number of bugs
"""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from elmjax import seeds
from elmjax.config import Config
from elmjax.experiments.bugs import exhaustive, language, summary, tuning
from elmjax.experiments.bugs.judge import Judge
from elmjax.experiments.bugs.node_mutation import NodeMutation
from elmjax.experiments.bugs.outcome import Counts, Operator, Outcome
from elmjax.experiments.bugs.task import TASKS, Problem, Task, problems
from elmjax.experiments.results import Results, circumstances
from elmjax.lm.store import fingerprint
from elmjax.report import stage_progress
from elmjax.stages.run import language_model, model_folder, open_pool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured.

    Attributes:
        operators: Some of "gp", "diff", "prompt", "edit".
        tasks: Some of `TASKS`.
        trials: Of a language model, for each problem and repeat.
        gp_trials: Of `gp`.
        rate: Mutation rate of `gp`; None tunes it for every problem.
        repeats: Times that every condition is measured, each with a seed of its own.
    """

    operators: tuple[str, ...]
    tasks: tuple[str, ...]
    trials: int
    gp_trials: int
    rate: float | None
    repeats: int


def study(folder: Path, plan: Plan, config: Config) -> None:
    """Measures what is not measured yet, and writes table and plot.

    Args:
        folder: Written or continued.
        plan: What to measure.
        config: The seed, the limits of programs, and model, format and sampling of `evolve`.

    Raises:
        ConfigError: There is no such model, or the folder holds something else.
    """
    asked = [name for name in plan.operators if name != "gp"]
    weights = language_model(config.evolve.model) if asked else None
    results = Results.open(folder, "bugs")
    with ExitStack() as stack:
        operators: list[Operator] = []
        if "gp" in plan.operators:
            operators.append(NodeMutation(rates=_rates(results, plan)))
        if weights is not None:
            pool = stack.enter_context(open_pool(config))
            judge = Judge(pool, config.programs.remembered)
            mark = fingerprint(model_folder(config.evolve.model))
            operators += [
                language.repair(name, config.evolve, weights, judge, mark) for name in asked
            ]
        for operator in operators:
            _measure(results, operator, plan, config.seed)
    results.write()
    summary.write(results)


def _rates(results: Results, plan: Plan) -> dict[str, float]:
    """The mutation rate of each problem."""
    if plan.rate is None:
        tuned = (_tuned_rates(results, TASKS[name]) for name in plan.tasks)
        return {name: rate for rates in tuned for name, rate in rates.items()}
    every = (problem for name in plan.tasks for problem in problems(TASKS[name]))
    return {problem.name: plan.rate for problem in every}


def _tuned_rates(results: Results, task: Task) -> dict[str, float]:
    """The best rate of each problem of a task."""
    condition = {"tuned": "gp", "task": task.name}
    values = results.recall(condition)
    if values is None:
        with circumstances() as spent:
            measured = _tune(task)
        values = results.keep(condition, {**measured, **spent})
    return dict(values["rates"])


def _tune(task: Task) -> dict[str, Any]:
    """The best rates for the problems of a task, and the success they have, every tree counted."""
    found = []
    with stage_progress(f"tuning of gp, {task.title}", exhaustive.chunks(task)) as progress:
        for some in exhaustive.right_trees(task):
            found.append(some)
            progress.advance(1, right_trees=sum(map(len, found)))
    right = np.concatenate(found)
    rates = {each.name: tuning.best_rate(each, right) for each in problems(task)}
    exact = {
        each.name: exhaustive.success(each, right, rates[each.name]) for each in problems(task)
    }
    return {"rates": rates, "success": exact, "right_trees": len(right)}


def _measure(results: Results, operator: Operator, plan: Plan, seed: int) -> None:
    """Measures one operator on all problems."""
    trials = plan.gp_trials if operator.name == "gp" else plan.trials
    chosen = [problem for name in plan.tasks for problem in problems(TASKS[name])]
    conditions = [
        (problem, _condition(operator, problem, repeat, trials, seed))
        for repeat in range(plan.repeats)
        for problem in chosen
    ]
    missing = [pair for pair in conditions if results.recall(pair[1]) is None]
    done = trials * (len(conditions) - len(missing))
    with stage_progress(operator.name, trials * len(conditions), completed=done) as progress:
        for problem, condition in missing:
            counts, label = Counts(), f"{operator.name}/{problem.name}"
            own_seed = seeds.derive(seed, f"bugs/{label}", int(condition["repeat"]))
            with circumstances() as spent:
                for some in operator.attempt(problem, trials, own_seed):
                    counts += some
                    fixed = counts[Outcome.FIXED]
                    progress.advance(some.total(), problem=problem.name, fixed=fixed)
            outcomes = {str(outcome): count for outcome, count in counts.most_common()}
            results.keep(condition, {"outcomes": outcomes, **spent})


def _condition(
    operator: Operator, problem: Problem, repeat: int, trials: int, seed: int
) -> dict[str, Any]:
    return {
        "operator": operator.name,
        "task": problem.task.name,
        "bugs": problem.bugs,
        "repeat": repeat,
        "trials": trials,
        "seed": seed,
        **operator.settings(problem),
    }
