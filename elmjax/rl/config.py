"""What can be configured of the PPO update. Imports nothing heavy."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Estimator = Literal["gae", "grpo", "rloo", "reinforce++"]

_RANGES: tuple[tuple[tuple[str, ...], Callable[[Any], bool], str], ...] = (
    (("epochs", "minibatches", "kl_horizon"), lambda value: value >= 1, "be at least 1"),
    (("discount", "trace"), lambda value: 0.0 <= value <= 1.0, "lie in [0, 1]"),
    (("clip", "temperature", "max_grad_norm"), lambda value: value > 0.0, "be positive"),
    (
        ("learning_rate", "head_learning_rate"),
        lambda value: 0.0 < value < math.inf,
        "be positive",
    ),
    (
        ("kl_coefficient", "entropy_coefficient", "value_coefficient"),
        lambda value: 0.0 <= value < math.inf,
        "be at least 0",
    ),
    (
        ("value_clip", "target_kl", "reward_scale", "kl_target"),
        lambda value: value is None or value > 0.0,
        "be positive or None",
    ),
)


@dataclass(frozen=True, kw_only=True)
class PPOConfig:
    """Hyperparameters of the update.

    Raises:
        ValueError: If a value is out of range.
    """

    # "gae" learns a value function; the others compare programs: with those of the same terrain
    # ("grpo", "rloo"), which takes several of each, or with the batch ("reinforce++").
    estimator: Estimator = "gae"
    # What "gae" learns it with: a head on the policy's language model, or a language model with an
    # encoder of its own, which starts from stage 2 too (the paper's).
    value: Literal["head", "model"] = "head"
    clip: float = 0.2  # the ratio may move this far from 1 with profit
    value_clip: float | None = None  # the same for values, in deviations of the reward; None: free
    epochs: int = 2
    minibatches: int = 4  # must divide the batch
    learning_rate: float = 1e-4  # of language models
    head_learning_rate: float = 1e-3  # of encoders and heads, which start from scratch
    discount: float = 1.0
    trace: float = 0.95
    whitening: bool = True  # of the advantages of "gae" and "reinforce++", over the batch's tokens
    kl_coefficient: float = 0.05  # deviations of the reward paid per nat from the stage 2 model
    # Nats per program from the stage 2 model at which the coefficient is held; None: it is fixed.
    kl_target: float | None = None
    kl_horizon: int = 1000  # programs in which the coefficient can change by a fifth, about
    entropy_coefficient: float = 0.0
    # Nats per token. Given, entropy costs where it leaves them; else it always pays.
    entropy_bounds: tuple[float, float] | None = None
    value_coefficient: float = 0.1
    target_kl: float | None = 0.05  # nats per token; a minibatch beyond it ends the update
    max_grad_norm: float = 1.0
    # The sampler's too; its top-p must be 1, or the ratios would not start at 1.
    temperature: float = 1.0
    reward_scale: float | None = None  # divides rewards; None: their deviation so far

    def __post_init__(self) -> None:
        for names, holds, wanted in _RANGES:
            for name in names:
                if not holds(getattr(self, name)):
                    raise ValueError(f"{name} must {wanted}, got {getattr(self, name)}")
        if self.entropy_bounds is not None and not (
            0.0 <= self.entropy_bounds[0] < self.entropy_bounds[1]
        ):
            raise ValueError(
                "entropy_bounds must be two numbers of at least 0, the first below the second, "
                f"got {self.entropy_bounds}"
            )

    @property
    def needs_value(self) -> bool:
        """Whether the estimator compares with a value function."""
        return self.estimator == "gae"

    @property
    def needs_groups(self) -> bool:
        """Whether the estimator compares programs of the same terrain."""
        return self.estimator in ("grpo", "rloo")
