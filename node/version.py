"""Name and version of this program, as it appears in statements and requests."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from typing import Final

PROGRAM: Final = "kim-node"
_DISTRIBUTION: Final = "kim-datenverbund"


@cache
def program_version() -> str:
    """Return the version of the installed distribution, ``0`` when it runs uninstalled."""
    try:
        return metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "0"
