import jax
import jax.numpy as jnp
import numpy as np
import pytest

from elmjax.lm.config import DecoderConfig
from elmjax.lm.loss import target_losses
from elmjax.lm.packing import Document, pack
from elmjax.lm.places import Cursor, place, places
from elmjax.lm.sampler import Sampler
from elmjax.lm.tokenizer import Tokenizer

PROGRAMS = ("<|bos|><|0|>a\n<|1|>bc\n<|message|>m<|diff|>", "<|0|>abc\n<|1|>\n<|2|>cc\n")


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.train([], entries=256)  # a token for every byte


@pytest.fixture(scope="module")
def prompts(tokenizer):
    return [tokenizer.encode(program) for program in PROGRAMS]


def test_an_edit_stands_at_the_lines_that_it_names(tokenizer):
    prompt = tokenizer.encode("<|0|>a\n<|1|>bc\n")
    edit = tokenizer.encode("<|1|><|2|><|add|>bd\n<|add|>e\n<|end|>")
    # <|1|> is the fourth token. Line 2, behind the last, is nowhere, but keeps the place of 1.
    assert place(tokenizer, prompt, edit) == [3, 3, 3, 4, 5, 6, 7, 8, 9, 10]


def test_what_names_no_line_follows_the_prompt(tokenizer):
    prompt = tokenizer.encode(PROGRAMS[0])
    last = len(prompt) - 1
    written = tokenizer.encode("abc<|end|>")
    assert place(tokenizer, prompt, written) == [last + 1, last + 2, last + 3, last + 4]
    # A line that the prompt does not have: one behind, like any token.
    assert place(tokenizer, prompt, tokenizer.encode("a<|9|>b")) == [last + 1, last + 2, last + 3]


def test_hunks_go_on_from_line_to_line(tokenizer):
    prompt = tokenizer.encode(PROGRAMS[1])  # lines at 0, 5 and 7
    edit = tokenizer.encode("<|0|><|1|><|2|><|2|><|add|>x\n<|end|>")
    # A hunk that only deletes is followed at once by the next one, whose tokens are marks too.
    assert place(tokenizer, prompt, edit) == [0, 0, 0, 0, 0, 1, 2, 3]


def test_the_sampler_walks_as_training_does(tokenizer, prompts):
    rng = np.random.default_rng(0)
    of_interest = [*tokenizer.encode("<|0|><|1|><|2|><|3|><|add|><|end|>ab\n")]
    written = rng.choice(of_interest, (2, 5, 40))
    rules = places(tokenizer, prompts, tokenizer.vocab_size)
    cursor = Cursor(
        position=jnp.array([[len(prompt) - 1] * 5 for prompt in prompts]),
        at_mark=jnp.zeros((2, 5), bool),
    )
    walked = []
    for step in range(40):
        cursor = rules.after(cursor, jnp.asarray(written[..., step]))
        walked.append(np.asarray(cursor.position))
    for parent, prompt in enumerate(prompts):
        for slot in range(5):
            wanted = place(tokenizer, prompt, written[parent, slot].tolist())
            assert [step[parent, slot] for step in walked] == wanted


@pytest.mark.parametrize("placed", [True, False])
def test_what_is_sampled_is_as_likely_in_training(tokenizer, prompts, loud_params, placed):
    config = DecoderConfig(vocab_size=tokenizer.vocab_size, layers=2, width=16, heads=2, hidden=24)
    params = loud_params(config)
    sampler = Sampler(
        config=config, children=3, max_new_tokens=9, end_token=tokenizer.end, slots=2, threads=1
    )
    # Lines are named often.
    lines = np.array([tokenizer.line_token(line) for line in range(3)])
    embedding = params["embedding"]["embedding"]
    params["embedding"]["embedding"] = embedding.at[lines].multiply(3.0)
    drawn = sampler(
        params,
        prompts,
        jax.random.key(0),
        places=places(tokenizer, prompts, config.vocab_size),
    )
    assert np.isin(drawn.tokens, lines).mean() > 0.1
    equal = []
    for prompt, rows, lengths, log_probs in zip(
        prompts, drawn.tokens, drawn.length, drawn.log_prob, strict=True
    ):
        written = [row[:length].tolist() for row, length in zip(rows, lengths, strict=True)]
        positions = [place(tokenizer, prompt, row) for row in written]
        document = Document(
            prompt=prompt, continuations=written, positions=positions if placed else None
        )
        batch = pack([document], document.slots).batch
        losses = target_losses(params, config, batch)[0, len(prompt) - 1 :]
        scores = np.concatenate([row[:n] for row, n in zip(log_probs, lengths, strict=True)])
        equal.append(np.allclose(-losses, scores, atol=1e-3))
    assert all(equal) == placed
