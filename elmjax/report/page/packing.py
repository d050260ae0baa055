"""Data for the page: compressed, in letters that need no escape in a script element."""

import base64
import json
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNITS_PER_METRE = 64  # of a track: a joint is 32 of them in radius


def pack(value: Any) -> str:
    """A value of JSON, compressed; the page's `unpack` undoes it.

    Args:
        value: Plain data without NaN.

    Raises:
        ValueError: There is a NaN or an infinity in it.
    """
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return _letters(text.encode())


def pack_track(positions: NDArray[np.floating]) -> dict[str, Any]:
    """Positions over time, rounded to 1/64 m; the page's `unpackTrack` undoes it.

    Neighbours in time differ little: the differences of each coordinate are stored, small ones of
    both signs as small numbers, all low bytes before all high bytes, because the high ones are
    mostly zero.

    Args:
        positions: [frames, joints, 2] m, finite and within 500 m of the start.

    Returns:
        `frames`, `joints` and the packed `data`.
    """
    frames, joints, _ = positions.shape
    units = np.rint(np.asarray(positions, np.float64) * UNITS_PER_METRE).astype(np.int64)
    steps = np.diff(units, axis=0, prepend=np.zeros_like(units[:1])).transpose(2, 1, 0)
    folded = np.where(steps >= 0, 2 * steps, -2 * steps - 1)
    if folded.max(initial=0) > np.iinfo(np.uint16).max:
        raise ValueError("a joint moves too far between two frames to be stored")
    words = folded.astype(np.uint16).ravel()
    low, high = (words & 255).astype(np.uint8), (words >> 8).astype(np.uint8)
    return {"frames": frames, "joints": joints, "data": _letters(low.tobytes() + high.tobytes())}


def _letters(content: bytes) -> str:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)  # without a header
    return base64.b64encode(compressor.compress(content) + compressor.flush()).decode("ascii")
