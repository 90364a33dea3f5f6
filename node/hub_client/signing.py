"""Requests are signed with the node's key, each with a nonce of its own, by the clock of this machine.

If the hub says that this machine's clock is wrong, requests are signed by the hub's time, if that is less
than a day away; the clock itself is never touched.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from node.clock import Clock
from node.hub_client.call import Call
from protocol.keys import PrivateKey, new_nonce
from protocol.request_signatures import Request, sign_request

#: Somebody on the way could answer with any time: requests signed far in the future could be kept for later.
_FARTHEST_CLOCK: Final = timedelta(hours=24)


class Signer:
    """Signs the requests of one node to one hub."""

    def __init__(self, key: PrivateKey, *, audience: str, clock: Clock) -> None:
        """Sign with ``key`` for the hub of that name, by ``clock`` until :meth:`follow` is called."""
        self._key = key
        self._audience = audience
        self._clock = clock
        self._ahead = timedelta(0)

    def headers(self, call: Call) -> dict[str, str]:
        """Return the headers that sign a call; others each time, so that none can be sent twice."""
        # The path below the hub's address: what a proxy puts in front of it is the proxy's.
        path, _, query = call.path.partition("?")
        headers = {name.lower(): value for name, value in call.headers.items()}
        return sign_request(
            Request(call.method, path, query, headers, call.body or b""),
            self._key,
            audience=self._audience,
            created=self._clock.now() + self._ahead,
            nonce=new_nonce(),
        )

    def follow(self, server_time: datetime) -> bool:
        """Sign by this time from now on; False if it is too far away to be believed."""
        ahead = server_time - self._clock.now()
        if abs(ahead) > _FARTHEST_CLOCK:
            return False
        self._ahead = ahead
        return True
