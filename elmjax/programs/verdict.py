"""What became of a program: expected failures are values, counted and shown, never exceptions."""

from enum import StrEnum


class Verdict(StrEnum):
    """The outcome of one program, from its text to its walk."""

    OK = "ok"  # it returned a walker with at least one spring
    SYNTAX = "syntax"  # it does not compile
    FORBIDDEN = "forbidden"  # it asked for something outside the walker language
    RUNTIME = "runtime"  # it raised
    SOFT_TIMEOUT = "soft_timeout"  # it ran past the time limit and was interrupted
    HARD_TIMEOUT = "hard_timeout"  # it ran past the time limit inside one call into C
    MEMORY = "memory"  # it ran past the memory limit
    RECURSION = "recursion"  # it recursed too deeply
    NO_ENTRY = "no_entry"  # it defines no function that can be called without arguments
    WRONG_RETURN = "wrong_return"  # it returned something other than what get_walker() gives
    EMPTY = "empty"  # its walker has no joints, or no springs
    NON_FINITE = "non_finite"  # a coordinate, amplitude or phase is infinite or not a number
    TOO_LARGE = "too_large"  # its walker exceeds the largest capacity of the physics
    TOO_LONG = "too_long"  # its text is longer than the limit
    WORKER_DIED = "worker_died"  # it crashed the worker that ran it
    PROTOCOL = "protocol"  # the worker's reply about it was malformed
    NO_ROOM = "no_room"  # its walker does not fit between the walls of the terrain
    UNREPEATABLE = "unrepeatable"  # a second run, before it entered the archive, gave another body
    DIVERGED = "diverged"  # its walk left the finite numbers; set after the physics


# Outcomes that a busy machine, or what other programs left behind in a worker, could bring about.
# They are recorded only after a second judgement in a fresh worker, and never remembered.
DEPENDS_ON_MACHINE = frozenset(
    {Verdict.SOFT_TIMEOUT, Verdict.HARD_TIMEOUT, Verdict.MEMORY, Verdict.WORKER_DIED}
)
