"""Why a diff gave no child: expected failures of a language model, counted and shown."""

from enum import StrEnum


class DiffVerdict(StrEnum):
    """One reason for which a diff does not turn a parent into a different program."""

    UNFINISHED = "unfinished"  # the text breaks off: no end token, or a hunk without lines
    NO_HUNK = "no_hunk"  # well-formed, but it holds no hunk at all
    MALFORMED = "malformed"  # not the format, or hunks that overlap or run backwards
    NO_MATCH = "no_match"  # the lines that it replaces are not in the parent
    AMBIGUOUS = "ambiguous"  # those lines occur more than once, equally far from the line named
    NO_CHANGE = "no_change"  # it applies, and the child is the parent
    UNENCODABLE = "unencodable"  # the program cannot be written in the format

    @property
    def explanation(self) -> str:
        """The reason in words, for the history."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    DiffVerdict.UNFINISHED: "the diff breaks off",
    DiffVerdict.NO_HUNK: "the diff holds no hunk",
    DiffVerdict.MALFORMED: "the text is not a diff, or its hunks overlap",
    DiffVerdict.NO_MATCH: "the lines to be replaced are not in the parent",
    DiffVerdict.AMBIGUOUS: "the lines to be replaced occur more than once",
    DiffVerdict.NO_CHANGE: "the child is the parent",
    DiffVerdict.UNENCODABLE: "the parent cannot be written for the model",
}
