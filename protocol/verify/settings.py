"""The one thing that the environment settles: the language."""

from __future__ import annotations

import os

from protocol.texts import Language


def language() -> Language:
    """Return the language of ``KIM_LANG``; German unless it says ``en``."""
    return "en" if os.environ.get("KIM_LANG") == "en" else "de"
