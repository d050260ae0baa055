"""Checks of a terrain's parameters: one line for what is out of range, with what was wanted."""

import difflib
import math
from collections.abc import Sequence

FARTHEST = 400.0  # m, largest coordinate: positions are float32


def check_positive(terrain: str, *, most: float = FARTHEST, **values: float) -> None:
    """Refuses values that are not more than 0 and at most `most`."""
    for name, value in values.items():
        if not 0.0 < value <= most:
            raise ValueError(
                f"{terrain}: {name}: got {value!r}, want more than 0, at most {most:g}"
            )


def check_between(terrain: str, least: float, most: float, **values: float) -> None:
    """Refuses values that are not from `least` to `most`."""
    for name, value in values.items():
        if not least <= value <= most:
            raise ValueError(f"{terrain}: {name}: got {value!r}, want {least:g} to {most:g}")


def check_zero_or(terrain: str, least: float, most: float, **values: float) -> None:
    """Refuses values that are neither 0, which switches an obstacle off, nor in a range."""
    for name, value in values.items():
        if value != 0.0 and not least <= value <= most:
            raise ValueError(f"{terrain}: {name}: got {value!r}, want 0 or {least:g} to {most:g}")


def check_range(terrain: str, least: float, most: float, **values: float) -> None:
    """Refuses two values of which the first is larger, unless the second is 0: switched off."""
    check_zero_or(terrain, least, most, **values)
    (lower_name, lower), (upper_name, upper) = values.items()
    if lower > upper > 0.0:
        raise ValueError(
            f"{terrain}: {lower_name}: got {lower!r}, want at most {upper_name}, {upper!r}"
        )


def check_whole(terrain: str, *, most: float = math.inf, **values: float) -> None:
    """Refuses values that are not whole numbers from 0 to `most`."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            limit = f", at most {most:g}" if most < math.inf else ""
            raise ValueError(
                f"{terrain}: {name}: got {value!r}, want a whole number, 0 or more{limit}"
            )


def unknown(kind: str, got: str, known: Sequence[str]) -> str:
    """The message for a name that is none of the known, with the nearest of them."""
    close = difflib.get_close_matches(got, known, n=1, cutoff=0.4)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    wanted = ", ".join(known) if known else "none"
    return f"unknown {kind}: got {got!r}, want one of: {wanted}{hint}"
