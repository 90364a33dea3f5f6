"""Named places at which a test lets this process die or its disk run full.

Every step that changes something outside the process passes one. Without ``KIM_FAILPOINT`` they do nothing;
with ``KIM_FAILPOINT=name:action`` the process ends at that place without any clean-up (``kill``), or the disk
is full there (``enospc``). They can only stop the node, never make it send.
"""

from __future__ import annotations

import errno
import os
import signal
from typing import Final

_ACTIONS: Final = frozenset({"kill", "enospc"})
_armed: dict[str, str] = {}


def arm(specification: str | None) -> None:
    """Set the failpoint of this process; None disarms.

    Args:
        specification: ``name:action``, action ``kill`` or ``enospc``.

    Raises:
        ValueError: for any other form.
    """
    _armed.clear()
    if specification is None:
        return
    name, _, action = specification.partition(":")
    if action not in _ACTIONS:
        raise ValueError("a failpoint is name:kill or name:enospc")
    _armed[name] = action


def passing(name: str) -> None:
    """Say that the process is at the place ``name``.

    Raises:
        OSError: ``ENOSPC`` if the place is armed so.
    """
    action = _armed.get(name)
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "enospc":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
