"""`elmjax experiment lmx`: the protocol of Language Model Crossover (Meyerson et al. 2023).

A thousand samples, of one, two or three seed programs, into an empty map in OpenELM's ranges. The
published prompts show the seeds; nothing is evolved. Operators that read one parent take the seeds
in turn. Beside the samples stands evolution with the same number of evaluations.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from elmjax.config import Config, Operator
from elmjax.experiments.evolution import study
from elmjax.experiments.evolution.condition import Condition
from elmjax.experiments.evolution.published import LMX
from elmjax.experiments.evolution.tables import Quantity, percent, tenths, whole
from elmjax.experiments.results import Results

QUANTITIES = (
    Quantity(name="valid", title="valid samples [%]", write=percent, most=1.0),
    Quantity(name="niches", title="niches filled, of 1,728", write=tenths),
    Quantity(name="qd_score", title="QD score [m]", write=whole),
    Quantity(name="best", title="best fitness [m]", write=tenths),
)
CHILDREN = 8  # of a parent, where samples are not evolved


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run.

    Attributes:
        operators: Each samples, and each evolves.
        seed_programs: Taken in this order by the first repeat, from the second on by the second.
        counts: Numbers of seeds.
        samples: Of a run.
        repeats: Of every run, each with another order of the seeds.
    """

    operators: tuple[Operator, ...]
    seed_programs: tuple[str, ...]
    counts: tuple[int, ...]
    samples: int
    repeats: int

    def conditions(self, config: Config) -> list[Condition]:
        """Repeat by repeat."""
        at_once = replace(
            config.evolve, parents=-(-self.samples // CHILDREN), children=CHILDREN, ahead=0
        )
        kinds = (("samples", replace(config, evolve=at_once)), ("evolution", config))
        return [
            Condition(
                line=f"{operator}, {kind}",
                column=f"{count} {'seed' if count == 1 else 'seeds'}",
                operator=operator,
                seed_programs=_in_order(self.seed_programs, repeat)[:count],
                repeat=repeat,
                evaluations=self.samples,
                config=own,
            )
            for repeat in range(self.repeats)
            for count in self.counts
            for operator in self.operators
            for kind, own in kinds
        ]


def study_crossover(folder: Path, plan: Plan, config: Config) -> None:
    """Measures what is not measured yet, and writes tables and plot.

    Args:
        folder: Written or continued.
        plan: What to run.
        config: Everything else, and the seed; its grid should be that of `configs/openelm.toml`.

    Raises:
        ConfigError: There is no such model or program, or the folder holds something else.
    """
    results = Results.open(folder, "lmx")
    measured = study.measure_all(results, plan.conditions(config))
    results.write()
    remark = "Published: read from a figure to about 1 %; its distances are in another unit."
    study.write(folder, measured, QUANTITIES, _published, remark=remark)


def _published(quantity: str) -> dict[str, dict[str, float]]:
    lines = {each.label: getattr(each, quantity, ()) for each in LMX}
    columns = ("1 seed", "2 seeds", "3 seeds")
    return {
        label: dict(zip(columns, values, strict=True)) for label, values in lines.items() if values
    }


def _in_order(names: Sequence[str], first: int) -> tuple[str, ...]:
    """Names from one on, and around."""
    turn = first % len(names)
    return (*names[turn:], *names[:turn])
