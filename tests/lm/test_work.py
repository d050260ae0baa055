"""Operations of a decoder against a count made weight by weight."""

import threading

from elmjax.lm.config import DecoderConfig
from elmjax.lm.work import Drawn, Meter, operations_per_token

SHAPE = DecoderConfig(vocab_size=100, layers=3, width=16, heads=4, hidden=48)


def test_operations_are_two_for_every_weight_that_a_token_meets() -> None:
    attention = 4 * 16 * 16  # queries, keys, values, output
    feed_forward = 3 * 16 * 48  # two in, gated, and one out
    output = 16 * 100
    assert operations_per_token(SHAPE) == 2 * (3 * (attention + feed_forward) + output)


def test_shared_keys_and_values_cost_less() -> None:
    shared = DecoderConfig(
        vocab_size=100, layers=3, width=16, heads=4, hidden=48, key_value_heads=1
    )
    # Keys and values of one head of 4 in the place of four.
    saved = 2 * 3 * 2 * (16 * 16 - 16 * 4)
    assert operations_per_token(SHAPE) - operations_per_token(shared) == saved


def test_biases_and_norms_do_not_count() -> None:
    biased = DecoderConfig(
        vocab_size=100,
        layers=3,
        width=16,
        heads=4,
        hidden=48,
        query_key_value_bias=True,
        attention_out_bias=True,
        feed_forward_bias=True,
    )
    assert operations_per_token(biased) == operations_per_token(SHAPE)


def test_a_meter_adds_up_what_threads_sample_and_starts_anew() -> None:
    meter = Meter()
    threads = [threading.Thread(target=meter.add, args=(SHAPE, 10, 0.5)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drawn = meter.take()
    assert (drawn.tokens, drawn.seconds) == (80, 4.0)
    assert drawn.operations == 80 * operations_per_token(SHAPE)
    assert meter.take() == Drawn()
