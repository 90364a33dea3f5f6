"""Checks the files of a release's folder: as listed, and of the release that the evidence is about.

The list is not signed. What ties the folder to the log is the digest of every table that its manifest names.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from pathlib import Path
from typing import Final

from protocol import strict_json
from protocol.errors import KimError, kim_error
from protocol.evidence import ReleaseRecord
from protocol.texts import Text
from protocol.verify import files
from protocol.verify.trail import Trail

MANIFEST: Final = "manifest.json"
_MAX_MANIFEST_BYTES: Final = 16 << 20


def check_folder(
    trail: Trail, folder: Path, record: ReleaseRecord | None, *, only: Collection[str] = ()
) -> None:
    """Check the files of a release.

    1. every file has the digest that the folder's list names (a file may be missing: nobody needs all of
       them);
    2. the manifest is about the release of the record, with the same tables.

    Args:
        trail: collects what is found.
        folder: the release's folder.
        record: the record of the evidence, verified; None to leave the manifest out.
        only: names of the files to check; all if empty.

    Raises:
        KimError: ``digest_mismatch``, ``evidence_invalid``, ``file_unreadable``.
    """
    # 1.
    there = {
        name: sha256
        for name, sha256 in files.sums_of(folder).items()
        if (folder / name).is_file() and (not only or name in only)
    }
    for name, sha256 in there.items():
        if not hmac.compare_digest(files.sha256_of(folder / name), sha256):
            raise kim_error(
                "digest_mismatch",
                Text(f"{name} wurde verändert.", f"{name} was altered."),
            )
    if there:
        trail.passes(
            f"{len(there)} Dateien des Ordners haben die Prüfsummen seiner Liste.",
            f"{len(there)} files of the folder have the digests of its list.",
        )
    # 2.
    if record is not None and (folder / MANIFEST).is_file():
        _check_manifest(trail, files.read(folder / MANIFEST), record)


def _check_manifest(trail: Trail, data: bytes, record: ReleaseRecord) -> None:
    try:
        document = strict_json.loads(data, max_bytes=_MAX_MANIFEST_BYTES)
    except KimError as error:
        raise kim_error("file_unreadable") from error
    members = document if isinstance(document, dict) else {}
    listed = members.get("tables")
    tables = {
        (item.get("dataflow"), item.get("period"), item.get("sha256"))
        for item in (listed if isinstance(listed, list) else ())
        if isinstance(item, dict)
    }
    cited = {(table.dataset, table.period, table.sha256) for table in record.tables}
    if members.get("release") != record.number or tables != cited:
        raise kim_error(
            "evidence_invalid",
            Text(
                "Die Dateien gehören zu anderen Tabellen, als der Nachweis zitiert.",
                "The files belong to other tables than the evidence cites.",
            ),
        )
    trail.passes(
        "Die Dateien sind die der zitierten Tabellen.", "The files are those of the tables that are cited."
    )
