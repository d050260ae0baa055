"""Programs that begin with a given text."""

import pytest

from elmjax.lm.store import load
from elmjax.programs import SEEDS, canonical
from elmjax.stages import samples
from elmjax.stages.run import model_folder
from elmjax.stages.samples import complete_programs


@pytest.fixture(scope="module")
def model():
    return load(model_folder("walker"))


def complete(model, openings, **changes):
    values = {"max_new_tokens": 160, "temperature": 0.6, "blanks": 4, "seed": 0}
    return complete_programs(model, openings, 3, **(values | changes))


def test_completions_begin_with_their_opening_and_some_end(model) -> None:
    openings = [canonical(SEEDS[name])[:-1].rpartition("\n")[0] + "\n" for name in SEEDS]
    written = complete(model, openings)
    assert [len(texts) for texts in written] == [3] * 4
    ended = [
        (o, text) for o, texts in zip(openings, written, strict=True) for text in texts if text
    ]
    assert len(ended) > 6  # all but the last line is given
    assert all(text.startswith(opening) and len(text) > len(opening) for opening, text in ended)
    assert complete(model, openings) == written
    assert complete(model, openings, seed=1) != written


def test_an_opening_that_no_prompt_holds_gives_nothing_and_the_others_stay(
    model, monkeypatch
) -> None:
    monkeypatch.setattr(samples, "OPENINGS_AT_ONCE", 1)
    openings = ["x = 1\n" * 400, "import math\n", "import math\n"]
    written = complete(model, openings, max_new_tokens=8, temperature=0.0)
    assert written[0] == [None] * 3
    assert len(written) == 3
    assert written[1] == written[2]  # the likeliest tokens
