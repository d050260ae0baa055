"""What can be configured of the PPO update. Imports nothing heavy."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PPOConfig:
    """Hyperparameters of the update.

    Raises:
        ValueError: If a value is out of range.
    """

    clip: float = 0.2  # the ratio may move this far from 1 with profit
    value_clip: float | None = None  # the same for values, in deviations of the reward; None: free
    epochs: int = 2
    minibatches: int = 4  # must divide the batch
    learning_rate: float = 1e-4  # of the language model
    head_learning_rate: float = 1e-3  # of encoder and value head, which start from scratch
    discount: float = 1.0
    trace: float = 0.95
    kl_coefficient: float = 0.05  # deviations of the reward paid per nat from the stage 2 model
    entropy_coefficient: float = 0.0
    value_coefficient: float = 0.1
    target_kl: float | None = 0.05  # nats per token; a minibatch beyond it ends the update
    max_grad_norm: float = 1.0
    # The sampler's too; its top-p must be 1, or the ratios would not start at 1.
    temperature: float = 1.0
    reward_scale: float | None = None  # rewards are divided by it; None: by their deviation so far

    def __post_init__(self) -> None:
        for name in ("epochs", "minibatches"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("discount", "trace"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie in [0, 1], got {getattr(self, name)}")
        for name in ("clip", "temperature", "max_grad_norm", "value_clip", "target_kl"):
            if getattr(self, name) is not None and not getattr(self, name) > 0.0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        for name in ("learning_rate", "head_learning_rate"):
            if not 0.0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        for name in ("kl_coefficient", "entropy_coefficient", "value_coefficient"):
            if not 0.0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be at least 0, got {getattr(self, name)}")
        if self.reward_scale is not None and not self.reward_scale > 0.0:
            raise ValueError(f"reward_scale must be positive or None, got {self.reward_scale}")
