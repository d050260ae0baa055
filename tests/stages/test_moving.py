import pytest

import elmjax
from elmjax.config import load
from elmjax.programs import SEEDS
from elmjax.stages.moving import moving


def test_it_moves_at_its_own_pace() -> None:
    body = elmjax.walker(SEEDS["square"]).body
    picture = moving(load(None, [("seconds", "2")]), body, "hills", "program 0 walks")
    assert len(picture.frames) == 2 * picture.rate + 1
    assert picture.rate == pytest.approx(8)
    assert len(set(picture.frames)) > picture.rate
    assert picture.title == "program 0 walks"
