"""Serves a WSGI application over real HTTP on loopback, for the length of a test."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@contextmanager
def served(app: WsgiApp) -> Iterator[str]:
    """Yield the address at which ``app`` answers; every connection is closed at the end."""
    sockets: dict[int, Any] = {}
    # Buffers stay in memory: waitress does not close its overflow files when a client leaves early.
    server = create_server(
        app,
        host="127.0.0.1",
        port=0,
        threads=4,
        clear_untrusted_proxy_headers=True,
        outbuf_overflow=1 << 24,
        map=sockets,
    )
    over = threading.Event()

    def answer() -> None:
        while not over.is_set():
            wasyncore.loop(timeout=0.02, map=sockets, count=1)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        over.set()
        thread.join()
        server.task_dispatcher.shutdown()
        wasyncore.close_all(sockets)
