"""`elmjax experiment seeds`: stage 1 from the paper's seeds (section 5, figures 8 to 11)."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from elmjax.config import Config, Operator
from elmjax.experiments.evolution import study
from elmjax.experiments.evolution.condition import Condition
from elmjax.experiments.evolution.published import (
    ELM_EVALUATIONS,
    ELM_FINETUNED,
    ELM_PRETRAINED,
    SeedResults,
)
from elmjax.experiments.evolution.tables import Quantity, percent, table, tenths, whole
from elmjax.experiments.results import Results
from elmjax.files import write_whole
from elmjax.report import search_curves

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
    text = "\n".join(_table(quantity, measured, plan) for quantity in QUANTITIES)
    text += f"\nOurs: mean of the repeats, 95 % interval. {_about_the_paper()}\n\n"
    write_whole(folder / "table.md", text + study.settings(measured))
    search_curves(study.curves(measured), folder / "curves.png")
    Console().print(text, highlight=False, markup=False, soft_wrap=True)


def _table(quantity: Quantity, measured: study.Measured, plan: Plan) -> str:
    ours = study.means(study.gather(measured, quantity.name))
    theirs = {
        each.label: values
        for each in (ELM_PRETRAINED, ELM_FINETUNED)
        if (values := _published(each, quantity.name))
    }
    return table(quantity, plan.seed_programs, {**ours, **theirs})


def _published(results: SeedResults, quantity: str) -> dict[str, float]:
    if quantity == "mean":  # of the filled niches; the paper leaves the division to its readers
        return {
            seed: results.qd_score[seed] / (results.coverage[seed] * 1728)
            for seed in results.coverage
        }
    return getattr(results, quantity, {})


def _about_the_paper() -> str:
    return (
        f"The paper's runs have {ELM_EVALUATIONS:,} evaluations, and its distances another unit: "
        "compare them with each other."
    )
