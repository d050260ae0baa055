"""The tokenizer of a model from elsewhere, read by `transformers`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from elmjax.lm.tokenizer import byte_alphabet

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")  # a byte that no other token spells


class HubTokenizer:
    """Text to ids and back, for models that were not trained here.

    Attributes:
        end: Id that ends a text.
        pad: Id that fills places; `end` where the tokenizer has none.
        opening: What the model's texts begin with, which asks it for another one.
    """

    def __init__(self, tokenizer: Any):
        """Wraps a `transformers.PreTrainedTokenizerFast`.

        Raises:
            ValueError: If it has no token that ends a text.
        """
        if tokenizer.eos_token_id is None:
            raise ValueError("the tokenizer names no eos_token, so no answer would ever end")
        self._tokenizer = tokenizer
        self.end: int = tokenizer.eos_token_id
        self.pad: int = self.end if tokenizer.pad_token_id is None else tokenizer.pad_token_id
        # Models without a token for the beginning were trained on texts that follow one another.
        begin = tokenizer.bos_token_id
        self.opening: tuple[int, ...] = (self.end if begin is None else begin,)

    @classmethod
    def load(cls, folder: str | Path) -> HubTokenizer:
        """Reads the tokenizer of a model's folder; nothing is fetched and no code of it is run.

        Raises:
            ValueError: If the folder holds none.
        """
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = " ".join(str(error).split())
            raise ValueError(f"{folder} holds no tokenizer: {reason}") from None
        if not tokenizer.is_fast:
            raise ValueError(f"{folder}: the tokenizer has no tokenizer.json; convert it to one")
        return cls(tokenizer)

    @cached_property
    def vocab_size(self) -> int:
        """One more than the largest id."""
        return 1 + max(self._tokenizer.get_vocab().values())

    def encode(self, text: str) -> list[int]:
        """Ids of a text; nothing is added at either end."""
        return list(self._tokenizer.encode(text, add_special_tokens=False))

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of many texts."""
        return [self.encode(text) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids, special strings kept."""
        return str(
            self._tokenizer.decode(
                list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False
            )
        )

    @cached_property
    def token_bytes(self) -> tuple[bytes, ...]:
        """What every token stands for, by id; ids of no token stand for nothing."""
        added = self._tokenizer.get_added_vocab()
        spell = _spelling(self._tokenizer)
        texts = [b""] * self.vocab_size
        for text, token in self._tokenizer.get_vocab().items():
            texts[token] = text.encode() if text in added else spell(text)
        return tuple(texts)

    def write(self, folder: Path) -> None:
        """Writes the tokenizer's files into a folder."""
        self._tokenizer.save_pretrained(folder)


def _spelling(tokenizer: Any) -> Any:
    """From an entry of the vocabulary to its bytes."""
    decoder = json.dumps(json.loads(tokenizer.backend_tokenizer.to_str())["decoder"])
    if '"ByteLevel"' not in decoder:
        return _spell_sentence_piece
    alphabet = byte_alphabet()
    return lambda text: bytes(alphabet[letter] for letter in text)


def _spell_sentence_piece(text: str) -> bytes:
    byte = _BYTE.fullmatch(text)
    return bytes([int(byte[1], 16)]) if byte else text.replace("▁", " ").encode()
