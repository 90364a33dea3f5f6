"""How often one address may try a door that stands open to everybody: a login, a request with an invitation.

Kept in the memory of a process: it slows down whoever hammers at a door, and decides nothing. What is guessed
at *accounts* is counted in the database (`hub.services.people.throttling`).
"""

from typing import Final

from flask import Response
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter: Final = Limiter(get_remote_address, storage_uri="memory://", strategy="moving-window")
DOOR_LIMIT: Final = "60 per minute"


def was_refused(response: Response) -> bool:
    """Whether an attempt failed by what was sent: of a door for programs, only these count.

    Many municipalities reach the hub from the one address of their computing centre.
    """
    return 400 <= response.status_code < 500
