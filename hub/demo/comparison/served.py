"""What the hub serves to anybody: asked over HTTP, on loopback only."""

from __future__ import annotations

import http.client
import json
from typing import Any, Final

_TIMEOUT_SECONDS: Final = 60


def get_json(port: int, path: str) -> Any:  # noqa: ANN401 -- any JSON document
    """Ask the hub on this machine for a JSON document.

    Raises:
        OSError: if it cannot be reached.
        ValueError: if it does not answer 200 with JSON.
    """
    return json.loads(_get(port, path, accept="application/json"))


def get_text(port: int, path: str) -> str:
    """Ask the hub on this machine for a text file.

    Raises:
        OSError: if it cannot be reached.
        ValueError: if it does not answer 200 with UTF-8.
    """
    return _get(port, path, accept="text/*").decode("utf-8")


def get_bytes(port: int, path: str) -> bytes:
    """Ask the hub on this machine for a file.

    Raises:
        OSError: if it cannot be reached.
        ValueError: if it does not answer 200.
    """
    return _get(port, path, accept="*/*")


def _get(port: int, path: str, *, accept: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", path, headers={"Accept": accept})
        response = connection.getresponse()
        body = response.read()
    except http.client.HTTPException as broken:
        raise OSError("the hub did not answer in HTTP") from broken
    finally:
        connection.close()
    if response.status != 200:
        raise ValueError(f"GET {path.partition('?')[0]}: {response.status}")
    return body
