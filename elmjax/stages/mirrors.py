"""The mirrors of a run's metrics log, as configured."""

from dataclasses import asdict
from pathlib import Path

from elmjax.config import Config, ConfigError
from elmjax.report.mirror import Mirror, MirrorError
from elmjax.report.tensorboard import TensorBoard
from elmjax.report.weights_and_biases import WeightsAndBiases


def mirrors(folder: Path, config: Config) -> list[Mirror]:
    """What shows the metrics of a run besides its log; they have not begun.

    Raises:
        ConfigError: a package is missing; the message names the extra that brings it.
    """
    asked: list[Mirror] = []
    try:
        if config.metrics.tensorboard:
            asked.append(TensorBoard(folder / "tensorboard"))
        if config.metrics.wandb:
            asked.append(WeightsAndBiases(folder, config.metrics.wandb, asdict(config)))
    except MirrorError as error:
        raise ConfigError(str(error)) from None
    return asked
