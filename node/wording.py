"""What a cell says once the damage of exporting is undone: encodings, blanks, spellings.

Invariants: pure functions on one string; nothing here knows a column or a code. `fold` keeps punctuation
(it tells `-` from empty and `25,2` from `252`), `key` drops it (it makes `SGB II` and `sgb-ii` one).

It deliberately corrects no typing errors: what is not understood stays visible as not understood.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_DOUBLE_ENCODING_SIGNS: Final = ("Ã", "Â", "â")
# Zero-width characters and the soft hyphen: invisible, and carried along by copy and paste.
_INVISIBLE: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad"))
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "’": "", "'": ""})


def repaired(text: str) -> str:
    """Undo one double encoding (UTF-8 read as Windows-1252 and saved again), if there was one.

    Args:
        text: a cell or a header.

    Returns:
        The text as it was typed; the same object if it was not encoded twice.
    """
    if not any(sign in text for sign in _DOUBLE_ENCODING_SIGNS):
        return text
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text


def fold(text: str) -> str:
    """Return the text without regard to case, kind and number of blanks, and composition of umlauts."""
    if text.isascii():
        return " ".join(text.split()).casefold()
    visible = unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
    return " ".join(visible.split()).casefold()


def key(text: str) -> str:
    """Return the letters and digits of the text only, umlauts written out (`ä` as `ae`).

    A question mark stays: `SGB II?` is a doubt, not a spelling.
    """
    return "".join(sign for sign in fold(text).translate(_UMLAUTS) if sign.isalnum() or sign == "?")
