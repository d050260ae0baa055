"""What an episode pays: the choice of every token costs its divergence from the stage 2 model, and
the last token earns the program's reward (Evolution through Large Models, section 7).
"""

from __future__ import annotations

import flax.struct
import jax.numpy as jnp
from jax import Array


@flax.struct.dataclass
class RewardScale:
    """Running moments of the rewards seen, to bring their spread to 1; scalars.

    Rewards are distances, in metres, of hundreds or of tenths by terrain and duration; only their
    ratio to the KL penalty and to the value loss matters. They are divided and not shifted: an
    invalid program's zero stays zero.
    """

    count: Array  # float32, rewards seen
    mean: Array  # float32
    squares: Array  # float32, sum of squared deviations from the mean

    @classmethod
    def start(cls) -> RewardScale:
        """Before any reward."""
        zero = jnp.zeros((), jnp.float32)
        # Three arrays, not one thrice: the training state is donated, each buffer at most once.
        return cls(count=zero, mean=zero + 0.0, squares=zero + 0.0)

    def include(self, reward: Array) -> RewardScale:
        """Adds the rewards [batch] (Chan et al. 1979); ignores a batch that is not finite."""
        count, mean = float(reward.size), jnp.mean(reward)
        total = self.count + count
        shift = mean - self.mean
        merged = RewardScale(
            count=total,
            mean=self.mean + shift * count / total,
            squares=self.squares
            + jnp.sum((reward - mean) ** 2)
            + shift**2 * self.count * count / total,
        )
        usable = jnp.all(jnp.isfinite(reward))
        return RewardScale(
            count=jnp.where(usable, merged.count, self.count),
            mean=jnp.where(usable, merged.mean, self.mean),
            squares=jnp.where(usable, merged.squares, self.squares),
        )

    @property
    def deviation(self) -> Array:
        """Standard deviation of the rewards seen; 1 while they have all been equal."""
        variance = self.squares / jnp.maximum(self.count, 1.0)
        return jnp.where(variance > 1e-12, jnp.sqrt(jnp.maximum(variance, 1e-12)), 1.0)


def token_mask(length: Array, time: int) -> Array:
    """[batch, time] bool, true on the first `length` tokens of each sequence."""
    return jnp.arange(time) < length[:, None]


def token_rewards(
    reward: Array,
    length: Array,
    log_prob: Array,
    reference_log_prob: Array,
    kl_coefficient: float | Array,
) -> Array:
    """Reward of every token.

    Args:
        reward: [batch] float32, of the finished program.
        length: [batch] int32, real tokens.
        log_prob: [batch, time] nats, of the tokens under the policy that sampled them.
        reference_log_prob: [batch, time] nats, under the stage 2 model.
        kl_coefficient: Reward given up per nat of divergence.

    Returns:
        [batch, time] float32, 0 behind the last token.
    """
    time = log_prob.shape[1]
    penalty = kl_coefficient * (log_prob - reference_log_prob)
    last = jnp.arange(time) == length[:, None] - 1
    paid = jnp.where(last, reward[:, None], 0.0) - penalty
    return jnp.where(token_mask(length, time), paid, 0.0)


def whiten(quantity: Array, mask: Array) -> Array:
    """Shifts and scales to mean 0 and deviation 1 over real tokens; masked places become 0."""
    count = jnp.maximum(jnp.sum(mask), 1)
    mean = jnp.sum(jnp.where(mask, quantity, 0.0)) / count
    centred = jnp.where(mask, quantity - mean, 0.0)
    # Added to the variance, so that equal advantages become 0 and not amplified rounding errors.
    return centred / jnp.sqrt(jnp.sum(centred**2) / count + 1e-8)
