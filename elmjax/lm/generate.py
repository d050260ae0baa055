"""The sampling loop: the slots of all parents draw one token a step until all children are done."""

from __future__ import annotations

from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from elmjax.lm import decoder
from elmjax.lm.automaton import Automaton
from elmjax.lm.config import DecoderConfig
from elmjax.lm.decode import OwnMemory, empty_memory, read_token
from elmjax.lm.decoder import Params
from elmjax.lm.places import Cursor, Places
from elmjax.lm.prefill import PromptMemory, prefill
from elmjax.lm.prompt import Prompt
from elmjax.lm.sampling import choose_token
from elmjax.lm.slots import Slots
from elmjax.lm.transcript import Completions, Transcript


@flax.struct.dataclass
class _Progress:
    step: Array  # [] int32
    slots: Slots
    state: Array  # [parents, slots] int32, of the automaton
    cursor: Cursor  # of the last tokens
    logits: Array  # [parents, slots, vocab] float32, of the next token
    memory: tuple[OwnMemory, ...]  # one per layer
    transcript: Transcript


def sample(
    params: Params,
    config: DecoderConfig,
    prompt: Prompt,
    key: Array,
    *,
    dtype: DTypeLike = jnp.float32,
    **how: Any,
) -> Completions:
    """Draws completions of every prompt, which is read once.

    Args:
        params: Of `decoder.init`.
        config: Shape of the decoder.
        prompt: Prompts; children of absent parents (length 0) are finished and empty at once.
        key: Typed PRNG key.
        dtype: Of weights and memory while sampling; scores and log-probabilities are float32.
        how: As in `complete`.
    """
    params = jax.tree.map(lambda weight: weight.astype(dtype), params)
    return complete(params, config, prefill(params, config, prompt), key, **how)


def complete(
    params: Params,
    config: DecoderConfig,
    shared: PromptMemory,
    key: Array,
    *,
    children: int,
    max_new_tokens: int,
    temperature: Array | float,
    top_p: Array | float,
    end_token: Array | int,
    pad_token: Array | int = 0,
    slots: int | None = None,
    parent: Array | None = None,
    first_child: Array | int = 0,
    automaton: Automaton | None = None,
    places: Places | None = None,
) -> Completions:
    """Draws `children` completions of every prompt that has been read.

    The keys and values of a prompt are shared by its children. What a child draws is decided by
    the key, its parent's number and its own, not by the slots. A child ends with the end token, in
    a final state of the automaton, or after `max_new_tokens`; the loop, when all children have.

    Args:
        params: Those that read the prompts.
        config: Shape of the decoder.
        shared: Of `prefill`.
        key: Typed PRNG key.
        children: Completions per prompt.
        max_new_tokens: Most tokens of a completion, the end token counted.
        temperature: As in `sampling.choose_token`; may be traced.
        top_p: As in `sampling.choose_token`; may be traced.
        end_token: Token that ends a completion.
        pad_token: What rows hold after their end.
        slots: Children of a parent that are written at a time; None: all.
        parent: Number of each parent [parents], where these are some of many or come in any order;
            None: in order, from 0.
        first_child: Number of the first child, of all parents or of each [parents].
        automaton: Which tokens may follow and where to end; None: all may, and only the end token
            ends. What it forbids has no probability before temperature and nucleus, and so none in
            `log_prob`.
        places: Where tokens stand; None: one behind the other.
    """
    layers = decoder.blocks(params, config)
    parents = shared.present.shape[0]
    keys = _child_keys(
        key,
        jnp.arange(parents) if parent is None else parent,
        jnp.broadcast_to(jnp.asarray(first_child), (parents,)),
        children,
    )

    def unfinished(progress: _Progress) -> Array:
        return jnp.any(progress.slots.child < children)

    def draw_and_read(progress: _Progress) -> _Progress:
        now = progress.slots
        logits = progress.logits
        if automaton is not None:
            logits = automaton.mask(logits, progress.state)
        token, log_prob = choose_token(logits, temperature, top_p, _draw_keys(keys, now))
        state, finished = _follow(progress.state, token, automaton, end_token)
        transcript = progress.transcript.add(progress.step, now, token, log_prob, finished)
        cursor = _advance(progress.cursor, token, places)
        stream, memory = read_token(
            config,
            layers,
            shared,
            progress.memory,
            decoder.begin(params, config, decoder.embed(params, token), cursor.position),
            position=cursor.position,
            step=progress.step,
            age=now.age,
        )
        logits = decoder.logits(params, config, decoder.final_norm(params, config, stream))
        ended = finished | (now.age == max_new_tokens - 1)
        logits = jnp.where(ended[..., None], shared.logits[:, None], logits)
        return _Progress(
            step=progress.step + 1,
            slots=now.after(ended),
            state=jnp.where(ended, 0, state),
            cursor=_return(cursor, ended, shared),
            logits=logits,
            memory=memory,
            transcript=transcript,
        )

    at_once = children if slots is None else min(slots, children)
    start = _start(config, shared, at_once, children, max_new_tokens)
    drawn = jax.lax.while_loop(unfinished, draw_and_read, start).transcript
    return drawn.completions(children, max_new_tokens, pad_token=pad_token)


def _start(
    config: DecoderConfig, shared: PromptMemory, slots: int, children: int, time: int
) -> _Progress:
    """The first children in the slots, before their first tokens."""
    first = Slots.start(shared.present, slots, children)
    return _Progress(
        step=jnp.int32(0),
        slots=first,
        state=jnp.zeros_like(first.child),
        cursor=_before(shared, first.child),
        logits=jnp.repeat(shared.logits[:, None], slots, axis=1),
        memory=empty_memory(config, first.child.size, time, shared.layers[0].key.dtype),
        transcript=Transcript.empty(first, children, time),
    )


def _follow(
    state: Array, token: Array, automaton: Automaton | None, end_token: Array | int
) -> tuple[Array, Array]:
    """The states after the tokens drawn, and whether the children finish with them."""
    finished = token == end_token
    if automaton is None:
        return state, finished
    state = automaton.after(state, token)
    return state, finished | automaton.final[state]


def _before(shared: PromptMemory, like: Array) -> Cursor:
    """At the last token of the prompt, for all slots."""
    last = shared.length[:, None] - 1
    return Cursor(position=jnp.broadcast_to(last, like.shape), at_mark=jnp.zeros(like.shape, bool))


def _advance(cursor: Cursor, token: Array, places: Places | None) -> Cursor:
    if places is not None:
        return places.after(cursor, token)
    return Cursor(position=cursor.position + 1, at_mark=cursor.at_mark)


def _return(cursor: Cursor, ended: Array, shared: PromptMemory) -> Cursor:
    """Back to the prompt where a child has ended."""
    first = _before(shared, ended)
    return jax.tree.map(lambda start, here: jnp.where(ended, start, here), first, cursor)


def _child_keys(key: Array, parent: Array, first_child: Array, children: int) -> Array:
    """A key for every child [parents, children], the same one however many others there are."""

    def of_parent(parent: Array, first: Array) -> Array:
        own = jax.random.fold_in(key, parent)
        return jax.vmap(jax.random.fold_in, in_axes=(None, 0))(own, first + jnp.arange(children))

    return jax.vmap(of_parent)(parent, first_child)


def _draw_keys(keys: Array, slots: Slots) -> Array:
    """Keys [parents, slots] of the draws of one step; those of idle slots are never used."""
    of_children = jnp.take_along_axis(keys, slots.child, axis=1, mode="clip")
    return jax.vmap(jax.vmap(jax.random.fold_in))(of_children, slots.age)
