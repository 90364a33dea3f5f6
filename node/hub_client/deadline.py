"""An end to waiting: a piece of work is given up after so many seconds, however busy it looks.

Timeouts of sockets count from one byte to the next, so a server that sends a byte now and then can hold a
caller for weeks. Here the whole piece of work counts. It runs in a thread of its own; given up, the thread
is left behind: it cannot keep the process from ending, and it stops at the next chance it gets.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class DeadlineError(Exception):
    """The time was up."""


class GivenUp:
    """Tells a piece of work that nobody waits for it any more."""

    def __init__(self) -> None:
        """Begin: somebody waits."""
        self._event = threading.Event()

    def give_up(self) -> None:
        """Stop waiting."""
        self._event.set()

    def check(self) -> None:
        """Go on only while somebody waits.

        Raises:
            DeadlineError: if nobody does.
        """
        if self._event.is_set():
            raise DeadlineError


def within(seconds: float, work: Callable[[GivenUp], T]) -> T:
    """Do a piece of work within a time.

    Args:
        seconds: for all of it.
        work: is told through its argument when it was given up; it shares nothing that is used afterwards.

    Returns:
        What the work returns.

    Raises:
        DeadlineError: if the time was up. What the work itself raises, is raised.
    """
    given_up = GivenUp()
    returned: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            returned.append(work(given_up))
        except BaseException as error:  # noqa: BLE001 - handed over to the caller's thread
            raised.append(error)

    thread = threading.Thread(target=run, name="hub-call", daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    finally:
        given_up.give_up()
    if returned:
        return returned[0]
    if raised:
        raise raised[0]
    raise DeadlineError
