"""Hard limits of a process, set from inside before it touches foreign bytes. Linux.

What the kernel does not grant an ordinary user (an empty network namespace) is tried and, if refused, done
without: :func:`open_nothing_more` leaves no socket either, and `hub.sandbox.system_calls` no call that sends.
No limit on processes binds root, which a process stays only where the kernel refuses to give it up; that is
why :func:`end_descendants` does not rely on one.
"""

import ctypes
import errno
import os
import resource
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_CHILD_SUBREAPER: Final = 36
_PR_SET_NO_NEW_PRIVS: Final = 38
_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_NOBODY: Final = 65534
#: Where systemd takes the user ids of services that have no account: no file and no account has one of these.
_FIRST_FREE_ID: Final = 61184
_FREE_IDS: Final = 4336
_MOST_EXPENDABLE: Final = b"1000"
#: A crash, or a limit of its own: with these a process ends itself. Whatever else ends one came from outside.
_OWN_SIGNALS: Final = frozenset(
    {
        signal.SIGABRT,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGILL,
        signal.SIGSEGV,
        signal.SIGSYS,
        signal.SIGTRAP,
        signal.SIGXCPU,
        signal.SIGXFSZ,
    }
)
_OUTPUT_BYTES: Final = 64 * 1024 * 1024
_OPEN_FILES: Final = 32

_libc = ctypes.CDLL(None, use_errno=True)


def leave_network() -> bool:
    """Move this process and its later children to a network namespace without any interface."""
    if _libc.unshare(_CLONE_NEWNET) == 0:
        return True
    return bool(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)


def drop_privileges() -> None:
    """Give up root, if this is root, the ability to gain privileges by exec, and being read by its equals.

    Of root remains a user id that no account, no file and no other sandbox has, or `nobody` where ids are
    handed out sparingly (a container of an ordinary user).
    """
    if os.geteuid() == 0:
        with suppress(PermissionError):
            os.setgroups([])
        with suppress(PermissionError):
            _become(_FIRST_FREE_ID + os.getpid() % _FREE_IDS)
    _set(_PR_SET_NO_NEW_PRIVS, 1, name="no_new_privs")
    # Processes of the same user id could trace this one, and read and write its memory.
    _set(_PR_SET_DUMPABLE, 0, name="dumpable")


def _become(own: int) -> None:
    try:
        os.setgid(own)
        os.setuid(own)
    except OSError as error:
        if error.errno != errno.EINVAL:  # the id does not exist here
            raise
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)


def offer_to_be_killed() -> None:
    """Be the first, with all later children, whom a kernel short of memory ends: not the hub, no database.

    They are the only processes here whose work somebody takes up again. Where the kernel has no such file, or
    does not let it be written, it chooses as it likes.
    """
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_bytes(_MOST_EXPENDABLE)


def is_foreign(number: int, *, cpu_seconds: int, used_seconds: float) -> bool:
    """Whether a signal that ended a process came from outside: the kernel short of memory, or somebody.

    Args:
        number: of the signal; not positive for a process that ended without one.
        cpu_seconds: its limit of processor time.
        used_seconds: the processor time that it took. Who has passed the limit was ended for it, also if he
            ignored what the kernel says first.
    """
    return number > 0 and number not in _OWN_SIGNALS and used_seconds < cpu_seconds


def set_hard_limits(*, memory_bytes: int, cpu_seconds: int) -> None:
    """Limit address space, processor time, output size, open files; no core dump, no further process."""
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, _OUTPUT_BYTES),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (most, most))
    # A second apart: where both are one, the kernel says nothing and kills like somebody from outside.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))


def open_nothing_more() -> None:
    """Let this process keep what it has open, and open nothing more: no file, no socket, no pipe."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def die_with_parent(parent: int) -> None:
    """Be killed when `parent`, the process that forked this one, ends."""
    _set(_PR_SET_PDEATHSIG, signal.SIGKILL, name="pdeathsig")
    if os.getppid() != parent:  # it ended before the call
        os.kill(os.getpid(), signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, also of one in another session."""
    _set(_PR_SET_CHILD_SUBREAPER, 1, name="child_subreaper")


def end_descendants() -> None:
    """Kill and reap whatever still descends from this process, which has called :func:`adopt_orphans`.

    Killing a process makes its children this one's: the loop ends when none is left. Nothing is imported:
    the modules may be files that only root can read.
    """
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, os.WNOHANG)  # raises once there is none
            with suppress(ProcessLookupError):
                for pid in children.read_bytes().split():
                    os.kill(int(pid), signal.SIGKILL)


def _set(option: int, value: int, *, name: str) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), name)
