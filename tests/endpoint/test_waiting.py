import random
from datetime import UTC, datetime

import pytest

from elmjax.endpoint.waiting import asked_wait, backoff

NOW = datetime(2024, 2, 29, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7),
        ("0.25", 0.25),
        ("-3", 0),
        ("soon", None),
        ("nan", None),
        ("Thu, 29 Feb 2024 12:01:30 GMT", 90),
        ("Thu, 29 Feb 2024 13:01:30 +0100", 90),
        ("Thu, 29 Feb 2024 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_a_number_or_a_date(header, seconds) -> None:
    assert asked_wait(header, NOW) == seconds


def test_no_wait_is_longer_than_the_longest_nor_shorter_than_half() -> None:
    rng = random.Random(0)
    for retry, whole in ((0, 2.0), (1, 4.0), (3, 16.0), (4, 20.0), (5000, 20.0)):
        waits = [backoff(retry, 2.0, 20.0, rng) for _ in range(200)]
        assert whole / 2 <= min(waits) < max(waits) <= whole
        assert max(waits) - min(waits) > whole / 3  # they do not come all at once
