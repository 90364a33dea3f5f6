"""However a run is ended, nothing of it stays: no process, and none of the files that its tests have written.

A run forks, its forks start programs, and some of those lead a session of their own, which no signal to the
run's group reaches. So the run adopts whatever loses its parent, and ends its children until there are none.

Not done: if the run itself is killed (SIGKILL), its forks end too, but its folder stays.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

_ENDINGS: Final = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
_MEMORY: Final = Path("/dev/shm")

_libc = ctypes.CDLL(None, use_errno=True)


def die_with(parent: int) -> None:
    """Let the kernel kill this process as soon as its parent is gone.

    Args:
        parent: the number of the process that has forked this one.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it went before it could be asked for
        os._exit(1)


@contextlib.contextmanager
def folder_of_a_run() -> Iterator[Path]:
    """Make a folder, in memory where that is possible, and remove it with all that is in it."""
    with tempfile.TemporaryDirectory(
        prefix=f"kim-mutation-{os.getpid()}-",
        dir=_MEMORY if _MEMORY.is_dir() else None,
        ignore_cleanup_errors=True,
    ) as folder:
        yield Path(folder)


def succeeds_apart(work: Callable[[], bool]) -> bool:
    """Do something in a process of its own, whose descendants end with it.

    Args:
        work: what to do; its answer becomes the exit code of the process.

    Returns:
        Its answer; False too if it raises, or if its process is killed.
    """
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    this = os.getpid()
    sys.stdout.flush()
    # A signal must neither be raised in the new process, nor here before the new one is looked after.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
    child = os.fork()
    if child == 0:
        _be_apart(this, work)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)
        while True:
            pid, status = os.wait()  # also what it has lost is waited for
            if pid == child:
                return status == 0
    finally:
        end_children()


def _be_apart(parent: int, work: Callable[[], bool]) -> None:
    code = 1
    try:
        os.setsid()  # Ctrl-C is for the process that waits
        die_with(parent)
        for number in _ENDINGS:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)
        code = 0 if work() else 1
    except BaseException:  # noqa: BLE001 -- it must not return into what the other process does
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def end_children() -> None:
    """Kill the children of this process, and what each of them leaves to it, until there are none."""
    while True:
        for child in _children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        try:
            os.wait()
        except ChildProcessError:
            return


def _children() -> list[int]:
    found = []
    for place in Path("/proc/self/task").iterdir():
        found += [int(number) for number in (place / "children").read_text().split()]
    return found
