"""Waiting for what another thread or process does: as long as a slow machine needs, never a fixed pause."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

#: Far longer than anything takes on a loaded machine with two cores: only a test that fails waits for it.
PATIENCE_SECONDS: Final = 180.0

T = TypeVar("T")


def assert_soon(happens: Callable[[], T | None], what: str = "what was waited for") -> T:
    """Wait until `happens()` gives something true and return it; fail, and name `what`, if it does not."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := happens()):
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.01)
    return found
