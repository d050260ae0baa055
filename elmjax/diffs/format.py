"""What a mutation format is: how a language model is asked for a child and how its answer is read.

A format is text on both sides: it knows neither models nor what programs mean. Whether a child is
Python at all is therefore not asked here: an answer that gives another text than its parents has
applied, and the jail finds `syntax`. "Applied", "run" and "valid" so mean the same in all formats.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from elmjax.diffs.verdict import DiffVerdict


@dataclass(frozen=True)
class Completion:
    """What a model wrote after a prompt.

    Attributes:
        text: Without what ended it.
        ended: False where the tokens ran out before the model had ended.
    """

    text: str
    ended: bool


@dataclass(frozen=True, kw_only=True)
class Format:
    """One way to ask for a child of some parents.

    The first parent is the one that the child is compared with; the others are for formats that
    read several.

    Attributes:
        name: As in the configuration.
        prompt: From parents and message to the text that the model completes; UNENCODABLE where
            the format cannot hold them.
        read: From a completion, cut at `stop`, and the parents to the child, or why there is none.
        write: From parents and child to the text of a completion that `read` should read.
        stop: Ends the completion wherever it occurs; None where only the model itself ends it.
        takes_message: Whether the prompt holds the message.
    """

    name: str
    prompt: Callable[[Sequence[str], str], str | DiffVerdict]
    read: Callable[[Completion, Sequence[str]], str | DiffVerdict]
    write: Callable[[Sequence[str], str], str | DiffVerdict]
    stop: str | None = None
    takes_message: bool = True

    def child(self, completion: Completion, parents: Sequence[str]) -> str | DiffVerdict:
        """The child that a completion writes down: a text unlike all parents, or a verdict."""
        if self.stop is not None:
            text, stop, _ = completion.text.partition(self.stop)
            completion = Completion(text, completion.ended or bool(stop))
        child = self.read(completion, parents)
        if isinstance(child, DiffVerdict):
            return child
        return DiffVerdict.NO_CHANGE if child in parents else child

    def completion(self, parents: Sequence[str], child: str) -> str | DiffVerdict:
        """What a model should write to give `child`.

        Returns:
            The text, or NO_CHANGE where the child is a parent, or UNENCODABLE where any text of
            this format would be read as something else.
        """
        if child in parents:
            return DiffVerdict.NO_CHANGE
        text = self.write(parents, child)
        if isinstance(text, DiffVerdict):
            return text
        reread = self.child(Completion(text, ended=True), parents)
        return text if reread == child else DiffVerdict.UNENCODABLE
