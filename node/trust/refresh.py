"""The officers' repository, read with the client of TUF over any source, its refusals in our words.

TUF checks signatures, thresholds, versions, lifetimes and digests. What it does not ask is asked here:
whether a root really has the people behind it that it says (SPEC P-150), whether a document is too long to be
read, and whether the root at the other side is the pinned one at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tuf.api import exceptions
from tuf.api.metadata import Metadata, Root
from tuf.api.serialization import DeserializationError
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from node.trust.sources import TrustSource
from protocol.errors import KimError, kim_error
from protocol.trust.officers import check_root
from protocol.trust.targets import DOCUMENTS

METADATA, TARGETS = "metadata", "targets"
_CODES: Final[dict[type[Exception], str]] = {
    exceptions.ExpiredMetadataError: "trust_expired",
    exceptions.BadVersionNumberError: "trust_rollback",
    exceptions.UnsignedMetadataError: "trust_threshold",
    exceptions.DownloadLengthMismatchError: "too_large",
}


class SourceFetcher(FetcherInterface):
    """Lets TUF read from a source, and remembers why the last file could not be read."""

    def __init__(self, source: TrustSource) -> None:
        """Read from ``source``."""
        self._source = source
        self.failure: KimError | None = None

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            data = self._source.read(url)
        except KimError as error:
            self.failure = error
            if error.code == "not_found":
                raise exceptions.DownloadHTTPError(error.code, 404) from error
            raise exceptions.DownloadError(error.code) from error
        return iter((data,))


def refresh(folder: Path, root: bytes, source: TrustSource) -> None:
    """Bring the copy in ``folder`` up to date.

    Args:
        folder: of the copy, only for this user; has ``metadata`` and ``targets``.
        root: the pinned root.
        source: where the files come from.

    Raises:
        KimError: ``trust_threshold``, ``trust_rollback``, ``trust_expired``, ``trust_altered``,
            ``trust_root_mismatch``, ``duplicate_key``, ``keyid_mismatch``, ``trust_document_invalid``,
            ``too_large``, ``no_trust_repository`` if the source has none, or the source's own failure. What
            was known before stays known.
    """
    fetcher = SourceFetcher(source)
    try:
        with _translated(fetcher):
            updater = Updater(
                metadata_dir=str(folder / METADATA),
                metadata_base_url=f"{METADATA}/",
                target_dir=str(folder / TARGETS),
                target_base_url=f"{TARGETS}/",
                fetcher=fetcher,
                config=UpdaterConfig(),
                bootstrap=root,
            )
            updater.refresh()
            check_root(_root_members(folder / METADATA / "root.json"))
            for path, most_bytes in DOCUMENTS.items():
                _bring(updater, path, most_bytes=most_bytes)
    except KimError as error:
        if error.code == "trust_threshold" and _is_another(root, source):
            raise kim_error("trust_root_mismatch") from error
        raise


def _bring(updater: Updater, path: str, *, most_bytes: int) -> None:
    target = updater.get_targetinfo(path)
    if target is None:
        raise kim_error("trust_document_invalid", pointer=f"/{path}")
    # Before a byte of it is fetched: the officers' signature does not make a document short.
    if target.length > most_bytes:
        raise kim_error("too_large", pointer=f"/{path}")
    if updater.find_cached_target(target) is None:
        updater.download_target(target)


def _root_members(path: Path) -> dict[str, object]:
    members: dict[str, object] = json.loads(path.read_bytes())["signed"]
    return members


def _is_another(root: bytes, source: TrustSource) -> bool:
    """Whether the source has another root of the pinned one's version: then it is another repository."""
    pinned = parse_root(root)
    try:
        other = parse_root(source.read(f"{METADATA}/{pinned.signed.version}.root.json"))
        is_same = other.signed_bytes == pinned.signed_bytes
    except (KimError, exceptions.RepositoryError):
        return False
    return not is_same


def parse_root(data: bytes) -> Metadata[Root]:
    """Read a root; no signature is verified.

    Raises:
        KimError: ``trust_altered`` if it is none.
    """
    try:
        metadata: Metadata[Root] = Metadata.from_bytes(data)
    except (DeserializationError, RecursionError):
        raise kim_error("trust_altered") from None
    if not isinstance(metadata.signed, Root):
        raise kim_error("trust_altered")
    return metadata


def verify_root(data: bytes) -> Metadata[Root]:
    """Read a root that its own officers have signed, as the one to be pinned.

    Raises:
        KimError: ``trust_altered``, ``trust_threshold``, or what :func:`check_root` raises.
    """
    root = parse_root(data)
    check_root(root.signed.to_dict())
    try:
        root.signed.verify_delegate(Root.type, root.signed_bytes, root.signatures)
    except exceptions.RepositoryError:
        raise kim_error("trust_threshold") from None
    return root


@contextmanager
def _translated(fetcher: SourceFetcher) -> Iterator[None]:
    try:
        yield
    except exceptions.DownloadHTTPError:
        # Only the roots may end; whatever else is missing, this is no repository.
        raise kim_error("no_trust_repository") from fetcher.failure
    except (exceptions.DownloadError, exceptions.RepositoryError, DeserializationError) as error:
        for kind, code in _CODES.items():
            if isinstance(error, kind):
                raise kim_error(code) from error
        if isinstance(error, exceptions.DownloadError) and fetcher.failure is not None:
            raise fetcher.failure from error
        raise kim_error("trust_altered") from error
