"""The time by which the lifetimes of what officers sign are judged."""

import datetime as dt

from hub.clock import SystemClock


def now() -> dt.datetime:
    """Return the real time.

    Lifetimes are judged by every reader's own clock: a hub that plays another day does not shift them.
    """
    return SystemClock().now()
