"""An ordinary program while it is being written: its names, its functions, its examples."""

import builtins
import keyword
import random
from collections.abc import Callable, Sequence
from textwrap import indent

from elmjax.programs.syntax import canonical

NOUNS = """
    account age amount angle area average balance band basket batch block bonus bound budget
    cell charge code cost count credit delay depth digit distance energy entry error factor
    fee field figure flow force fraction gain gap goal grade group guess height index item key
    label layer length level limit line load margin mark mass measure moment month node number
    offset order page pair part path payment period pixel place point power price product
    profit quota radius rank rate ratio record reading region result reward room route row
    sample scale score segment shape share shift side signal size slope speed stage stamp
    state step stock table tax term ticket tile time token total track turn unit value volume
    wage weight width window word year
""".split()  # noqa: SIM905 - a list would take a line for each
VERBS = """
    adjust apply build calculate check choose collect combine compute convert count derive
    estimate evaluate find fold gather get grow join list make mark measure merge pick plan
    predict prepare rank read reduce scale score select simulate smooth solve sort split sum
    track trim update walk
""".split()  # noqa: SIM905 - a list would take a line for each
ENTRIES = ("main", "example", "demo", "run", "test_case", "report", "summary", "try_it", "show")
WORDS = """
    apple amber barn bell birch brook cedar clay cloud coral crane dawn delta dune ember fern
    field flint frost grove harbor hazel iris ivory jade juniper lake lark lemon linen maple
    marsh mint moss north oak olive opal orchid pearl pine plum quartz rain reed river rose
    sage sand silver slate snow spruce star stone storm swan thorn tide vale violet west
    willow wind winter
""".split()  # noqa: SIM905 - a list would take a line for each
# Of the programs, those whose words are coined: what cannot be learned by heart must be copied from
# where it stands, and a model that copies can edit programs whose words it never saw.
COINED = 0.6
ONSETS = """
    b c d f g h j k l m n p r s t v w x z bl br ch cl cr dr fl gr pl pr sh sk st th tr
""".split()  # noqa: SIM905 - a list would take a line for each
VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "oo")
CODAS = ("", "", "", "n", "r", "s", "t", "l", "m", "ck", "nd", "x", "ph")


def coin(rng: random.Random) -> str:
    """A word of one or two syllables that means nothing, at times with an underscore in it."""
    while True:
        syllables = [
            rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS)
            for _ in range(rng.choice((1, 2, 2)))
        ]
        word = rng.choice(("", "", "", "_")).join(syllables)
        if not is_reserved(word):
            return word


def is_reserved(word: str) -> bool:
    """Whether the language has the word for itself."""
    return keyword.iskeyword(word) or hasattr(builtins, word)


class Draft:
    """Collects the text of one program.

    Attributes:
        rng: Source of all chance.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._coined = rng.random() < COINED
        self._taken: set[str] = set()
        self._functions: list[str] = []
        self._examples: list[str] = []

    def noun(self) -> str:
        """A name for a value that no other thing of the program is called."""
        return self._name(lambda: self._word(NOUNS))

    def letter(self) -> str:
        """A short name, as loops and formulas have."""
        return self._name(lambda: self.rng.choice("abcdefghijkmnpqrstuvwxyz"))

    def short(self) -> str:
        """A noun or a letter."""
        return self.letter() if self.rng.random() < 0.35 else self.noun()

    def plural(self) -> str:
        """A name for a list."""
        return self._name(lambda: f"{self._word(NOUNS)}s")

    def verb(self) -> str:
        """A name for a function."""
        return self._name(lambda: f"{self._word(VERBS)}_{self._word(NOUNS)}")

    def pick(self, *choices: str) -> str:
        """One of some texts."""
        return self.rng.choice(choices)

    def integer(self, low: int = 1, high: int = 12) -> str:
        """An integer of [low, high]."""
        return str(self.rng.randint(low, high))

    def number(self) -> str:
        """A small number, mostly an integer."""
        if self.rng.random() < 0.6:
            return self.integer()
        return f"{self.rng.randint(1, 40) / self.rng.choice((2, 4, 10, 20)):g}"

    def numbers(self) -> str:
        """A list of integers."""
        count, high = self.rng.randint(3, 7), self.rng.choice((9, 20, 99))
        return f"[{', '.join(str(self.rng.randint(0, high)) for _ in range(count))}]"

    def word(self) -> str:
        """A quoted word."""
        return repr(self._word(WORDS))

    def words(self) -> str:
        """A list of quoted words."""
        return f"[{', '.join(self.word() for _ in range(self.rng.randint(3, 6)))}]"

    def function(self, signature: str, *lines: str) -> None:
        """Adds a function."""
        self._functions.append(f"def {signature}:\n" + indent("\n".join(lines), "    "))

    def type(self, name: str, *methods: Sequence[str]) -> None:
        """Adds a class; each method is its signature and its lines."""
        parts = [
            f"def {signature}:\n" + indent("\n".join(lines), "    ")
            for signature, *lines in methods
        ]
        self._functions.append(f"class {name}:\n" + indent("\n".join(parts), "    "))

    def example(self, call: str) -> None:
        """Adds an expression to what the program computes."""
        self._examples.append(call)

    def program(self) -> str:
        """The program in canonical form; its last function returns the values of the examples."""
        entry = self._name(lambda: self.rng.choice(ENTRIES))
        lines = self._entry_lines()
        self.function(f"{entry}()", *lines)
        text = "\n".join(self._functions)
        if "math." in text:
            text = "import math\n" + text
        return canonical(text)

    def _entry_lines(self) -> list[str]:
        if self.rng.random() < 0.4:
            return [f"return [{', '.join(self._examples)}]"]
        names = [self.noun() for _ in self._examples]
        lines = [f"{name} = {call}" for name, call in zip(names, self._examples, strict=True)]
        result = ", ".join(names)
        return [*lines, f"return {result if len(names) == 1 else f'({result})'}"]

    def _word(self, known: Sequence[str]) -> str:
        return coin(self.rng) if self._coined else self.rng.choice(known)

    def _name(self, draw: Callable[[], str]) -> str:
        while True:
            name = draw()
            # What is put to a coined word may make it one of the language: "clas", plural "class".
            if name not in self._taken and not is_reserved(name):
                self._taken.add(name)
                return name
            if self.rng.random() < 0.2:
                number = self.rng.randint(2, 9)
                if f"{name}{number}" not in self._taken:
                    self._taken.add(f"{name}{number}")
                    return f"{name}{number}"
