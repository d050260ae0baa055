"""A language model that knows nothing, and one that writes what a test wants."""

import jax
import pytest

from elmjax.lm import decoder
from elmjax.lm.store import LanguageModel
from elmjax.lm.tokenizer import Tokenizer
from elmjax.mutators import LanguageMutator
from elmjax.programs import SEEDS, canonical


@pytest.fixture(scope="session")
def parents() -> list[str]:
    return [canonical(SEEDS[name]) for name in ("square", "radial")]


@pytest.fixture(scope="session")
def untrained(parents) -> LanguageModel:
    tokenizer = Tokenizer.train(parents, entries=300)
    config = decoder.DecoderConfig(
        vocab_size=tokenizer.vocab_size, layers=1, width=16, heads=2, hidden=32
    )
    params = decoder.init(config, jax.random.key(0))
    # Layers start by adding nothing, and such a model says its last token again and again.
    params["embedding"]["embedding"] *= 0.1
    return LanguageModel(params=params, config=config, tokenizer=tokenizer)


@pytest.fixture
def write(monkeypatch):
    """Puts answers in the model's mouth, the same ones for every request."""

    def put(*completions) -> list[list[list[int] | None]]:
        asked = []

        def complete(self, requests, children, _seed):
            asked.append([self._prompt(request) for request in requests])
            return [list(completions[:children]) for _ in requests]

        monkeypatch.setattr(LanguageMutator, "_complete", complete)
        return asked

    return put
