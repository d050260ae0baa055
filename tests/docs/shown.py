"""Commands that the documentation shows: lines of code blocks, and code within a text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHELL = ("", "sh", "bash")  # languages of blocks that hold commands
PROGRAMS = ("elmjax", "make", "python", "pytest", "pip")  # whose commands stand in texts, too

FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:(?<=\n\n)|\A)((?:(?: {4}|\t)[^\n]*\n|\n(?= {4}\S))+)")
WITHIN = re.compile(r"`([^`]+)`")
REMARK = re.compile(r"\s+#\s.*|^#.*")


@dataclass(frozen=True)
class Command:
    """One command, and the page that shows it."""

    text: str
    page: str
    in_block: bool

    @property
    def words(self) -> list[str]:
        """Without quotes; not for the shell."""
        return self.text.split()


def pages() -> list[Path]:
    """What is read by users; the changelog tells of what was."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    found += sorted((ROOT / "docs").rglob("*.md"))
    return found + sorted((ROOT / "elmjax" / "models").glob("*/README.md"))


def all_commands() -> list[Command]:
    """Every command of every page, in order."""
    return [
        command
        for page in pages()
        for command in commands(page.read_text(), page.relative_to(ROOT).as_posix())
    ]


def commands(markdown: str, page: str) -> Iterator[Command]:
    """The commands of one page."""
    for language, block in FENCE.findall(markdown):
        if language in SHELL:
            yield from (Command(line, page, True) for line in _lines(block))
    rest = FENCE.sub("\n", markdown)
    for block in INDENTED.findall(rest):
        yield from (Command(line, page, True) for line in _lines(block))
    for code in WITHIN.findall(INDENTED.sub("\n", rest)):
        text = " ".join(code.split())
        if " " in text and text.split()[0] in PROGRAMS:
            yield Command(text, page, False)


def _lines(block: str) -> Iterator[str]:
    for line in re.sub(r"\\\n\s*", "", block).splitlines():
        if command := REMARK.sub("", line.strip()):
            yield command
