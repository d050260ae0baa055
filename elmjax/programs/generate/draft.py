"""A walker program while it is being written: its names, its helper functions, its body."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import indent

from elmjax.programs.syntax import canonical


@dataclass(frozen=True, kw_only=True)
class Part:
    """A list of joints in a program.

    Attributes:
        name: The variable that holds it.
        count: Number of joints; None where only the running program knows it.
    """

    name: str
    count: int | None = None


class Draft:
    """Collects the text of one program.

    Attributes:
        rng: Source of all chance.
        creator: Name of the walker creator, in `make_walker` and as a parameter of helpers.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.creator = rng.choices(("wc", "w", "creator", "body"), (85, 5, 5, 5))[0]
        self._taken = {self.creator, "math", "make_walker"}
        self._helpers: list[str] = []
        self._body: list[str] = []

    def name(self, *stems: str) -> str:
        """One of `stems` that no other thing of the program is called, numbered if need be."""
        stem = self.rng.choice(stems)
        name, number = stem, 1
        while name in self._taken:
            number += 1
            name = f"{stem}{number}"
        self._taken.add(name)
        return name

    def pick(self, *choices: str) -> str:
        """One of some texts."""
        return self.rng.choice(choices)

    def number(self, low: float, high: float) -> str:
        """A number of [low, high]: mostly an integer or a half, sometimes two decimals."""
        if self.rng.random() < 0.75:
            return f"{self.rng.randint(round(2 * low), round(2 * high)) / 2:g}"
        return f"{self.rng.uniform(low, high):.2f}"

    def amplitude(self) -> str:
        """A share of the largest amplitude, which oscillates visibly."""
        return f"{self.rng.randint(4, 20) / 20:g}"

    def helper(self, signature: str, lines: Sequence[str]) -> None:
        """Adds a function above `make_walker`."""
        self._helpers.append(f"def {signature}:\n" + indent("\n".join(lines), "    "))

    def say(self, *lines: str) -> None:
        """Adds statements to the body of `make_walker`."""
        self._body += lines

    def program(self) -> str:
        """The program in canonical form."""
        body = [
            f"{self.creator} = walker_creator()",
            *self._body,
            f"return {self.creator}.get_walker()",
        ]
        functions = [*self._helpers, "def make_walker():\n" + indent("\n".join(body), "    ")]
        text = "\n".join(["from walk_creator import walker_creator", *functions])
        if "math." in text:
            text = "import math\n" + text
        return canonical(text)
