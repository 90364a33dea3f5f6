"""Checks the files of a release's folder: as its list says, and the list as the log says.

Nobody signs the list itself; the log carries its digest (SPEC P-115). Where the evidence does not prove that,
the verdict says that the files were not checked: whoever can change a file can change the list beside it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from protocol import strict_json
from protocol.errors import KimError, kim_error
from protocol.evidence import ReleaseRecord
from protocol.nouns import Noun
from protocol.strict_json import JsonValue
from protocol.texts import Text
from protocol.verify import files
from protocol.verify.trail import Trail

MANIFEST: Final = "manifest.json"
_MAX_MANIFEST_BYTES: Final = 16 << 20
_AGREEING: Final = Noun(
    Text("Datei des Ordners hat die Prüfsumme", "file of the folder has the digest"),
    Text("Dateien des Ordners haben die Prüfsummen", "files of the folder have the digests"),
)
_FETCH_AGAIN: Final = Text(
    "Die Datei neu holen; bleibt es dabei, beide aufheben und die Stelle fragen, die den Hub betreibt.",
    "Fetch the file anew; if it persists, keep both and ask whoever operates the hub.",
)


def check_folder(trail: Trail, folder: Path, record: ReleaseRecord, *, listed: str | None) -> None:
    """Check the files of a release.

    1. the folder's list is the one that the log names;
    2. every file has the digest that the list names (a file may be missing: nobody needs all of them);
    3. the manifest is about the release of the record, with the same tables.

    Args:
        trail: collects what is found.
        folder: the release's folder.
        record: the record of the evidence, verified.
        listed: SHA-256 of the list, as the log names it; None if that is not proven.

    Raises:
        KimError: ``digest_mismatch``, ``evidence_invalid``, ``file_unreadable``.
    """
    # 1.
    sums, is_logged = _list_of(trail, folder, listed)
    # 2.
    there = {name: sha256 for name, sha256 in sums.items() if (folder / name).is_file()}
    for name, sha256 in there.items():
        _require_digest(folder / name, sha256)
    if there and is_logged:
        agreeing = _AGREEING.counted(len(there))
        trail.passes(f"{agreeing.de} dieser Liste.", f"{agreeing.en} of this list.")
    # 3.
    if (folder / MANIFEST).is_file():
        _check_manifest(files.read(folder / MANIFEST), record)


def check_figures(trail: Trail, file: Path, *, listed: str | None) -> None:
    """Check that one file is the release's: by the list beside it, and that list by the log.

    Args:
        trail: collects what is found.
        file: the file, in the release's folder.
        listed: SHA-256 of the list, as the log names it; None if that is not proven.

    Raises:
        KimError: ``digest_mismatch``, ``evidence_invalid``, ``file_unreadable``.
    """
    sums, is_logged = _list_of(trail, file.parent, listed)
    if file.name in sums:
        _require_digest(file, sums[file.name])
    elif is_logged:
        raise kim_error(
            "evidence_invalid",
            Text(f"{file.name} steht nicht in der Liste.", f"{file.name} is not in the list."),
        )
    if is_logged:
        trail.passes(
            f"{file.name} hat die Prüfsumme dieser Liste.", f"{file.name} has the digest of this list."
        )


def _list_of(trail: Trail, folder: Path, listed: str | None) -> tuple[Mapping[str, str], bool]:
    """Return the folder's list, and whether it is the one that the log names; if nobody knows, say so."""
    sums = files.sums_of(folder)
    trail.facts["files_logged"] = listed is not None and bool(sums)
    if listed is None or not sums:
        trail.remark(
            "Nicht geprüft: ob die Dateien und ihre Zahlen die veröffentlichten sind. Dazu gehören "
            f"{files.SUMS} im selben Ordner und ein Nachweis, der dessen Eintrag im Protokoll enthält.",
            "Not checked: whether the files and their figures are those that were published. That takes "
            f"{files.SUMS} in the same folder, and evidence that holds its entry in the log.",
        )
        return sums, False
    if not hmac.compare_digest(hashlib.sha256(files.read(folder / files.SUMS)).hexdigest(), listed):
        raise kim_error(
            "evidence_invalid",
            Text(
                f"{files.SUMS} ist eine andere Liste, als das Protokoll nennt.",
                f"{files.SUMS} is another list than the log names.",
            ),
        )
    trail.passes(
        "Die Liste der Dateien ist die, die das Protokoll nennt.",
        "The list of files is the one that the log names.",
    )
    return sums, True


def _require_digest(file: Path, sha256: str) -> None:
    if not hmac.compare_digest(files.sha256_of(file), sha256):
        raise kim_error(
            "digest_mismatch",
            Text(f"{file.name} wurde verändert.", f"{file.name} was altered."),
            remedy=_FETCH_AGAIN,
        )


def _check_manifest(data: bytes, record: ReleaseRecord) -> None:
    try:
        document = strict_json.loads(data, max_bytes=_MAX_MANIFEST_BYTES)
    except KimError as error:
        raise kim_error("file_unreadable") from error
    members = document if isinstance(document, dict) else {}
    tables = members.get("tables")
    named = {_table_of(item) for item in (tables if isinstance(tables, list) else ())}
    cited = {(table.dataset, table.period, table.sha256) for table in record.tables}
    if members.get("release") != record.number or named != cited:
        raise kim_error(
            "evidence_invalid",
            Text(
                "Die Dateien gehören zu anderen Tabellen, als der Nachweis zitiert.",
                "The files belong to other tables than the evidence cites.",
            ),
        )


def _table_of(item: JsonValue) -> tuple[str, ...]:
    """Return what a table of the manifest is known by; what is no table is like none."""
    members = item if isinstance(item, dict) else {}
    found = (members.get(name) for name in ("dataflow", "period", "sha256"))
    return tuple(value if isinstance(value, str) else "" for value in found)
