"""The sampling loop: all children of all parents draw one token a step until all have ended."""

from __future__ import annotations

from collections.abc import Sequence

import flax.struct
import jax
import jax.numpy as jnp
from jax import Array

from elmjax.lm import decoder
from elmjax.lm.attention import Rotation, rotation
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decoder import Block, Params
from elmjax.lm.prefill import LayerMemory, PromptMemory, prefill
from elmjax.lm.prompt import Prompt
from elmjax.lm.sampling import choose_token


@flax.struct.dataclass
class Completions:
    """What the children wrote; after its length a row holds the pad token and log-prob zero."""

    tokens: Array  # [parents, children, time] int32, the end token included
    length: Array  # [parents, children] int32, the end token counted
    log_prob: Array  # [parents, children, time] nats, under the distribution drawn from
    finished: Array  # [parents, children] bool, false where the tokens ran out before the end token


@flax.struct.dataclass
class OwnMemory:
    """Keys and values of what the children wrote so far, of one layer."""

    key: Array  # [parents, heads, children, time, head_width], already rotated
    value: Array  # [parents, heads, children, time, head_width]


@flax.struct.dataclass
class _Progress:
    step: Array  # [] int32, tokens drawn by every unfinished child
    logits: Array  # [parents, children, vocab], of the next token
    memory: tuple[OwnMemory, ...]  # one per layer
    completions: Completions


def sample(
    params: Params,
    config: DecoderConfig,
    prompt: Prompt,
    key: Array,
    *,
    children: int,
    max_new_tokens: int,
    temperature: Array | float,
    top_p: Array | float,
    end_token: int,
    pad_token: int = 0,
) -> Completions:
    """Draws `children` completions of every prompt.

    Each prompt is read once and its keys and values are shared by its children. The loop ends
    when every child has drawn the end token or `max_new_tokens`.

    Args:
        params: Of `decoder.init`.
        config: Shape of the decoder.
        prompt: Prompts; children of absent parents (length 0) are finished and empty at once.
        key: Typed PRNG key.
        children: Completions per prompt.
        max_new_tokens: Most tokens of a completion, the end token counted.
        temperature: As in `sampling.choose_token`; may be traced.
        top_p: As in `sampling.choose_token`; may be traced.
        end_token: Token that ends a completion.
        pad_token: What rows hold after their end.
    """
    layers = decoder.blocks(params, config)
    first_logits, memory = prefill(params, config, prompt)

    def unfinished(progress: _Progress) -> Array:
        return (progress.step < max_new_tokens) & ~jnp.all(progress.completions.finished)

    def draw_and_read(progress: _Progress) -> _Progress:
        token, log_prob = choose_token(
            progress.logits, temperature, top_p, jax.random.fold_in(key, progress.step)
        )
        completions = _record(progress, token, log_prob, end_token=end_token, pad_token=pad_token)
        position = prompt.total_length[:, None] + progress.step
        stream, own = _read(
            layers,
            memory,
            progress,
            decoder.embed(params, token),
            rotation(position, config.head_width, config.rope_theta),
        )
        logits = decoder.logits(params, config, decoder.final_norm(params, config, stream))
        return _Progress(progress.step + 1, logits, own, completions)

    start = _Progress(
        step=jnp.int32(0),
        logits=jnp.repeat(first_logits[:, None], children, axis=1),
        memory=_empty_memory(config, prompt, children, max_new_tokens),
        completions=_empty_completions(prompt, children, max_new_tokens, pad_token),
    )
    return jax.lax.while_loop(unfinished, draw_and_read, start).completions


def _read(
    layers: Sequence[Block],
    shared: PromptMemory,
    progress: _Progress,
    stream: Array,
    turn: Rotation,
) -> tuple[Array, tuple[OwnMemory, ...]]:
    """Runs the token just drawn by every child through all layers.

    Args:
        layers: The blocks of the decoder.
        shared: Memory of the prompts.
        progress: Holds the memory of the children, and the step to write into.
        stream: [parents, children, width] embedded tokens.
        turn: Rotation [parents, 1, head_width / 2] of their positions.
    """
    memories = []
    for block, prompt, before in zip(layers, shared.layers, progress.memory, strict=True):
        query, key, value = (jnp.swapaxes(part, 1, 2) for part in block.heads_of(stream, turn))
        own = OwnMemory(
            key=jax.lax.dynamic_update_index_in_dim(before.key, key, progress.step, axis=3),
            value=jax.lax.dynamic_update_index_in_dim(before.value, value, progress.step, axis=3),
        )
        attended = _attend_both(query, prompt, own, shared.visible, progress.step)
        stream = block.add(stream, jnp.swapaxes(attended, 1, 2))
        memories.append(own)
    return stream, tuple(memories)


def _attend_both(
    query: Array, shared: LayerMemory, own: OwnMemory, visible: Array, step: Array
) -> Array:
    """One softmax over the parent's prompt and the child's own tokens.

    Args:
        query: [parents, heads, children, head_width].
        shared: Memory of the prompts.
        own: Memory of the children up to and including `step`.
        visible: [parents, time] bool, false where the prompt is padding.
        step: [] int32.

    Returns:
        [parents, heads, children, head_width].
    """
    query = query * query.shape[-1] ** -0.5
    shared_score = jnp.einsum("phcd,phdt->phct", query, shared.key)
    # The memory is the first operand: as the second, XLA's CPU backend would transpose a copy of
    # the whole of it at every step.
    own_score = jnp.einsum("phcnd,phcd->phcn", own.key, query)
    written = jnp.arange(own_score.shape[-1], dtype=jnp.int32) <= step
    shared_score = jnp.where(visible[:, None, None, :], shared_score, -jnp.inf)
    own_score = jnp.where(written, own_score, -jnp.inf)
    highest = jnp.maximum(shared_score.max(-1, keepdims=True), own_score.max(-1, keepdims=True))
    shared_weight = jnp.exp(shared_score - highest)
    own_weight = jnp.exp(own_score - highest)
    total = shared_weight.sum(-1, keepdims=True) + own_weight.sum(-1, keepdims=True)
    attended = jnp.einsum("phct,phtd->phcd", shared_weight, shared.value)
    return (attended + jnp.einsum("phcn,phcnd->phcd", own_weight, own.value)) / total


def _record(
    progress: _Progress, token: Array, log_prob: Array, *, end_token: int, pad_token: int
) -> Completions:
    """Writes the drawn tokens of the children that have not finished."""
    done, step = progress.completions, progress.step
    token = jnp.where(done.finished, pad_token, token)
    log_prob = jnp.where(done.finished, 0.0, log_prob)
    return Completions(
        tokens=jax.lax.dynamic_update_index_in_dim(done.tokens, token, step, axis=2),
        length=done.length + ~done.finished,
        log_prob=jax.lax.dynamic_update_index_in_dim(done.log_prob, log_prob, step, axis=2),
        finished=done.finished | (token == end_token),
    )


def _empty_completions(prompt: Prompt, children: int, time: int, pad_token: int) -> Completions:
    rows = (prompt.length.shape[0], children)
    return Completions(
        tokens=jnp.full((*rows, time), pad_token, jnp.int32),
        length=jnp.zeros(rows, jnp.int32),
        log_prob=jnp.zeros((*rows, time), jnp.float32),
        finished=jnp.broadcast_to((prompt.length == 0)[:, None], rows),
    )


def _empty_memory(
    config: DecoderConfig, prompt: Prompt, children: int, time: int
) -> tuple[OwnMemory, ...]:
    shape = (prompt.length.shape[0], config.heads, children, time, config.head_width)
    empty = jnp.zeros(shape, jnp.float32)
    return tuple(OwnMemory(key=empty, value=empty) for _ in range(config.layers))
