"""Why an answer gave no child: expected failures of a language model, counted and shown."""

from enum import StrEnum


class DiffVerdict(StrEnum):
    """One reason for which an answer does not turn a parent into a different program."""

    UNFINISHED = "unfinished"  # the text breaks off: no end, or a hunk or block without its rest
    NO_HUNK = "no_hunk"  # it holds no hunk, block or program at all
    MALFORMED = "malformed"  # not the format, or hunks that overlap or run backwards
    NO_MATCH = "no_match"  # the lines that it replaces are not in the parent
    AMBIGUOUS = "ambiguous"  # those lines occur more than once, and nothing decides between them
    NO_CHANGE = "no_change"  # it applies, and the child is the parent
    UNENCODABLE = "unencodable"  # the program cannot be written in the format
    NO_ANSWER = "no_answer"  # an endpoint gave none, after all retries

    @property
    def explanation(self) -> str:
        """The reason in words, for the history."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    DiffVerdict.UNFINISHED: "the answer breaks off",
    DiffVerdict.NO_HUNK: "the answer holds no edit",
    DiffVerdict.MALFORMED: "the answer is not in the format, or its edits overlap",
    DiffVerdict.NO_MATCH: "the lines to be replaced are not in the parent",
    DiffVerdict.AMBIGUOUS: "the lines to be replaced occur more than once",
    DiffVerdict.NO_CHANGE: "the child is the parent",
    DiffVerdict.UNENCODABLE: "the parent or message cannot be written for the model",
    DiffVerdict.NO_ANSWER: "the endpoint gave no answer",
}
