"""Comments that tell what a program's walker is like (paper, appendix H).

Before a program they are an order: the model writes the walker that a comment describes. After it
they are a prediction: the model reads the program and says what its walker will be like.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd

from elmjax.config import Band

PROPERTIES = ("fitness", "height", "width", "mass")
Placement = Literal["none", "prefix", "postfix"]

_COMMENT = re.compile(" ".join(["#", *(rf"{name} (-?\d+\.\d)" for name in PROPERTIES)]))


def comment(values: Mapping[Any, float]) -> str:
    """One line, with one decimal each."""
    return " ".join(["#", *(f"{name} {values[name]:.1f}" for name in PROPERTIES)]) + "\n"


def read_comment(text: str) -> dict[str, float] | None:
    """What the first comment in a text says; None where there is none."""
    found = _COMMENT.search(text)
    if found is None:
        return None
    return dict(zip(PROPERTIES, map(float, found.groups()), strict=True))


def annotated(programs: pd.DataFrame, placement: Placement) -> list[str]:
    """Texts that a model learns: the programs with their comments.

    Args:
        programs: `program` and the columns `PROPERTIES`.
        placement: Of the comment.
    """
    texts = programs["program"].tolist()
    if placement == "none":
        return texts
    comments = [comment(row) for row in programs[list(PROPERTIES)].to_dict("records")]
    pairs = zip(comments, texts, strict=True)
    return [said + text if placement == "prefix" else text + said for said, text in pairs]


def in_band(programs: pd.DataFrame, band: Band) -> pd.Series:
    """[programs] whether height and width both lie in the band."""
    (low, high), (narrow, wide) = band.height, band.width
    height, width = programs["height"], programs["width"]
    return (height >= low) & (height < high) & (width >= narrow) & (width < wide)
