"""Ends what a demo leaves running that cannot end it itself any more: killed, or out of memory.

Run as a program of its own with the standard library alone. Standard input says what runs: `+123` for a child
of the demo that was started, `-123` for one that has ended. When it closes, the demo is gone, in whatever
way; what is still running is asked to end, and after `GRACE_SECONDS` made to.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

GRACE_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.1


def main() -> None:
    """Watch until standard input closes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # whoever ends the demo with these may mean its whole family
    running: set[int] = set()
    for line in sys.stdin:
        (running.add if line[0] == "+" else running.discard)(int(line[1:]))
    left = [pid for pid in running if _tell(os.kill, pid, signal.SIGTERM)]
    deadline = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
        left = [pid for pid in left if _tell(os.kill, pid, 0)]
    for pid in left:
        _tell(os.killpg, pid, signal.SIGKILL)  # every child of the demo leads a group of its own


def _tell(send: Callable[[int, int], None], pid: int, number: int) -> bool:
    """Send a signal; return whether anybody was there."""
    with suppress(ProcessLookupError):
        send(pid, number)
        return True
    return False


if __name__ == "__main__":
    main()
