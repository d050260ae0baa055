"""Configuration: frozen dataclasses, read from a TOML file and overridden from the command line."""

from elmjax.config.load import ConfigError, dump, load, load_dumped, named_configs
from elmjax.config.schema import (
    Conditional,
    Config,
    DiffFormat,
    Evolve,
    Finetune,
    GridConfig,
    Model,
    Operator,
    Optimiser,
    Pretrain,
    Programs,
    Rates,
    Rejection,
    Robust,
)

__all__ = [
    "Conditional",
    "Config",
    "ConfigError",
    "DiffFormat",
    "Evolve",
    "Finetune",
    "GridConfig",
    "Model",
    "Operator",
    "Optimiser",
    "Pretrain",
    "Programs",
    "Rates",
    "Rejection",
    "Robust",
    "dump",
    "load",
    "load_dumped",
    "named_configs",
]
