"""`elmjax experiment seeds`: stage 1 from the paper's seeds (section 5, figures 8 to 11)."""

from dataclasses import dataclass
from pathlib import Path

from elmjax.config import Config, Operator
from elmjax.experiments.evolution import study
from elmjax.experiments.evolution.condition import Condition
from elmjax.experiments.evolution.published import (
    ELM_EVALUATIONS,
    ELM_FINETUNED,
    ELM_NICHES,
    ELM_PRETRAINED,
    SeedResults,
)
from elmjax.experiments.evolution.tables import Quantity, percent, tenths, whole
from elmjax.experiments.results import Results

QUANTITIES = (
    Quantity(name="coverage", title="niches filled [%]", write=percent, most=1.0),
    Quantity(name="qd_score", title="QD score [m]", write=whole),
    Quantity(name="best", title="best fitness [m]", write=tenths),
    Quantity(name="mean", title="mean fitness of the elites [m]", write=tenths),
    Quantity(name="applied", title="diffs that apply [%]", write=percent, most=1.0),
    Quantity(name="run", title="children that run [%]", write=percent, most=1.0),
    Quantity(name="evaluations_per_second", title="evaluations/s", write=whole),
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run.

    Attributes:
        seed_programs: A run starts from each.
        operators: Each runs from every seed.
        evaluations: Of a run.
        repeats: Of every run, each with a seed of its own.
    """

    seed_programs: tuple[str, ...]
    operators: tuple[Operator, ...]
    evaluations: int
    repeats: int

    def conditions(self, config: Config) -> list[Condition]:
        """Repeat by repeat, so that what was stopped early compares all seeds."""
        return [
            Condition(
                line=operator,
                column=seed,
                operator=operator,
                seed_programs=(seed,),
                repeat=repeat,
                evaluations=self.evaluations,
                config=config,
            )
            for repeat in range(self.repeats)
            for seed in self.seed_programs
            for operator in self.operators
        ]


def study_seeds(folder: Path, plan: Plan, config: Config) -> None:
    """Measures what is not measured yet, and writes tables and plot.

    Args:
        folder: Written or continued.
        plan: What to run.
        config: Everything else, and the seed.

    Raises:
        ConfigError: There is no such model or program, or the folder holds something else.
    """
    results = Results.open(folder, "seeds")
    measured = study.measure_all(results, plan.conditions(config))
    results.write()
    remark = (
        f"The paper's runs have {ELM_EVALUATIONS:,} evaluations, and its distances another unit: "
        "compare them with each other."
    )
    study.write(folder, measured, QUANTITIES, published, remark=remark)


def published(quantity: str) -> dict[str, dict[str, float]]:
    """The paper's two diff models, by seed program, where it tells of the quantity."""
    lines = {each.label: _of_line(each, quantity) for each in (ELM_PRETRAINED, ELM_FINETUNED)}
    return {label: values for label, values in lines.items() if values}


def _of_line(results: SeedResults, quantity: str) -> dict[str, float]:
    if quantity == "mean":  # of the filled niches; the paper leaves the division to its readers
        return {
            seed: results.qd_score[seed] / (results.coverage[seed] * ELM_NICHES)
            for seed in results.coverage
        }
    return getattr(results, quantity, {})
