"""Tell a node in time that its key ends: in every answer, from sixty days before on (SPEC P-157)."""

import datetime as dt
from typing import Final

from hub.domain.enrolment import NOTICE_DAYS
from hub.domain.states import KeyStatus
from hub.store.records import NodeKey

HEADER: Final = "Kim-Notice"


def notice(key: NodeKey, *, at: dt.datetime) -> str | None:
    """Return the notice for whoever uses a key: `<code>;days=<whole days left>`, or None.

    Args:
        key: the key that a request was signed with.
        at: the hub's time.
    """
    if key.not_after is None or key.status is KeyStatus.REVOKED:
        return None
    left = (key.not_after - at) // dt.timedelta(days=1)
    if left >= max(NOTICE_DAYS):
        return None
    code = "key_retiring" if key.status is KeyStatus.RETIRING else "key_expires"
    return f"{code};days={max(0, left)}"
