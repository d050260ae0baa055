"""The terrain encoder that the section `conditional` asks for."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax

from elmjax.config import Conditional, ConfigError
from elmjax.lm.decoder import Params
from elmjax.lm.resnet_weights import load_resnet, read_network, resnet_config
from elmjax.lm.terrain_encoder import TerrainEncoderConfig, resnet50


def encoder_config(config: Conditional, width: int) -> TerrainEncoderConfig:
    """Shape of the encoder.

    Raises:
        ConfigError: where it cannot read pictures of that size, or weights cannot be read.
    """
    size: dict[str, Any] = {"width": width, "slots": config.slots}
    try:
        if config.encoder == "codes":
            return TerrainEncoderConfig(
                kind="codes", codes=len(config.terrains) + len(config.unseen), **size
            )
        if config.encoder == "image":
            return TerrainEncoderConfig(kind="image", image=config.image, **size)
        if not config.encoder_weights:
            return resnet50(image=config.image, **size)
    except ValueError as error:
        raise ConfigError(f"conditional.encoder: {error}") from None
    with _naming_weights():
        return resnet_config(Path(config.encoder_weights), image=config.image, **size)


def check_encoder(config: Conditional) -> None:
    """Refuses an encoder that could not be made, and weights for one that reads none.

    Raises:
        ConfigError: naming what is wrong.
    """
    if config.encoder_weights and config.encoder != "resnet50":
        raise ConfigError(
            f"conditional.encoder_weights: got weights for the encoder {config.encoder!r}, wanted "
            "'resnet50'"
        )
    encoder = encoder_config(config, width=1)
    if config.encoder_weights:
        with _naming_weights():
            read_network(Path(config.encoder_weights), encoder)


def encoder_weights(
    config: Conditional, encoder: TerrainEncoderConfig, key: jax.Array
) -> Params | None:
    """Parameters that the encoder starts with; None for random ones.

    Raises:
        ConfigError: where weights cannot be read.
    """
    if not config.encoder_weights:
        return None
    with _naming_weights():
        return load_resnet(Path(config.encoder_weights), encoder, key)


@contextmanager
def _naming_weights() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ConfigError(f"conditional.encoder_weights: {error}") from None
