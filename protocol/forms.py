"""Forms of names, digests and moments, as every document of the protocol writes them (SPEC P-18).

A form says nothing of what a name stands for: whether an area exists, or a day has 24:00, is asked elsewhere.
"""

from __future__ import annotations

import re
from typing import Final

#: A SHA-256 digest, and with it the id of a statement or of a key.
SHA256_HEX: Final = re.compile(r"[0-9a-f]{64}")
#: The name of a hub; separates hubs, and test from production.
AUDIENCE: Final = re.compile(r"(?=.{1,128}\Z)[a-z0-9][a-z0-9.-]*(?:/[a-z0-9][a-z0-9._-]*)*")
NODE: Final = re.compile(r"node-[0-9a-z][0-9a-z-]{0,58}")
INSTANCE: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
AREA: Final = re.compile(r"NW[0-9]{5}(?:X?[0-9]{3})?")
#: Short id of a dataflow, for example ``CASES``.
DATASET: Final = re.compile(r"[A-Z][A-Z0-9_]{0,31}")
PERIOD: Final = re.compile(r"(?:199|20[0-9]|21[0-9])[0-9](?:-Q[1-4])?")
#: A moment in UTC, in whole seconds. Hours are named because later versions of Python read 24:00 as midnight.
INSTANT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z")


def one_line(most_characters: int) -> re.Pattern[str]:
    """Return the form of one line for people: no control characters, no marks that turn the writing round."""
    return re.compile(rf"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]{{1,{most_characters}}}")
