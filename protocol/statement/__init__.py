"""What a node says about one delivery: the statement that is signed (SPEC P-15..P-23, P-130).

It names sender, addressee, area, dataflow, period, place in the revision chain, the exact bytes of the
table and the rules they were made by. It is small, so a hub can judge all of it before it accepts a single
byte of payload. Parsing is strict: a member that this version does not know is refused unless it stands
under ``ext``, so nothing that is signed is silently ignored.

There are two forms. Version 1 names the table itself. Version 2 has one member more, ``sealed``: what travels
is the sealed table, and ``payload`` names what is inside, salt and table. Neither has members of the other.

It deliberately has no clock and no randomness: ``created`` and ``nonce`` are passed in. ``created`` is the
sender's claim and decides nothing.
"""

from protocol.statement.contents import (
    CHUNK_BYTES,
    MEDIA_ARROW_STREAM,
    SALT_BYTES,
    SEALING_OVERHEAD_BYTES,
    PayloadInfo,
    SealedInfo,
    Software,
)
from protocol.statement.statement import (
    MAX_BREAK_CHARACTERS,
    SERIES_BREAK,
    VERSIONS,
    SubmissionStatement,
    is_reason,
    parse_statement,
)

__all__ = [
    "CHUNK_BYTES",
    "MAX_BREAK_CHARACTERS",
    "MEDIA_ARROW_STREAM",
    "SALT_BYTES",
    "SEALING_OVERHEAD_BYTES",
    "SERIES_BREAK",
    "VERSIONS",
    "PayloadInfo",
    "SealedInfo",
    "Software",
    "SubmissionStatement",
    "is_reason",
    "parse_statement",
]
