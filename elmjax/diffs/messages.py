"""The commit messages that ask a diff model for a mutation (paper, section 5.1 and appendix A)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Message:
    """A commit message and how often the paper asks for it.

    Attributes:
        pattern: The message, with `{}` for the name of the function that is changed.
        probability: Of being asked for.
    """

    pattern: str
    probability: float

    def about(self, function: str) -> str:
        """The message on a change of a function."""
        return self.pattern.format(function)

    @property
    def text(self) -> str:
        """The message as the paper asks it, on `make_walker`."""
        return self.about("make_walker")


CHANGED = Message(pattern="Changed {} function.", probability=0.4)
CHANGED_PARAMETERS = Message(pattern="Changed parameters in {} function.", probability=0.3)
SMALL_CHANGE = Message(pattern="Small change to {} function.", probability=0.3)
MESSAGES = (CHANGED, CHANGED_PARAMETERS, SMALL_CHANGE)
PROBABILITIES = tuple(message.probability for message in MESSAGES)

# The bug-fixing tasks have one message of their own (section 3.1).
FIX_BUGS = "Fixed bugs."


def choose(rng: random.Random, weights: Sequence[float] = PROBABILITIES) -> Message:
    """Draws one of `MESSAGES`, each as often as its weight says."""
    return rng.choices(MESSAGES, weights)[0]
