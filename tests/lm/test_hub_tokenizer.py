"""Tokenizers of models from elsewhere: text comes back, byte by byte."""

import json

import pytest
import transformers
from tokenizers import ByteLevelBPETokenizer, Tokenizer, decoders, models, normalizers, trainers

from elmjax.lm.hub_tokenizer import HubTokenizer
from elmjax.programs import SEEDS

END = "<|endoftext|>"
TEXTS = [
    *SEEDS.values(),
    "def f(x):\n\treturn  x\n\n\n",
    "    indented by four\n        and eight\n",
    " a space before, and one behind ",
    "größer als 1.5 → \U0001f98e\n",
    "@@ -1,2 +1,3 @@\n-x = 1\n+x = 2\n",
    "\r\n",
    "",
]


def byte_level() -> Tokenizer:
    """As of GPT-2, CodeGen, Qwen, Llama 3, StarCoder2 and SmolLM3."""
    encoder = ByteLevelBPETokenizer()
    encoder.train_from_iterator(SEEDS.values(), vocab_size=400, special_tokens=[END])
    return encoder._tokenizer


def sentence_piece() -> Tokenizer:
    """As of Gemma: spaces are written as a letter, and what no token spells as bytes."""
    encoder = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    encoder.normalizer = normalizers.Replace(" ", "▁")
    encoder.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    specials = ["<unk>", END, *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=500, special_tokens=specials, show_progress=False)
    encoder.train_from_iterator(SEEDS.values(), trainer)
    # The trainer knows no other way to reserve the bytes, which are ordinary tokens.
    content = json.loads(encoder.to_str())
    content["added_tokens"] = [
        token for token in content["added_tokens"] if not token["content"].startswith("<0x")
    ]
    return Tokenizer.from_str(json.dumps(content))


@pytest.fixture(scope="module", params=[byte_level, sentence_piece])
def tokenizer(request) -> HubTokenizer:
    return HubTokenizer(
        transformers.PreTrainedTokenizerFast(tokenizer_object=request.param(), eos_token=END)
    )


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back(tokenizer, text):
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert b"".join(tokenizer.token_bytes[token] for token in ids) == text.encode()


def test_many_texts_are_encoded_alike(tokenizer):
    assert tokenizer.encode_batch(TEXTS) == [tokenizer.encode(text) for text in TEXTS]


def test_what_is_written_is_read(tokenizer, tmp_path):
    tokenizer.write(tmp_path)
    read = HubTokenizer.load(tmp_path)
    assert (read.end, read.pad, read.opening) == (tokenizer.end, tokenizer.pad, tokenizer.opening)
    assert read.vocab_size == tokenizer.vocab_size
    assert read.token_bytes == tokenizer.token_bytes
    for text in TEXTS:
        assert read.encode(text) == tokenizer.encode(text)


def test_the_end_stands_in_for_what_there_is_not(tokenizer):
    """Without tokens for the beginning and for padding."""
    assert tokenizer.pad == tokenizer.end
    assert tokenizer.opening == (tokenizer.end,)
    assert tokenizer.decode([tokenizer.end]) == END
    assert tokenizer.token_bytes[tokenizer.end] == END.encode()


def test_a_token_for_the_beginning_opens():
    made = transformers.PreTrainedTokenizerFast(
        tokenizer_object=byte_level(), eos_token=END, bos_token="<s>", pad_token="<pad>"
    )
    own = HubTokenizer(made)
    assert own.opening == (made.convert_tokens_to_ids("<s>"),)
    assert own.pad == made.convert_tokens_to_ids("<pad>")
    assert len({own.end, own.pad, *own.opening}) == 3


def test_a_tokenizer_without_an_end_is_refused():
    with pytest.raises(ValueError, match="names no eos_token"):
        HubTokenizer(transformers.PreTrainedTokenizerFast(tokenizer_object=byte_level()))


def test_a_folder_without_a_tokenizer_is_named(tmp_path):
    with pytest.raises(ValueError, match=f"{tmp_path} holds no tokenizer") as refused:
        HubTokenizer.load(tmp_path)
    assert len(str(refused.value).splitlines()) == 1
