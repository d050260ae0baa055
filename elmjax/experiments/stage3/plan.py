"""The conditions of the experiment: a distribution of terrains, an encoder, a repeat."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from elmjax import seeds
from elmjax.config import Config, Encoder
from elmjax.experiments.evolution.condition import changed_settings
from elmjax.experiments.stage3.terrains import DISTRIBUTIONS
from elmjax.lm.store import fingerprint


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One training of stage 3 on the same stage 2."""

    distribution: str
    encoder: Encoder
    repeat: int
    base: Path  # of the run whose stage 2 is finished
    config: Config

    @property
    def resolved(self) -> Config:
        """The configuration of the run."""
        weights = self.config.conditional.encoder_weights
        stage_3 = replace(
            self.config.conditional,
            terrains=DISTRIBUTIONS[self.distribution],
            encoder=self.encoder,
            encoder_weights=weights if self.encoder == "resnet50" else "",
            base=str(self.base.resolve()),
        )
        name = f"stage3/{self.distribution}/{self.encoder}"
        seed = seeds.derive(self.config.seed, name, self.repeat)
        return replace(self.config, conditional=stage_3, seed=seed)

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.distribution}-{self.encoder}-{self.repeat}"

    def describe(self) -> dict[str, Any]:
        """Everything that decides the outcome, as plain data."""
        settings = changed_settings(self.config, ("conditional", "finetune"))
        told_elsewhere = ("conditional.terrains", "conditional.encoder", "conditional.base")
        return {
            "distribution": self.distribution,
            "encoder": self.encoder,
            "repeat": self.repeat,
            "seed": self.config.seed,
            "stage_2": fingerprint(self.base / "finetune" / "model"),
            "settings": {k: v for k, v in settings.items() if k not in told_elsewhere},
        }


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run."""

    distributions: tuple[str, ...]
    encoders: tuple[Encoder, ...]
    repeats: int

    def conditions(self, base: Path, config: Config) -> list[Condition]:
        """Repeat by repeat, so that what is stopped has all conditions about equally often."""
        return [
            Condition(
                distribution=distribution,
                encoder=encoder,
                repeat=repeat,
                base=base,
                config=config,
            )
            for repeat in range(self.repeats)
            for distribution in self.distributions
            for encoder in self.encoders
        ]
