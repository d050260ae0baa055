"""What tests of several packages share."""

from pathlib import Path

import jax
import pytest

from elmjax.lm import decoder, store
from elmjax.lm.config import DecoderConfig
from elmjax.lm.store import LanguageModel
from elmjax.lm.tokenizer import Tokenizer
from elmjax.programs import SEEDS


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory) -> Path:
    """A tiny model that has learned nothing."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tokenizer = Tokenizer.train(list(SEEDS.values()), entries=300)
    config = DecoderConfig(vocab_size=tokenizer.vocab_size, layers=1, width=16, heads=2, hidden=32)
    params = decoder.init(config, jax.random.key(0))
    store.save(folder, LanguageModel(params=params, config=config, tokenizer=tokenizer))
    return folder
