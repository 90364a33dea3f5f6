"""Hard limits of a process, set from inside before it touches foreign bytes. Linux.

What the kernel does not grant an ordinary user (an empty network namespace) is tried and, if refused, done
without: the other limits do not depend on it.
"""

import ctypes
import os
import resource
from contextlib import suppress
from typing import Final

_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_NOBODY: Final = 65534
_OUTPUT_BYTES: Final = 64 * 1024 * 1024
_OPEN_FILES: Final = 32

_libc = ctypes.CDLL(None, use_errno=True)


def leave_network() -> bool:
    """Move this process and its later children to a network namespace without any interface."""
    if _libc.unshare(_CLONE_NEWNET) == 0:
        return True
    return bool(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)


def drop_privileges() -> None:
    """Give up root, if this is root, and the ability to gain privileges by exec."""
    if os.geteuid() == 0:
        with suppress(PermissionError):
            os.setgroups([])
            os.setgid(_NOBODY)
            os.setuid(_NOBODY)
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")


def set_hard_limits(*, memory_bytes: int, cpu_seconds: int) -> None:
    """Limit address space, processor time, output size, open files; no core dump."""
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, _OUTPUT_BYTES),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
