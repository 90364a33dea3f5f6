"""Finds out how a text file is encoded: UTF-8 or Windows-1252, and nothing else.

Invariants: UTF-8 is taken only if every byte of the file agrees; Windows-1252 only if none of its five
unused bytes occurs. The file is read in blocks, so its size does not matter.

It deliberately does not guess among other encodings: a wrong guess turns names of countries into noise.
"""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Final

from node.sources.table.raw_table import Encoding
from protocol.errors import KimError, kim_error
from protocol.texts import Text

_BLOCK_BYTES: Final = 1 << 20
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def encoding_of(path: Path) -> Encoding:
    """Determine the encoding of a file.

    Args:
        path: the file.

    Returns:
        ``ascii`` if both agree, else the one encoding in which the file can be read; Windows-1252 is
        confirmed only while reading (see :func:`unreadable`).

    Raises:
        KimError: ``wrong_encoding`` for UTF-16 and for bytes of no text.
        OSError: if the file cannot be read.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    only_ascii = True
    with path.open("rb") as file:
        head = file.read(_BLOCK_BYTES)
        if head.startswith(_UTF16_MARKS) or b"\0" in head:
            raise unreadable()
        marked = head.startswith(codecs.BOM_UTF8)
        block = head
        try:
            while block:
                only_ascii = only_ascii and block.isascii()
                decoder.decode(block)
                block = file.read(_BLOCK_BYTES)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            if marked:
                raise unreadable() from None
            return "cp1252"
    if marked:
        return "utf-8-sig"
    return "ascii" if only_ascii else "utf-8"


def unreadable() -> KimError:
    """Build the refusal of a file whose characters cannot be read."""
    return kim_error(
        "wrong_encoding",
        Text(
            "Die Datei ist weder in Windows-1252 noch in UTF-8 gespeichert (vielleicht als „Unicode-Text“).",
            'The file is saved neither in Windows-1252 nor in UTF-8 (perhaps as "Unicode text").',
        ),
    )
