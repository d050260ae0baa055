import math

import numpy as np
import pandas as pd
import pytest

from elmjax import config as configuration
from elmjax.experiments.stage2 import probes
from elmjax.lm.store import load
from elmjax.stages.properties import comment
from elmjax.stages.run import model_folder


def test_a_comment_can_be_begun_without_cutting_a_token() -> None:
    # Asking for the digits alone must read the tokens that training saw.
    tokenizer = load(model_folder("walker")).tokenizer
    whole = comment({"fitness": 12.3, "height": 4.0, "width": 5.0, "mass": 60.0})
    begun = tokenizer.encode(probes._OPENING)
    assert tokenizer.encode(whole)[: len(begun)] == begun
    assert len(tokenizer.encode(whole)) < probes.COMMENT_TOKENS


def test_spearman_needs_three_pairs_that_change() -> None:
    assert probes._spearman([1, 2, 3], [10, 20, 25]) == pytest.approx(1.0)
    assert probes._spearman([1, 2, 3], [3, 2, 1]) == pytest.approx(-1.0)
    assert probes._spearman([1, 2], [1, 2]) is None
    assert probes._spearman([1, 1, 1], [1, 2, 3]) is None


def test_orders_are_met_within_a_niches_size() -> None:
    config = configuration.load()  # niches of 2 m by 2 m
    wanted = pd.DataFrame({"height": [5.0, 5.0, 5.0, 5.0], "width": [8.0] * 4})
    came = pd.DataFrame({"height": [6.9, 7.1, 5.0, math.nan], "width": [6.1, 8.0, 10.5, math.nan]})
    assert probes._is_near(config, wanted, came).tolist() == [True, False, False, False]


def test_the_band_is_the_middle_of_heights_and_widths_and_never_empty() -> None:
    heights = np.arange(0.0, 110.0, 10.0)
    programs = pd.DataFrame({"height": heights, "width": [10.5] * 11})
    band = probes.middle_band(configuration.load(), programs)
    assert band.height == pytest.approx((40.0, 60.0))
    assert band.width == pytest.approx((10.5, 12.5))  # a niche of 2 m
