"""What `elmjax experiment stage2` runs: which models learn what, and how they are asked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from elmjax import seeds
from elmjax.config import SIZES, Band, Config
from elmjax.experiments.evolution.condition import changed_settings
from elmjax.lm.store import fingerprint
from elmjax.stages.properties import Placement
from elmjax.stages.run import model_folder


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much each trained model is asked for.

    Attributes:
        samples: Programs, into an empty archive.
        completions: Of each half program.
        orders: Walkers described to the model, as many outside the held-out band as inside.
        predictions: Programs whose walkers it predicts, of the test split and of Radial.
    """

    samples: int
    completions: int
    orders: int
    predictions: int


@dataclass(frozen=True, kw_only=True)
class Programs:
    """Where the programs to learn come from.

    Attributes:
        folders: Runs of stage 1.
        unseen: Runs whose programs no model learns: Radial's.
        told: What decides them, as plain data.
    """

    folders: tuple[Path, ...]
    unseen: tuple[Path, ...]
    told: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One model that learns.

    Attributes:
        model: The name of a size, which starts from random weights, or a model to start from.
        threshold: Share of the niche's best fitness that programs reach.
        properties: Where the comments stand that tell what a walker is like.
        repeat: From 0; every repeat has a seed of its own, the same for all models.
        counts: How much the model is asked for.
        programs: What it learns.
        band: Bodies that are kept from it.
        config: Everything else.
    """

    model: str
    threshold: float
    properties: Placement
    repeat: int
    counts: Counts
    programs: Programs
    band: Band
    config: Config

    @property
    def line(self) -> str:
        """Of tables and plots."""
        start = "random init" if self.is_random else "pre-trained"
        return f"{Path(self.model).name}, {start}"

    @property
    def column(self) -> str:
        """Of tables and plots."""
        return f"{100 * self.threshold:g} %"

    @property
    def is_random(self) -> bool:
        """Whether the model starts from random weights."""
        return self.model in SIZES

    @property
    def resolved(self) -> Config:
        """The configuration of its run."""
        own = replace(
            self.config.finetune,
            runs=tuple(map(str, self.programs.folders)),
            threshold=self.threshold,
            init="random" if self.is_random else self.model,
            size=_size(self.model),
            properties=self.properties,
            band=self.band,
            samples=self.counts.samples,
            compare_base=False,
        )
        seed = seeds.derive(self.config.seed, "stage2", self.repeat)
        return replace(self.config, finetune=own, seed=seed)

    def describe(self) -> dict[str, Any]:
        """Everything that decides the outcome, as plain data without paths."""
        learning = {
            name: value
            for name, value in changed_settings(self.config, ("finetune",)).items()
            if name not in _TOLD_ELSEWHERE
        }
        return {
            "line": self.line,
            "column": self.column,
            "properties": self.properties,
            "repeat": self.repeat,
            "seed": self.config.seed,
            "counts": vars(self.counts).copy(),
            "programs": dict(self.programs.told),
            **self._weights(),
            "settings": {**changed_settings(self.config), **learning},
        }

    def _weights(self) -> dict[str, str]:
        names = {"tokenizer": self.config.evolve.model} if self.is_random else {"model": self.model}
        return {key: fingerprint(model_folder(name)) for key, name in names.items()}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run.

    Attributes:
        models: As in `Condition`; the last also learns the comments.
        thresholds: As in `Condition`; the comments are learned with the last.
        counts: How much each model is asked for.
        repeats: Of every condition.
        with_properties: Whether comments are learned at all.
    """

    models: tuple[str, ...]
    thresholds: tuple[float, ...]
    counts: Counts
    repeats: int
    with_properties: bool

    def conditions(self, programs: Programs, config: Config, band: Band) -> list[Condition]:
        """Repeat by repeat, so that what was stopped early compares all models."""
        kinds: list[tuple[str, float, Placement]] = [
            (model, threshold, "none") for model in self.models for threshold in self.thresholds
        ]
        if self.with_properties:
            kinds += [
                (self.models[-1], self.thresholds[-1], "prefix"),
                (self.models[-1], self.thresholds[-1], "postfix"),
            ]
        return [
            Condition(
                model=model,
                threshold=threshold,
                properties=properties,
                repeat=repeat,
                counts=self.counts,
                programs=programs,
                band=band if properties == "prefix" else Band(),
                config=config,
            )
            for repeat in range(self.repeats)
            for model, threshold, properties in kinds
        ]


# Settings that `Condition.resolved` sets.
_SET = ("runs", "threshold", "init", "size", "properties", "samples", "compare_base")
_TOLD_ELSEWHERE = tuple(f"finetune.{name}" for name in _SET)


def _size(model: str) -> Any:
    return model if model in SIZES else None
