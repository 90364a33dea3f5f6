"""The line between a node and its hub: real connections that a proxy opens, slows down and cuts.

Bytes pass as they are; what reads and alters requests stands in `tests.fakes.faults`.
"""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_PIECE_BYTES = 1 << 16


@dataclass
class Line:
    """Carries connections to `target`, a host and a port on loopback.

    Attributes:
        target: where every connection leads, whatever name a `CONNECT` asks for.
        login: `user:password` that a `CONNECT` has to bring; None: there is no `CONNECT`, bytes pass at once.
        cuts: after how many bytes of the answers the next connections are cut; afterwards none is.
        piece_bytes: so much passes at once, in either direction; then a pause of `pause_seconds`.
        pause_seconds: see there.
        connections: how many there were.
        refused: how many of them brought no right login.
    """

    target: tuple[str, int]
    login: str | None = None
    cuts: list[int] = field(default_factory=list)
    piece_bytes: int = _PIECE_BYTES
    pause_seconds: float = 0.0
    connections: int = 0
    refused: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def carry(self, client: socket.socket) -> None:
        """Carry one connection to its end."""
        self.connections += 1
        with client, suppress(OSError):
            if self.login is not None and not self._let_in(client):
                return
            left = self.cuts.pop(0) if self.cuts else None
            with socket.create_connection(self.target) as hub:
                back = threading.Thread(target=self._pass, args=(client, hub, None))
                back.start()
                self._pass(hub, client, left)
                back.join()

    def _let_in(self, client: socket.socket) -> bool:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(_PIECE_BYTES)
        expected = base64.b64encode((self.login or "").encode()).decode()
        if f"proxy-authorization: basic {expected}".lower() not in head.decode().lower():
            self.refused += 1
            client.sendall(
                b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="Rathaus"\r\n'
                b"Content-Length: 0\r\nConnection: close\r\n\r\n"
            )
            return False
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return True

    def _pass(self, source: socket.socket, target: socket.socket, left: int | None) -> None:
        """Pass bytes on until one side ends, or so many have passed; then both directions are over."""
        with suppress(OSError):
            while left is None or left > 0:
                piece = source.recv(self.piece_bytes if left is None else min(left, self.piece_bytes))
                if not piece:
                    break
                target.sendall(piece)
                left = None if left is None else left - len(piece)
                if self._over.wait(self.pause_seconds):
                    break
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def open_line(url: str, **faults: object) -> Iterator[tuple[Line, str]]:
    """Open a line to the server at `url`; gives it, and the address of its near end as `host:port`."""
    parts = urlsplit(url)
    line = Line((parts.hostname or "", parts.port or 0), **faults)  # type: ignore[arg-type]
    carriers: list[threading.Thread] = []
    open_ends: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                end = listener.accept()[0]
                open_ends.append(end)
                carriers.append(threading.Thread(target=line.carry, args=(end,)))
                carriers[-1].start()

    listener = socket.create_server(("127.0.0.1", 0))
    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield line, f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        line._over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for end in open_ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for carrier in carriers:
            carrier.join()
