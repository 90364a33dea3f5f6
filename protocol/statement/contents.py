"""Which bytes a statement is about, which travel in their place, and what made them."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Final

from protocol import strict_json
from protocol.errors import kim_error
from protocol.forms import SHA256_HEX
from protocol.prescan import MAX_ROWS, MAX_TABLE_BYTES
from protocol.statement.checking import check_integer, check_text, refusal
from protocol.trust.hub_keys import SUITE

#: Random bytes in front of a sealed table.
SALT_BYTES: Final = 32
#: Encapsulated key of MLKEM768-X25519 and tag of AES-256-GCM.
SEALING_OVERHEAD_BYTES: Final = 1120 + 16
MEDIA_ARROW_STREAM: Final = "application/vnd.apache.arrow.stream"
MAX_CHUNK_BYTES: Final = 1_048_576
MIN_CHUNK_BYTES: Final = 1_024
#: What a node signs: many proxies let no body pass that is larger than a megabyte, whichever they mean by it.
CHUNK_BYTES: Final = 524_288
_LABEL: Final = re.compile(r"[!-~]{1,64}")


@dataclass(frozen=True, slots=True)
class Software:
    """What made the delivery; information only.

    Attributes:
        name: program, for example ``kim-node``.
        version: its version.
        pyarrow: version of the Arrow library that wrote the table.
    """

    name: str
    version: str
    pyarrow: str

    def __post_init__(self) -> None:
        """Check the members (SPEC P-18).

        Raises:
            KimError: ``bad_envelope`` with the member's pointer.
        """
        for member in fields(self):
            check_text(getattr(self, member.name), _LABEL, f"/software/{member.name}")


@dataclass(frozen=True, slots=True)
class PayloadInfo:
    """Which bytes the statement is about.

    Attributes:
        media: always :data:`MEDIA_ARROW_STREAM`.
        size: length in bytes.
        sha256: hex digest of the bytes.
        rows: rows of the table.
        chunk: size of an upload chunk in bytes; the last one may be shorter.
    """

    media: str
    size: int
    sha256: str
    rows: int
    chunk: int

    def __post_init__(self) -> None:
        """Check the members (SPEC P-18).

        Raises:
            KimError: ``bad_envelope`` with the member's pointer; ``too_large`` for the size.
        """
        if self.media != MEDIA_ARROW_STREAM:
            raise refusal("/payload/media")
        check_integer(self.size, 1, strict_json.MAX_INTEGER, "/payload/size")
        if self.size > MAX_TABLE_BYTES:
            raise kim_error("too_large", pointer="/payload/size")
        check_text(self.sha256, SHA256_HEX, "/payload/sha256")
        check_integer(self.rows, 1, MAX_ROWS, "/payload/rows")
        check_integer(self.chunk, MIN_CHUNK_BYTES, MAX_CHUNK_BYTES, "/payload/chunk")

    @property
    def chunks(self) -> int:
        """Number of chunks the bytes are sent in."""
        return -(-self.size // self.chunk)


@dataclass(frozen=True, slots=True)
class SealedInfo:
    """Which sealed bytes travel in place of the table (SPEC P-130).

    Attributes:
        kid: key id of the hub's key they are sealed with.
        suite: always :data:`protocol.trust.hub_keys.SUITE`.
        size: their length in bytes.
        sha256: hex digest of them.
    """

    kid: str
    suite: str
    size: int
    sha256: str

    def __post_init__(self) -> None:
        """Check the members (SPEC P-18).

        Raises:
            KimError: ``bad_envelope`` with the member's pointer; ``too_large`` for the size.
        """
        check_text(self.kid, SHA256_HEX, "/sealed/kid")
        if self.suite != SUITE:
            raise refusal("/sealed/suite")
        check_integer(self.size, 1, strict_json.MAX_INTEGER, "/sealed/size")
        if self.size > MAX_TABLE_BYTES + SEALING_OVERHEAD_BYTES:
            raise kim_error("too_large", pointer="/sealed/size")
        check_text(self.sha256, SHA256_HEX, "/sealed/sha256")


@dataclass(frozen=True, slots=True)
class Travelling:
    """The bytes that are sent for a statement: the table, or what it is sealed in.

    Attributes:
        size: length in bytes.
        sha256: hex digest.
    """

    size: int
    sha256: str
