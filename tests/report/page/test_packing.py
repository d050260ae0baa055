"""What the page unpacks is what was packed; `unpacked` does what the page's script does."""

import base64
import json
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from elmjax.report.page import pack, pack_track


def inflated(letters: str) -> bytes:
    return zlib.decompress(base64.b64decode(letters), -zlib.MAX_WBITS)


def unpacked(track) -> np.ndarray:
    frames, joints = track["frames"], track["joints"]
    low, high = np.frombuffer(inflated(track["data"]), np.uint8).reshape(2, -1).astype(int)
    folded = (low + 256 * high).reshape(2, joints, frames)
    steps = np.where(folded % 2 == 1, -(folded + 1) // 2, folded // 2)
    return (np.cumsum(steps, axis=2) / 64).transpose(2, 1, 0)


@given(arrays(np.float32, (5, 3, 2), elements=st.floats(-200, 200, width=32)))
def test_a_track_keeps_its_positions_to_half_a_unit(positions) -> None:
    track = pack_track(positions)
    assert (track["frames"], track["joints"]) == (5, 3)
    assert np.abs(unpacked(track) - positions).max() <= 1 / 128


def test_a_smooth_walk_takes_little_more_than_a_byte_a_number() -> None:
    time = np.linspace(0, 10, 151)[:, None, None]
    phases = np.arange(20).reshape(1, 10, 2)
    positions = 3 * time * [1, 0] + np.sin(6 * time + phases)
    letters = len(pack_track(positions)["data"])
    assert letters < 1.5 * positions.size


def test_a_joint_that_leaves_the_range_is_refused() -> None:
    with pytest.raises(ValueError, match="too far"):
        pack_track(np.array([[[0.0, 0.0]], [[600.0, 0.0]]]))


def test_plain_data_comes_back() -> None:
    value = {"program": "print('</script>')\n", "numbers": [1, None, 2.5], "ä": "ß"}
    assert json.loads(inflated(pack(value))) == value


def test_packed_text_needs_no_escape() -> None:
    assert not set(pack(["<>&\"'\\"])) & set("<>&\"'\\")


def test_what_json_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        pack([float("nan")])
