"""Have enough officers signed? The one place that counts signatures, for hub and officers alike.

A key counts once, however often it has signed; a root counts only if the officers before it have agreed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tuf.api.metadata import Metadata, Root, Targets, VerificationResult

from hub.services.trust.change_file import load
from hub.services.trust.officers import name_of
from protocol.errors import kim_error
from protocol.texts import Text
from protocol.trust.fingerprints import root_fingerprint
from protocol.trust.officers import check_root

ROOT: Final = "root"
TARGETS: Final = "targets"


@dataclass(frozen=True, slots=True)
class Signatures:
    """Who has signed, and how many more are needed.

    Attributes:
        signed: names of the officers whose signatures hold.
        missing: how many more signatures are needed; of a root, by the old and the new officers.
    """

    signed: tuple[str, ...]
    missing: int


def verified_root(chain: Sequence[bytes]) -> Metadata[Root]:
    """Return the newest of the officers' roots, each signed by enough officers of the one before and its own.

    Args:
        chain: roots from the first that is trusted on, without a gap.

    Raises:
        KimError: `trust_threshold`, `trust_rollback` if a version does not follow, and what
            :func:`protocol.trust.officers.check_root` raises.
    """
    newest: Metadata[Root] | None = None
    for data in chain:
        root = load(data, Root)
        require(root_signatures(newest, root))
        newest = root
    if newest is None:
        raise kim_error("no_trust_repository")
    return newest


def root_signatures(before: Metadata[Root] | None, root: Metadata[Root]) -> Signatures:
    """Return who has signed a root; `before` is the published one.

    Raises:
        KimError: `trust_rollback`, and what :func:`protocol.trust.officers.check_root` raises.
    """
    check_root(root.signed.to_dict())
    if before is not None and root.signed.version != before.signed.version + 1:
        raise kim_error("trust_rollback")
    result = root.signed.get_root_verification_result(
        before.signed if before else None, root.signed_bytes, root.signatures
    )
    missing = max(_missing(result.first), _missing(result.second))
    return Signatures(tuple(sorted({name_of(key) for key in result.signed.values()})), missing)


def targets_signatures(root: Metadata[Root], targets: Metadata[Targets]) -> Signatures:
    """Return who has signed targets, of the officers that the root names."""
    result = root.signed.get_verification_result(TARGETS, targets.signed_bytes, targets.signatures)
    return Signatures(tuple(sorted(name_of(key) for key in result.signed.values())), _missing(result))


def require(signatures: Signatures) -> None:
    """Raise `trust_threshold` if signatures are missing."""
    if signatures.missing:
        number, names = signatures.missing, ", ".join(signatures.signed)
        raise kim_error(
            "trust_threshold",
            Text(
                f"Es fehlen noch {number} Unterschriften; bisher unterschrieben von: {names or 'niemandem'}."
                if number > 1
                else f"Es fehlt noch eine Unterschrift; bisher unterschrieben von: {names or 'niemandem'}.",
                f"{number} more {'signatures are' if number > 1 else 'signature is'} needed; signed so far "
                f"by: {names or 'nobody'}.",
            ),
        )


def fingerprint(root: Metadata[Root]) -> str:
    """Return the fingerprint of a root, for the enrolment letter."""
    return root_fingerprint(root.signed_bytes)


def _missing(result: VerificationResult) -> int:
    return max(0, result.threshold - len(result.signed))
