"""Named places at which a test lets the hub's process die, its disk fail, or time pass.

Every step that makes something durable passes one, before and behind it. Without `KIM_FAILPOINT` they do
nothing; `KIM_FAILPOINT=name:action` or `name:action:count` arms one place of the process that starts with it:

* `kill`: the process ends there as by `kill -9`;
* `eio`, `enospc`: the disk reports an error, or that it is full;
* `delay`: a second passes, in which others run.

With a count the action waits for that passing of the place, and strikes once. The variable is read where a
command starts (`hub.settings`) and nowhere else: no request, no file and no message can arm a place. A place
can only stop what the hub does or slow it down; it changes no decision.
"""

import errno
import os
import signal
import time
from collections.abc import Callable
from typing import Final

#: Every place, in the order in which a delivery meets them.
PLACES: Final = (
    "blob.write",  # evidence: an envelope or a payload; nothing of it is on disk
    "blob.sync",  # all of it is written, under a temporary name
    "blob.rename",  # it is durable, under a temporary name
    "blob.renamed",  # it has its name
    "chunk.write",
    "chunk.sync",
    "chunk.rename",
    "chunk.renamed",
    "state.announced",  # inside the transaction that writes this state
    "state.uploading",
    "state.received",
    "state.verifying",
    "state.accepted",
    "state.rejected",
    "state.superseded",
    "state.quarantined",
    "log.append",  # inside the transaction, with the leaf
    "commit",  # the transaction is complete and not committed
    "committed",  # it is committed; its jobs were not handed over
    "upload.clear",  # received; the chunks are still there
    "signer.write",  # the log's key or its newest signed state; nothing of it is on disk
    "signer.sync",
    "signer.rename",
    "signer.renamed",
    "log.signed",  # the newest state is signed and kept, and not served yet
)
_DELAY_SECONDS: Final = 1.0


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _input_output_error() -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def _disk_full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _delay() -> None:
    time.sleep(_DELAY_SECONDS)


ACTIONS: Final[dict[str, Callable[[], None]]] = {
    "kill": _kill,
    "eio": _input_output_error,
    "enospc": _disk_full,
    "delay": _delay,
}
#: Place → action and how many passings are still to be let through (None: it strikes at each).
_armed: dict[str, tuple[Callable[[], None], int | None]] = {}


def arm(specification: str | None) -> None:
    """Arm one place of this process; None disarms.

    Args:
        specification: `name:action` or `name:action:count`.

    Raises:
        ValueError: for any other form, and for a place or an action that does not exist.
    """
    _armed.clear()
    if specification is None:
        return
    name, _, rest = specification.partition(":")
    action, _, count = rest.partition(":")
    if name not in PLACES or action not in ACTIONS or not (count == "" or count.isdecimal()):
        raise ValueError("a failpoint is name:action or name:action:count")
    _armed[name] = (ACTIONS[action], int(count) if count else None)


def passing(name: str) -> None:
    """Say that the process is at the place `name`.

    Raises:
        OSError: if the place is armed so.
    """
    armed = _armed.get(name)
    if armed is None:
        return
    action, count = armed
    if count is not None and count > 1:
        _armed[name] = (action, count - 1)
        return
    if count is not None:
        del _armed[name]
    action()
