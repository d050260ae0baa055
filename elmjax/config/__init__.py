"""Configuration: frozen dataclasses, read from a TOML file and overridden from the command line."""

from elmjax.config.load import ConfigError, dump, load, load_dumped, named_configs
from elmjax.config.schema import (
    Conditional,
    Config,
    Evolve,
    Finetune,
    GridConfig,
    Model,
    Optimiser,
    Pretrain,
    Programs,
    Rejection,
    Robust,
)

__all__ = [
    "Conditional",
    "Config",
    "ConfigError",
    "Evolve",
    "Finetune",
    "GridConfig",
    "Model",
    "Optimiser",
    "Pretrain",
    "Programs",
    "Rejection",
    "Robust",
    "dump",
    "load",
    "load_dumped",
    "named_configs",
]
