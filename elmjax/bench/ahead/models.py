"""Language models of which only the shapes are known: nothing is read where nothing has to be."""

from collections.abc import Callable
from dataclasses import replace

import jax

from elmjax.lm.store import LanguageModel


def abstract_model(make: Callable[[], LanguageModel]) -> LanguageModel:
    """What `make` returns, with shapes in the place of its parameters."""
    made: list[LanguageModel] = []

    def params() -> object:
        made.append(make())
        return made[-1].params

    shapes = jax.eval_shape(params)
    return replace(made[-1], params=shapes)
