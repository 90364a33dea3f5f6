"""What a child may ask of the kernel once it holds foreign bytes: compute, and write its answer. Linux.

A filter (seccomp) that only allows what is named in `_ALLOWED`; everything else fails with `EPERM`: no file
and no socket is opened, no process is started, signalled, traced or read, no program is executed, no limit is
changed, and no memory becomes executable. It cannot be taken off again. Who takes over a child, as an error
in Arrow might let him, is left with what the child already holds: the payload, which is his own, and the
answer, which is read as if he had written it.

Numbers of calls differ between machines. On one that is not in the table there is no filter; the limits of
`hub.sandbox.limits` do not depend on it. That the calls suffice is tried at every start of the sandbox.
"""

import ctypes
import platform
import struct
from typing import Final

_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2
_PROT_EXEC: Final = 4

# linux/audit.h, then asm/unistd_64.h and asm-generic/unistd.h of the kernel.
_ARCHITECTURES: Final = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_ALLOWED: Final = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "getpid": (39, 172),
    "exit": (60, 93),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "getrandom": (318, 278),
}
#: Allowed as long as the third argument, the protection of the memory, does not make it executable.
_MEMORY: Final = {"mmap": (9, 222), "mprotect": (10, 226)}

# linux/filter.h, linux/seccomp.h
_LOAD_WORD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_JUMP_IF_BITS: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_NUMBER_AT: Final = 0
_ARCHITECTURE_AT: Final = 4
_THIRD_ARGUMENT_AT: Final = 32
_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050001  # SECCOMP_RET_ERRNO | EPERM
_KILL: Final = 0x80000000  # the whole process: calls in the numbers of another machine

_libc = ctypes.CDLL(None)


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def program(machine: str) -> bytes | None:
    """Return the filter for a machine, as instructions of the kernel; None if the machine is not known.

    Args:
        machine: as `uname -m` names it.
    """
    known = _ARCHITECTURES.get(machine)
    if known is None:
        return None
    architecture, column = known
    allowed = [numbers[column] for numbers in _ALLOWED.values()]
    memory = [numbers[column] for numbers in _MEMORY.values()]
    # 0-3: of this architecture, else the end. Then one line for each call; behind them refuse, allow, and
    # three lines about memory. Jumps count the lines that are skipped.
    lines = [
        _line(_LOAD_WORD, _ARCHITECTURE_AT),
        _line(_JUMP_IF_EQUAL, architecture, if_true=1),
        _line(_RETURN, _KILL),
        _line(_LOAD_WORD, _NUMBER_AT),
    ]
    count = len(allowed) + len(memory)
    for position, number in enumerate([*allowed, *memory]):
        behind = count - position - 1  # lines between this one and "refuse"
        further = 1 if position < len(allowed) else 2
        lines.append(_line(_JUMP_IF_EQUAL, number, if_true=behind + further))
    lines += [
        _line(_RETURN, _REFUSE),
        _line(_RETURN, _ALLOW),
        _line(_LOAD_WORD, _THIRD_ARGUMENT_AT),
        _line(_JUMP_IF_BITS, _PROT_EXEC, if_false=1),
        _line(_RETURN, _REFUSE),
        _line(_RETURN, _ALLOW),
    ]
    return b"".join(lines)


def _line(code: int, value: int, *, if_true: int = 0, if_false: int = 0) -> bytes:
    """Return one instruction, `struct sock_filter`; a jump says how many lines are skipped."""
    return struct.pack("=HBBI", code, if_true, if_false, value)


def allow_only_computing() -> bool:
    """Put this process under the filter, for good. It must have given up gaining privileges before.

    Returns:
        Whether it stands: not on a machine that is not in the table, nor if the kernel knows no filters.
    """
    instructions = program(platform.machine())
    if instructions is None:
        return False
    form = _Program(len(instructions) // 8, instructions)
    return bool(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(form)) == 0)
