"""The policy: what a hub accepts and demands, signed by officers (SPEC P-149).

Its place in the repository makes it monotonic: a node that has seen a version never accepts an older one, so
nobody on the way can talk it into unsealed deliveries or a version that was given up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from protocol.forms import AUDIENCE
from protocol.trust.members import RELEASE, read_document, refusal, write_document

MAX_POLICY_BYTES: Final = 64 * 1024
MIB: Final = 1024 * 1024
_MOST_VERSIONS: Final = 16
_HOURS_OF_A_YEAR: Final = 24 * 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What holds for every node of one hub.

    Attributes:
        audience: the hub.
        sealed: whether deliveries have to be sealed with the hub's key.
        statement_versions: versions of statements that are accepted, ascending.
        oldest_client: the oldest release of the node's program that may deliver, for example ``0.1.0``.
        max_payload_bytes: largest table of a delivery.
        max_open_uploads: deliveries of one node that may be incomplete at a time.
        receipt_hours: a node raises an alarm if a complete delivery has no receipt after so long.
    """

    audience: str
    sealed: bool = True
    statement_versions: tuple[int, ...] = (1, 2)
    oldest_client: str = "0.1.0"
    max_payload_bytes: int = 64 * MIB
    max_open_uploads: int = 64
    receipt_hours: int = 24

    def __post_init__(self) -> None:
        """Check the members.

        Raises:
            KimError: ``trust_document_invalid`` with the pointer.
        """
        if not AUDIENCE.fullmatch(self.audience):
            raise refusal("/audience")
        versions = self.statement_versions
        if (
            not versions
            or list(versions) != sorted({*versions})
            or not 1 <= versions[0] <= versions[-1] <= 999
        ):
            raise refusal("/statement_versions")
        if not RELEASE.fullmatch(self.oldest_client):
            raise refusal("/oldest_client")
        for name, (least, most) in _BOUNDS.items():
            if not least <= getattr(self, name) <= most:
                raise refusal(f"/{name}")

    def accepts_client(self, release: str) -> bool:
        """Whether a release of the node's program may deliver; one that cannot be read may not."""
        if not RELEASE.fullmatch(release):
            return False
        given, oldest = (tuple(map(int, text.split("."))) for text in (release, self.oldest_client))
        return given >= oldest

    def to_bytes(self) -> bytes:
        """Return the document; :func:`parse_policy` gives the same policy back."""
        return write_document(
            {
                "audience": self.audience,
                "sealed": self.sealed,
                "statement_versions": list(self.statement_versions),
                "oldest_client": self.oldest_client,
                **{name: getattr(self, name) for name in _BOUNDS},
            }
        )


_BOUNDS: Final = {
    "max_payload_bytes": (1024, 64 * MIB),
    "max_open_uploads": (1, 10_000),
    "receipt_hours": (1, _HOURS_OF_A_YEAR),
}


def parse_policy(data: bytes) -> Policy:
    """Read the target ``policy.json``.

    Args:
        data: its bytes, out of a verified repository.

    Returns:
        The policy. The caller compares ``audience`` with the hub it means.

    Raises:
        KimError: ``too_large``, ``unsupported_version`` or ``trust_document_invalid``, with the pointer of
            the first offender.
    """
    members = read_document(data, max_bytes=MAX_POLICY_BYTES)
    values: dict[str, Any] = {
        "audience": members.text("audience"),
        "sealed": members.flag("sealed"),
        "oldest_client": members.text("oldest_client"),
        **{name: members.integer(name, least=low, most=high) for name, (low, high) in _BOUNDS.items()},
    }
    versions: list[int] = []
    for number, value in enumerate(members.items("statement_versions", most=_MOST_VERSIONS)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise refusal(f"/statement_versions/{number}")
        versions.append(value)
    members.finish()
    return Policy(**values, statement_versions=tuple(versions))
