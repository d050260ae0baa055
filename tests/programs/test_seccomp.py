"""The filters of the jail and of Monty's worker, interpreted call by call on both architectures."""

import struct

import pytest

from elmjax.programs import lockdown, monty_calls

ALLOW, REFUSE, UNKNOWN, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
MACHINES = pytest.mark.parametrize("machine", ["x86_64", "aarch64"])


def answer(program, audit, number, arguments=()):
    """Runs a filter as the kernel would on one system call."""
    data = struct.pack("<iIQ6Q", number, audit, 0, *arguments, *(0,) * (6 - len(arguments)))
    lines = list(struct.iter_unpack("=HBBI", program))
    accumulator, at = 0, 0
    while True:
        operation, if_true, if_false, operand = lines[at]
        at += 1
        if operation == 0x06:
            return operand
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, operand)
        elif operation == 0x15:
            at += if_true if accumulator == operand else if_false
        elif operation == 0x45:
            at += if_true if accumulator & operand else if_false
        else:
            raise AssertionError(f"unknown operation {operation:#x}")


def ask(module, machine, call, arguments):
    architecture = module.ARCHITECTURES[machine]
    program = module.filter_program(architecture)
    return answer(program, architecture.audit, architecture.calls[call], arguments)


def allowed(module, machine):
    architecture = module.ARCHITECTURES[machine]
    program = module.filter_program(architecture)
    return {n for n in range(1024) if answer(program, architecture.audit, n) == ALLOW}


def numbers(module, machine, *names):
    return {module.ARCHITECTURES[machine].calls[name] for name in names}


@MACHINES
@pytest.mark.parametrize("module", [lockdown, monty_calls])
def test_a_foreign_architecture_ends_the_process(module, machine):
    program = module.filter_program(module.ARCHITECTURES[machine])
    assert answer(program, 0x40000003, 0) == KILL


@MACHINES
def test_the_jail_lists_what_it_allows_and_nothing_else(machine):
    listed = set(lockdown.ARCHITECTURES[machine].calls.values())
    # With descriptor 0, `write` is not among them.
    assert allowed(lockdown, machine) == listed - numbers(lockdown, machine, "write")


@MACHINES
def test_monty_lists_what_it_allows_and_nothing_else(machine):
    listed = set(monty_calls.ARCHITECTURES[machine].calls.values())
    # Without flags `clone` would make a process, and with option 0 `prctl` names no thread.
    refused = numbers(monty_calls, machine, "clone", "clone3", "prctl")
    assert allowed(monty_calls, machine) == listed - refused


@MACHINES
@pytest.mark.parametrize(
    ("call", "arguments", "wanted"),
    [
        ("read", (0,), ALLOW),
        ("read", (1,), REFUSE),
        ("write", (0,), REFUSE),
        ("write", (1,), ALLOW),
        ("write", (2,), REFUSE),
        ("mmap", (0, 4096, 3), ALLOW),
        ("mmap", (0, 4096, 7), REFUSE),
        ("mprotect", (0, 4096, 1), ALLOW),
        ("mprotect", (0, 4096, 5), REFUSE),
    ],
)
def test_the_jail_looks_at_arguments(machine, call, arguments, wanted):
    assert ask(lockdown, machine, call, arguments) == wanted


@MACHINES
@pytest.mark.parametrize(
    ("call", "arguments", "wanted"),
    [
        ("openat", (0, 0, 0o2000000), ALLOW),  # to read
        ("openat", (0, 0, 0o1), REFUSE),  # to write
        ("openat", (0, 0, 0o2), REFUSE),  # both
        ("openat", (0, 0, 0o100), REFUSE),  # to create
        ("openat", (0, 0, 0o1000), REFUSE),  # to empty
        ("openat", (0, 0, 0o20200000), REFUSE),  # a temporary file
        ("clone", (0x3D0F00,), ALLOW),  # as the C library starts a thread
        ("clone", (0x11,), REFUSE),  # as it forks
        ("clone", (0x4111,), REFUSE),  # as it starts a program
        ("clone3", (), UNKNOWN),
        ("prctl", (15,), ALLOW),  # a thread's name
        ("prctl", (4, 1), REFUSE),  # dumpable
        ("prlimit64", (0,), ALLOW),
        ("prlimit64", (1,), REFUSE),  # of another process
    ],
)
def test_monty_looks_at_arguments(machine, call, arguments, wanted):
    assert ask(monty_calls, machine, call, arguments) == wanted


def test_older_ways_to_open_are_looked_at_too():
    assert ask(monty_calls, "x86_64", "open", (0, 0)) == ALLOW
    assert ask(monty_calls, "x86_64", "open", (0, 0o101)) == REFUSE
