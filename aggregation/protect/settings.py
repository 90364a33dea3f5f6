"""What `kim-protect` reads from its environment: the language, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping

from protocol.texts import Language


def preferred_language(environment: Mapping[str, str] | None = None) -> Language:
    """Return the language of ``KIM_LANG``; German if it names none."""
    source = os.environ if environment is None else environment
    return "en" if source.get("KIM_LANG") == "en" else "de"
