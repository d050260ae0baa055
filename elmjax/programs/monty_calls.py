"""The system calls that Monty's worker keeps.

More than the jail's, because the filter is set before the worker is executed: what starts a program
stays allowed (execute, open for reading, map code, start a thread), and Landlock and the limit of
descriptors say of what. No call is left that makes a process, a socket or a file, changes a file,
or signals, traces or reads another process.
"""

import os

from elmjax.programs import prctl, seccomp
from elmjax.programs.seccomp import Architecture

_CLONE_THREAD = 0x00010000
# `O_TMPFILE` holds the bit of O_DIRECTORY too, with which one may read.
_TEMPORARY = 0o20000000
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | _TEMPORARY

ARCHITECTURES = {
    "x86_64": Architecture(
        0xC000003E,
        {
            "read": 0,
            "write": 1,
            "futex": 202,
            "mmap": 9,
            "munmap": 11,
            "mprotect": 10,
            "mremap": 25,
            "madvise": 28,
            "brk": 12,
            "getrandom": 318,
            "clock_gettime": 228,
            "rt_sigprocmask": 14,
            "rt_sigaction": 13,
            "rt_sigreturn": 15,
            "sigaltstack": 131,
            "open": 2,
            "openat": 257,
            "close": 3,
            "stat": 4,
            "fstat": 5,
            "newfstatat": 262,
            "statx": 332,
            "poll": 7,
            "lseek": 8,
            "pread64": 17,
            "readv": 19,
            "writev": 20,
            "access": 21,
            "readlink": 89,
            "readlinkat": 267,
            "sched_yield": 24,
            "nanosleep": 35,
            "clock_nanosleep": 230,
            "clock_getres": 229,
            "gettimeofday": 96,
            "restart_syscall": 219,
            "getpid": 39,
            "gettid": 186,
            "uname": 63,
            "clone": 56,
            "clone3": 435,
            "execve": 59,
            "prctl": 157,
            "arch_prctl": 158,
            "prlimit64": 302,
            "sched_getaffinity": 204,
            "set_tid_address": 218,
            "set_robust_list": 273,
            "rseq": 334,
            "membarrier": 324,
            "exit": 60,
            "exit_group": 231,
        },
    ),
    "aarch64": Architecture(
        0xC00000B7,
        {
            "read": 63,
            "write": 64,
            "futex": 98,
            "mmap": 222,
            "munmap": 215,
            "mprotect": 226,
            "mremap": 216,
            "madvise": 233,
            "brk": 214,
            "getrandom": 278,
            "clock_gettime": 113,
            "rt_sigprocmask": 135,
            "rt_sigaction": 134,
            "rt_sigreturn": 139,
            "sigaltstack": 132,
            "openat": 56,
            "close": 57,
            "fstat": 80,
            "newfstatat": 79,
            "statx": 291,
            "ppoll": 73,
            "lseek": 62,
            "pread64": 67,
            "readv": 65,
            "writev": 66,
            "faccessat": 48,
            "readlinkat": 78,
            "sched_yield": 124,
            "nanosleep": 101,
            "clock_nanosleep": 115,
            "clock_getres": 114,
            "gettimeofday": 169,
            "restart_syscall": 128,
            "getpid": 172,
            "gettid": 178,
            "uname": 160,
            "clone": 220,
            "clone3": 435,
            "execve": 221,
            "prctl": 167,
            "prlimit64": 261,
            "sched_getaffinity": 123,
            "set_tid_address": 96,
            "set_robust_list": 99,
            "rseq": 293,
            "membarrier": 283,
            "exit": 93,
            "exit_group": 94,
        },
    ),
}

_CONDITIONS = {
    "open": seccomp.has_none(1, _WRITING),
    "openat": seccomp.has_none(2, _WRITING),
    "clone": seccomp.has_any(0, _CLONE_THREAD),
    "prctl": seccomp.equals(0, prctl.SET_NAME),
    "prlimit64": seccomp.equals(0, 0),  # of this process only
}
# Its flags lie in memory, where no filter can look; the C library falls back to `clone`.
_UNKNOWN = ("clone3",)


def filter_program(architecture: Architecture) -> bytes:
    """The seccomp filter of Monty's worker."""
    return seccomp.filter_program(architecture, _CONDITIONS, _UNKNOWN)
