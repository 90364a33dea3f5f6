"""The file that travels: a new version of what officers sign, with all that is needed to judge it.

It carries the officers' roots from the first on, the version that is published and the one that is proposed,
and the documents of both by digest. An officer's machine needs nothing else, and trusts nothing of it that is
not signed by enough officers whom it knows. Copies that were signed apart are put together again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from securesystemslib.signer import Signature
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError

from hub.services.trust.documents import digest
from protocol import strict_json
from protocol.errors import KimError, kim_error
from protocol.texts import Text
from protocol.trust.members import Members, read_document

MAX_FILE_BYTES: Final = 128 * 1024 * 1024
MAX_ROOTS: Final = 256
_MAX_METADATA_BYTES: Final = 4 * 1024 * 1024
_MAX_BLOBS: Final = 256
_KIND: Final = "kim-trust-change"

_Kind = TypeVar("_Kind", Root, Targets, Snapshot, Timestamp)


@dataclass(frozen=True, slots=True)
class ChangeFile:
    """A proposed version and what it follows.

    Attributes:
        roots: the published roots from the first on; empty before the first publication.
        published: the published targets; None before the first publication.
        root: a new root, if officers change; with the signatures so far.
        targets: new targets, with the signatures so far; None if only the root changes.
        blobs: the documents of both versions, by digest.
    """

    roots: tuple[bytes, ...]
    published: bytes | None
    root: bytes | None
    targets: bytes | None
    blobs: Mapping[str, bytes] = field(repr=False)

    def blob(self, name: str) -> bytes:
        """Return the bytes of a digest, or raise `trust_altered`: somebody took them out."""
        data = self.blobs.get(name)
        if data is None:
            raise kim_error("trust_altered")
        return data

    def to_bytes(self) -> bytes:
        """Return the file; :func:`read_change_file` gives the same back."""
        return strict_json.dumps(
            {
                "v": 1,
                "kind": _KIND,
                "roots": [strict_json.encode_base64(data) for data in self.roots],
                "published": _encoded(self.published),
                "root": _encoded(self.root),
                "targets": _encoded(self.targets),
                "blobs": [strict_json.encode_base64(data) for _, data in sorted(self.blobs.items())],
            }
        )


def read_change_file(data: bytes) -> ChangeFile:
    """Read a file that travelled; nothing is verified yet.

    Raises:
        KimError: `too_large` or `trust_document_invalid`.
    """
    members = read_document(data, max_bytes=MAX_FILE_BYTES)
    members.constant("kind", _KIND)
    roots = tuple(
        _bytes(text, f"/roots/{n}") for n, text in enumerate(members.items("roots", most=MAX_ROOTS))
    )
    published, root, targets = (_optional(members, name) for name in ("published", "root", "targets"))
    blobs = [_bytes(text, f"/blobs/{n}") for n, text in enumerate(members.items("blobs", most=_MAX_BLOBS))]
    members.finish()
    if (published is None) != (not roots) or (root is None and targets is None):
        raise _invalid()
    return ChangeFile(roots, published, root, targets, {digest(blob): blob for blob in blobs})


def merged(files: list[ChangeFile]) -> ChangeFile:
    """Return one file with the signatures of all copies.

    Raises:
        KimError: `trust_conflict` if they are copies of different changes.
    """
    first = files[0]
    for other in files[1:]:
        first = replace(
            first,
            root=_merged(first.root, other.root, Root),
            targets=_merged(first.targets, other.targets, Targets),
        )
    return first


def _merged(one: bytes | None, other: bytes | None, kind: type[_Kind]) -> bytes | None:
    if one is None or other is None:
        if one is other:
            return None
        raise kim_error("trust_conflict")
    metadata, more = load(one, kind), load(other, kind)
    if metadata.signed_bytes != more.signed_bytes:
        raise kim_error("trust_conflict")
    metadata.signatures.update(more.signatures)
    return metadata.to_bytes()


def load(data: bytes, kind: type[_Kind]) -> Metadata[_Kind]:
    """Parse metadata of one kind; no signature is verified.

    Raises:
        KimError: `too_large` or `trust_document_invalid`.
    """
    if len(data) > _MAX_METADATA_BYTES:
        raise kim_error("too_large")
    try:
        metadata: Metadata[_Kind] = Metadata.from_bytes(data)
        # One spelling only: what is not signed in these files would otherwise be anybody's to write.
        spelled_once = not metadata.unrecognized_fields and metadata.to_bytes() == data
        _ = metadata.signed_bytes  # what is signed is canonical JSON, which knows no fractions
    except (DeserializationError, RepositoryError, RecursionError):
        raise _invalid() from None
    plain = all(map(_is_plain, metadata.signatures.values()))
    if not isinstance(metadata.signed, kind) or not spelled_once or not plain:
        raise _invalid()
    return metadata


def _is_plain(signature: Signature) -> bool:
    try:
        plain = bytes.fromhex(signature.signature).hex()
    except (TypeError, ValueError):
        return False
    return plain == signature.signature and not signature.unrecognized_fields


def _encoded(data: bytes | None) -> str | None:
    return None if data is None else strict_json.encode_base64(data)


def _bytes(text: object, pointer: str) -> bytes:
    if not isinstance(text, str):
        raise _invalid()
    return strict_json.decode_base64(text, pointer=pointer)


def _optional(members: Members, name: str) -> bytes | None:
    text = members.optional_text(name)
    return None if text is None else _bytes(text, f"/{name}")


def _invalid() -> KimError:
    return kim_error(
        "trust_document_invalid",
        Text(
            "Das ist keine Änderungsdatei von kim-hub trust, oder sie ist beschädigt.",
            "This is no change file of kim-hub trust, or it is damaged.",
        ),
    )
