"""The processes that run a stage together, one on every host: they take the same steps in turn.

Every host leads the same stage with the same seeds. What a stage computes on devices is one program
of all of them; what it computes on hosts, such as running programs, each does for its share and
tells the others in order. Host 0 alone writes files.

What hosts tell each other goes through the coordination service of `jax.distributed`, not through
the devices: several threads may tell something at once, under a name each, and programs on devices
must be started in one order everywhere.
"""

from __future__ import annotations

import itertools
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeVar

import jax
# The service has no public interface but `jax.experimental.multihost_utils`, which uses devices.
from jax._src import distributed

Item = TypeVar("Item")
Made = TypeVar("Made")

Joining = Literal["auto", "all", "one"]

# Where JAX cannot find out by itself: the address of host 0 with a port, how many, and which one.
COORDINATOR, COUNT, INDEX = "ELMJAX_COORDINATOR", "ELMJAX_HOSTS", "ELMJAX_HOST"

# Longer than host 0 writes or a share takes; a host that dies is noticed by its missing heartbeat.
_PATIENCE_MS = 3_600_000
_PIECE = 1 << 20  # bytes of a message

_turns: defaultdict[str, Iterator[int]] = defaultdict(itertools.count)


def join(how: Joining) -> None:
    """Joins the other hosts; before anything else is asked of JAX, and once a process.

    Args:
        how: "all": as the environment says, or JAX finds out on a TPU slice or a cluster; "auto":
            only where the environment says so; "one": never.

    Raises:
        ValueError: The environment is incomplete, or there is nothing to find out.
    """
    told = {name: os.environ.get(name, "") for name in (COORDINATOR, COUNT, INDEX)}
    if how == "one" or (how == "auto" and not any(told.values())) or jax.distributed.is_initialized():
        return
    # Has an effect on CPUs only.
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    if any(told.values()):
        where = _read(told)
        jax.distributed.initialize(
            **where, local_device_ids=None, cluster_detection_method="deactivate"
        )
        return
    try:
        jax.distributed.initialize()
    except (ValueError, RuntimeError) as error:
        raise ValueError(
            f"mesh.hosts: got 'all', but JAX finds no other hosts ({error}); wanted a TPU slice or a "
            f"cluster, or {COORDINATOR}, {COUNT} and {INDEX} in the environment"
        ) from None


def _read(told: dict[str, str]) -> dict[str, Any]:
    count, index = told[COUNT], told[INDEX]
    right = told[COORDINATOR] and count.isdigit() and index.isdigit() and int(index) < int(count)
    if not right:
        given = ", ".join(f"{name}={value!r}" for name, value in told.items())
        raise ValueError(
            f"hosts: got {given}; wanted an address such as 10.0.0.2:8476, a number of hosts, and "
            "this one's from 0"
        )
    return {
        "coordinator_address": told[COORDINATOR],
        "num_processes": int(count),
        "process_id": int(index),
    }


def count() -> int:
    """Hosts."""
    return jax.process_count()


def is_writer() -> bool:
    """Whether this host writes the files."""
    return jax.process_index() == 0


def gather(name: str, message: Any) -> list[Any]:
    """What every host says, in their order; each waits for all.

    Args:
        name: Of what is told. Every host tells under a name equally often; threads need names of
            their own.
        message: What JSON can hold.
    """
    if count() == 1:
        return [message]
    turn = next(_turns[name])
    own = f"elmjax/{name}/{turn}/{jax.process_index()}"
    _send(own, json.dumps(message).encode())
    heard = [_receive(f"elmjax/{name}/{turn}/{host}") for host in range(count())]
    # All have told this turn, so all have heard the one before.
    if turn > 0:
        _client().key_value_delete(f"elmjax/{name}/{turn - 1}/{jax.process_index()}/")
    return [json.loads(each) for each in heard]


def shared(
    name: str,
    items: Sequence[Item],
    work: Callable[[Sequence[Item]], Sequence[Made]],
    *,
    tell: Callable[[Made], Any],
    read: Callable[[Any], Made],
) -> list[Made]:
    """What `work` makes of items of which every host has a share, in order, on all of them.

    Args:
        name: As of `gather`.
        items: The same on every host.
        work: Makes one result of each item.
        tell: A result as JSON can hold it.
        read: The result of that.
    """
    if count() == 1:
        return list(work(items))
    size = -(-len(items) // count())
    first = size * jax.process_index()
    made = [tell(each) for each in work(items[first : first + size])]
    return [read(each) for share in gather(name, made) for each in share]


def any_of(name: str, value: bool) -> bool:
    """Whether it is true on any host."""
    return any(gather(name, value))


def once(work: Callable[[], object]) -> None:
    """Has host 0 do something, such as write a file; the others wait until it is done.

    Raises:
        OSError: On the others, where it fails on host 0.
    """
    error: Exception | None = None
    if is_writer():
        try:
            work()
        except Exception as failure:
            error = failure
    told = gather("once", str(error) if error else "")[0]
    if error is not None:
        raise error
    if told:
        raise OSError(f"host 0: {told}")


def in_turn(work: Callable[[], Made]) -> Made:
    """Has every host do something, host 0 before the others: what it leaves on disk they find."""
    made: list[Made] = []
    once(lambda: made.append(work()))
    return made[0] if made else work()


def _client() -> Any:
    return distributed.global_state.client


def _send(key: str, content: bytes) -> None:
    pieces = [content[i : i + _PIECE] for i in range(0, len(content), _PIECE)]
    for number, piece in enumerate(pieces):
        _client().key_value_set_bytes(f"{key}/{number}", piece)
    _client().key_value_set_bytes(f"{key}/count", str(len(pieces)).encode())


def _receive(key: str) -> bytes:
    pieces = int(_client().blocking_key_value_get_bytes(f"{key}/count", _PATIENCE_MS))
    return b"".join(
        _client().blocking_key_value_get_bytes(f"{key}/{number}", _PATIENCE_MS)
        for number in range(pieces)
    )
