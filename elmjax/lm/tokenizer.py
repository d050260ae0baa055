"""Byte-level BPE for short programs: lossless, line by line, every digit on its own.

GPT-2's pre-tokeniser splits at every change between letters and punctuation, and so forbids the
merges that programs repeat most (`walker.add_joint(`); here only line ends and digits split.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

from tokenizers import AddedToken, Regex, decoders, models, pre_tokenizers, trainers
from tokenizers import Tokenizer as Encoder

PAD, BOS, END = "<|pad|>", "<|bos|>", "<|end|>"
PROGRAM, MESSAGE, DIFF, ADD = "<|program|>", "<|message|>", "<|diff|>", "<|add|>"
TOKENIZER_FILE = "tokenizer.json"
LINES = 128  # a line number is one token
SPECIALS = (PAD, BOS, END, PROGRAM, MESSAGE, DIFF, ADD, *(f"<|{line}|>" for line in range(LINES)))

BPE_ENTRIES = 1024  # the 256 bytes included; the special tokens follow
LONGEST_TOKEN = 16  # bytes


class Tokenizer:
    """Text to ids and back. A special string in a text becomes its one id.

    Attributes:
        pad: Id of `<|pad|>`; likewise `bos`, `end`, `program`, `message`, `diff` and `add`.
        opening: Ids that ask for a whole program.
    """

    def __init__(self, encoder: Encoder):
        """Wraps a `tokenizers.Tokenizer`.

        Raises:
            ValueError: If it lacks one of `SPECIALS`.
        """
        missing = [special for special in SPECIALS if encoder.token_to_id(special) is None]
        if missing:
            raise ValueError(
                f"the tokenizer lacks {len(missing)} special tokens, first {missing[0]}; "
                f"train one with Tokenizer.train"
            )
        self._encoder = encoder
        self.pad, self.bos, self.end = (self.special(name) for name in (PAD, BOS, END))
        self.program, self.message = self.special(PROGRAM), self.special(MESSAGE)
        self.diff, self.add = self.special(DIFF), self.special(ADD)
        self.opening = (self.bos, self.program)

    @classmethod
    def train(cls, texts: Iterable[str], *, entries: int = BPE_ENTRIES) -> Tokenizer:
        """Learns the merges.

        Args:
            texts: Training texts, without special strings.
            entries: Bytes and merges together; fewer come out if the texts hold fewer pairs.
        """
        encoder = Encoder(models.BPE())
        encoder.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(r"[^\n]*\n|[^\n]+"), "isolated"),
                pre_tokenizers.Digits(individual_digits=True),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        encoder.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=entries,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            max_token_length=LONGEST_TOKEN,
            show_progress=False,
        )
        encoder.train_from_iterator(texts, trainer)
        encoder.add_special_tokens(
            [AddedToken(special, special=True, normalized=False) for special in SPECIALS]
        )
        return cls(encoder)

    @cached_property
    def vocab_size(self) -> int:
        """Entries, special tokens included; one more than the largest id."""
        return self._encoder.get_vocab_size(with_added_tokens=True)

    def special(self, text: str) -> int:
        """Id of a special string.

        Raises:
            ValueError: If it is not one of `SPECIALS`.
        """
        token = self._encoder.token_to_id(text)
        if text not in SPECIALS or token is None:
            raise ValueError(f"{text!r} is not a special token")
        return token

    def line_token(self, line: int) -> int:
        """Id of the token of a line number.

        Raises:
            ValueError: If no line has that number.
        """
        if not 0 <= line < LINES:
            raise ValueError(f"line must be in 0..{LINES - 1}, got {line}")
        return self.special(f"<|{line}|>")

    @cached_property
    def line_tokens(self) -> frozenset[int]:
        """Ids of the tokens of all line numbers."""
        return frozenset(map(self.line_token, range(LINES)))

    def encode(self, text: str) -> list[int]:
        """Ids of a text; nothing is added at either end."""
        return self._encoder.encode(text, add_special_tokens=False).ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of many texts, on all cores."""
        return [done.ids for done in self._encoder.encode_batch(texts, add_special_tokens=False)]

    def decode(self, ids: Sequence[int]) -> str:
        """Text of ids, special strings kept; bytes that are not UTF-8 become U+FFFD."""
        return self._encoder.decode(list(ids), skip_special_tokens=False)

    @cached_property
    def token_bytes(self) -> tuple[bytes, ...]:
        """What every token stands for, by id."""
        alphabet = byte_alphabet()
        return tuple(
            text.encode() if text in SPECIALS else bytes(alphabet[letter] for letter in text)
            for text, _ in sorted(self._encoder.get_vocab().items(), key=lambda entry: entry[1])
        )

    def save(self, path: str | Path) -> None:
        """Writes `tokenizer.json`, as Hugging Face reads it."""
        # Its own `save` raises no OSError where the disk is full.
        Path(path).write_text(self._encoder.to_str(pretty=True), encoding="utf-8")

    def write(self, folder: Path) -> None:
        """Writes all that `transformers` needs to read the tokenizer."""
        self.save(folder / TOKENIZER_FILE)
        content = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "pad_token": PAD,
            "bos_token": BOS,
            "eos_token": END,
            "clean_up_tokenization_spaces": False,
        }
        path = folder / "tokenizer_config.json"
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Tokenizer:
        """Reads what `save` wrote.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is no tokenizer with our special tokens.
        """
        return cls(_read(path))

    @staticmethod
    def is_ours(path: str | Path) -> bool:
        """Whether a file is one that `save` wrote, or like it.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is no tokenizer at all.
        """
        encoder = _read(path)
        return all(encoder.token_to_id(special) is not None for special in SPECIALS)


def _read(path: str | Path) -> Encoder:
    if not Path(path).is_file():
        raise FileNotFoundError(f"no tokenizer at {path}")
    try:
        return Encoder.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise ValueError(f"{path} is not a tokenizer.json: {error}") from error


def byte_alphabet() -> dict[str, int]:
    """The letters that byte-level BPE writes for bytes: printable ones for themselves.

    The others follow from U+0100 on, in order (Radford et al. 2019, `encoder.py` of GPT-2).
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {chr(byte): byte for byte in printable}
    return letters | {chr(0x100 + place): byte for place, byte in enumerate(others)}
