"""Models of a run on disk: brought together from the devices, and written by host 0."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from elmjax.dist import hosts
from elmjax.dist.placement import fetch
from elmjax.lm import store
from elmjax.lm.store import LanguageModel


def save(folder: Path, model: LanguageModel, **how: Any) -> None:
    """As `store.save`, whose further arguments it takes; returns when the model is there."""
    whole = on_host(model)
    hosts.once(lambda: store.save(folder, whole, **how))


def on_host(model: LanguageModel) -> LanguageModel:
    """The model with its parameters in NumPy, for which all hosts have to ask."""
    return replace(model, params=fetch(model.params))
