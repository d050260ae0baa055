"""The commit messages that ask a diff model for a mutation (paper, section 5.1 and appendix A)."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Message:
    """A commit message and how often the paper asks for it."""

    text: str
    probability: float


CHANGED = Message(text="Changed make_walker function.", probability=0.4)
CHANGED_PARAMETERS = Message(text="Changed parameters in make_walker function.", probability=0.3)
SMALL_CHANGE = Message(text="Small change to make_walker function.", probability=0.3)
MESSAGES = (CHANGED, CHANGED_PARAMETERS, SMALL_CHANGE)

# The bug-fixing tasks have one message of their own (section 3.1).
FIX_BUGS = "Fixed bugs."


def choose(rng: random.Random) -> Message:
    """Draws one of `MESSAGES` with the paper's probabilities."""
    weights = [message.probability for message in MESSAGES]
    return rng.choices(MESSAGES, weights)[0]
