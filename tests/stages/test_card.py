"""The card says what the summary says."""

import re

from elmjax import config as configuration
from elmjax.lm.store import load
from elmjax.stages import card
from elmjax.stages.run import model_folder

RATES = {
    "apply": 0.9,
    "differ": 0.99,
    "run": 0.75,
    "change": 0.7,
    "unique": 0.8123,
    "numbers": None,
}
SUMMARY = {
    "programs": 1234,
    "edits": 5678,
    "repairs": 90,
    "tokens": 100_000,
    "edit_tokens": 20_000,
    "test_loss": {"before": 7.0, "after": 0.5},
    "rates": {"generated": {"all": RATES}, "elites": {"all": RATES, "Changed x function.": RATES}},
}


def write(**overrides):
    config = configuration.load(None, list(overrides.items()))
    return card.write(config, load(model_folder("walker")), SUMMARY)


def test_the_card_tells_what_was_measured():
    text = write()
    for told in ("1,234 programs", "5,678 edits", "90 of them repair", "20,000 are edits", "0.500"):
        assert told in text
    assert text.count("| 90.0% | 99.0% | 75.0% | 70.0% | 81.2% | - |") == 3
    assert "rounds of" not in text  # of refinement, of which this recipe has none


def test_the_card_tells_of_the_refinement():
    assert re.search(
        r"refinement \| 2 rounds of \d+ steps", write(**{"pretrain.rejection.rounds": "2"})
    )


def test_the_card_is_titled_by_the_programs_that_were_learned():
    assert write().startswith("# A diff model for walker programs")
    ordinary = write(**{"pretrain.functions": "1.0"})
    assert ordinary.startswith("# A diff model for ordinary functions")
    assert "100% ordinary functions" in ordinary
