"""The kernel as a compiled program of JAX: from batches to walks."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from physics.backends.batch import Batch, Episode
from physics.backends.pallas.clock import muscle_clock
from physics.backends.pallas.form import Form, Program, compile_walk, lower_walk
from physics.backends.pallas.measures import to_walks
from physics.backends.pallas.tpu.cells import FIRST_GROUP, LANES, PLACE_FIELDS, power_of_two
from physics.backends.pallas.tpu.kernel import walk_blocks
from physics.backends.pallas.tpu.pairs import lay_out
from physics.types import Array, Walk


def compile_batch(batch: Batch, form: Form, device: jax.Device) -> Program:
    """The program for batches of these shapes.

    Args:
        batch: Walkers wired by `Indices`, on `Cells`, in a multiple of LANES.
        form: How they walk.
        device: Where to run.
    """
    program = compile_walk(walk, operands(batch), form, device)

    def run(each: Batch) -> tuple[Walk, Array]:
        order = _by_terrain(each)
        sorted_walk = program(operands(each))
        # To where they were before `_by_terrain`.
        back = np.argsort(order, kind="stable")
        return jax.tree.map(lambda leaf: np.asarray(leaf)[back], sorted_walk)

    return run


def lower_batch(batch: Batch, form: Form, device: jax.Device) -> jax.stages.Lowered:
    """What `compile_batch` compiles."""
    return lower_walk(walk, operands(batch), form, device)


def _by_terrain(batch: Batch) -> np.ndarray:
    """An order in which walkers of one terrain share blocks, with those on level ground in front.

    Blocks on level ground walk faster, and others look among fewer cells.
    """
    there = np.maximum(batch.terrain_of, 0)
    rough = ~batch.terrains.level[there]
    return np.lexsort((there, rough))


def operands(batch: Batch) -> dict[str, Any]:
    """What the program reads of a batch, its walkers sorted by terrain."""
    order = _by_terrain(batch)
    of = np.maximum(batch.terrain_of, 0)[order].reshape(-1, LANES)
    cells = batch.terrains
    level = cells.level[of].all(axis=1)
    # The groups of a block's terrains stand one behind another, because it is sorted.
    first = cells.places[of, FIRST_GROUP].min(axis=1).astype(np.int32)
    last = (cells.places[of, FIRST_GROUP] + cells.counts[of]).max(axis=1).astype(np.int32)
    most = power_of_two(int((last - first).max()))
    start = np.minimum(first, max(0, len(cells.groups) - most))
    place = cells.places[of]
    place[..., FIRST_GROUP] -= start[:, None]
    return {
        "walkers": jax.tree.map(lambda leaf: leaf[order], batch.walkers),
        "blocks": np.stack([level.astype(np.int32), start]),
        "place": np.ascontiguousarray(place.reshape(-1, PLACE_FIELDS).T),
        "groups": cells.groups,
        "most_groups": np.zeros(min(most, len(cells.groups)), bool),  # by its length
    }


def walk(given: dict[str, Any], form: Form) -> tuple[Walk, Array]:
    """Walks of sorted walkers, and their paths."""
    walkers, episode = given["walkers"], form.episode
    clock_at, clock_from = _clocks(episode)
    centers, measures, path = walk_blocks(
        episode,
        paths=form.paths,
        interpret=form.interpret,
        blocks=given["blocks"],
        clock_at=clock_at,
        clock_from=clock_from,
        position=jnp.moveaxis(walkers.position, 0, -1),
        share=walkers.share.T,
        springs=lay_out(walkers),
        place=given["place"],
        groups=given["groups"],
        most_groups=len(given["most_groups"]),
    )
    # Every axis of walkers comes to the front.
    walks = to_walks(jnp.moveaxis(centers, -1, 0), measures.T)
    return walks, jnp.moveaxis(path, -1, 0)


def _clocks(episode: Episode) -> tuple[np.ndarray, np.ndarray]:
    samples = episode.steps // episode.interval + 1
    return (
        muscle_clock(episode.world, episode.interval * np.arange(samples)),
        muscle_clock(episode.world, np.arange(episode.interval)),
    )
