"""Who decides on this hub's nodes: officers, or, on a test bench, whoever sits at it.

Loads nothing of TUF, so that every command can ask.
"""

from pathlib import Path
from typing import Final

from protocol.errors import kim_error

FOLDER: Final = "trust"
KEY_FILE: Final = "online.pem"


def is_governed(home: Path) -> bool:
    """Whether officers decide: from `kim-hub trust init` on, even before their first signature."""
    return (home / FOLDER / KEY_FILE).exists()


def require_bench(home: Path) -> None:
    """Raise `directory_governs` where officers decide."""
    if is_governed(home):
        raise kim_error("directory_governs")
