"""Encoders that a configuration asks for."""

import dataclasses

import pytest

from elmjax.config import ConfigError
from elmjax.stages.encoders import check_encoder


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"encoder_weights": "somewhere"}, "got weights for the encoder 'codes'"),
        ({"encoder": "image", "image": (30, 64)}, "image must be a multiple of 16 x 32 pixels"),
        (
            {"encoder": "resnet50", "encoder_weights": "somewhere"},
            r"somewhere holds no readable config\.json",
        ),
    ],
)
def test_encoders_that_cannot_be_made_are_told_early(small_config, change, said) -> None:
    with pytest.raises(ConfigError, match=said):
        check_encoder(dataclasses.replace(small_config.conditional, **change))
