"""Writes the folder of one release: whole or not at all, and always the same bytes for the same release.

The folder lies in the hub's home. It is built beside its place and renamed into it, so a reader sees all of
its files or none, and two processes that build it at once do no harm.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from hub.services.extracts import codebook
from hub.services.extracts.figures import dataflow_table
from hub.services.statistics import Reading, Statistics
from hub.services.statistics.releases import Release
from protocol.errors import kim_error

MANIFEST: Final = "manifest.json"
SUMS: Final = "SHA256SUMS"
_ROWS_PER_GROUP: Final = 1 << 17
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)  # the earliest a ZIP can say: equal files give equal archives


@dataclass(frozen=True, slots=True)
class ExtractFile:
    """One file: name, size in bytes, hex SHA-256, and rows (None where there are none)."""

    name: str
    size: int
    sha256: str
    rows: int | None


@dataclass(frozen=True, slots=True)
class ReleaseExtract:
    """The folder of one release.

    Attributes:
        release: number of the release.
        folder: where it lies.
        files: what the manifest lists, in its order.
        archive: the same files as one ZIP.
    """

    release: int
    folder: Path
    files: tuple[ExtractFile, ...]
    archive: Path

    def path_of(self, name: str) -> Path | None:
        """Return where a file lies, or None if the release has no such file; ``name`` may be anything."""
        names = {MANIFEST, SUMS, self.archive.name, *(file.name for file in self.files)}
        return self.folder / name if name in names else None

    def etag_of(self, name: str) -> str:
        """Return a text that changes with the bytes of a file: its digest where the manifest has it."""
        digests = {file.name: file.sha256 for file in self.files}
        return digests.get(name, f"{self.release}-{name}")[:32]


def find_extract(home: Path, number: int) -> ReleaseExtract | None:
    """Return the folder of a release, or None if it is not built."""
    folder = _folder(home, number)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    files = tuple(ExtractFile(f["name"], f["size"], f["sha256"], f["rows"]) for f in manifest["files"])
    return ReleaseExtract(number, folder, files, folder / _archive_name(number))


def make_extract(statistics: Statistics, home: Path, number: int | None = None) -> ReleaseExtract:
    """Build the folder of a release, or find it.

    Args:
        statistics: everything published.
        home: the hub's home folder.
        number: a release; the published one if omitted.

    Raises:
        KimError: ``not_found`` if there is no such release, or nothing is published yet.
        OSError: if the folder cannot be written.
    """
    with statistics.reading(number) as reading:
        release = reading.release
        if release is None:
            raise kim_error("not_found")
        known = find_extract(home, release.number)
        if known is not None:
            return known
        target = _folder(home, release.number)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{release.number}-", dir=target.parent))
        try:
            _fill(beside, reading, release, demo=statistics.demo)
            try:
                beside.rename(target)
            except OSError:
                if find_extract(home, release.number) is None:
                    raise
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    found = find_extract(home, release.number)
    if found is None:
        raise FileNotFoundError(target)
    return found


def clear_unfinished(home: Path) -> None:
    """Remove folders that were being built when their process died."""
    for beside in (home / "extracts").glob(".*-*"):
        shutil.rmtree(beside, ignore_errors=True)


def _folder(home: Path, number: int) -> Path:
    return home / "extracts" / str(number)


def _archive_name(number: int) -> str:
    return f"kim-nrw-release-{number}.zip"


def _fill(folder: Path, reading: Reading, release: Release, *, demo: bool) -> None:
    catalogue = reading.catalogue
    held = [catalogue.datasets[name] for name in catalogue.datasets if release.periods(name)]
    rows: dict[str, int] = {}
    for dataset in held:
        table = dataflow_table(reading, release, dataset.id)
        rows |= dict.fromkeys((f"{dataset.id}.csv", f"{dataset.id}.parquet"), table.num_rows)
        _write_table(folder, dataset.id, table)
    _write(folder / "codebook.csv", codebook.variables_csv(held))
    _write(folder / "indicators.csv", codebook.indicators_csv(held))
    _write(folder / "areas.csv", codebook.areas_csv(reading.tree))
    _write(folder / "CITATION.cff", codebook.citation_cff(release))
    names = sorted(path.name for path in folder.iterdir())
    _write(folder / "README.md", codebook.readme(release, names, demo=demo))
    files = [_described(folder / name, rows.get(name)) for name in ("README.md", *names)]
    _write(folder / MANIFEST, _json(_manifest(reading, release, files, demo=demo)))
    listed = [*(file.name for file in files), MANIFEST]
    sums = "".join(f"{_sha256(folder / name)}  {name}\n" for name in listed)
    _write(folder / SUMS, sums.encode())
    _pack(folder, [*listed, SUMS], folder / _archive_name(release.number))


def _write_table(folder: Path, name: str, table: pa.Table) -> None:
    csv = io.BytesIO()
    csv.write((",".join(table.column_names) + "\n").encode())
    # Codes and numbers need no quotation marks; one that did would be an error, not a broken file.
    pcsv.write_csv(table, csv, pcsv.WriteOptions(include_header=False, quoting_style="none"))
    _write(folder / f"{name}.csv", csv.getvalue())
    parquet = io.BytesIO()
    pq.write_table(table, parquet, compression="zstd", row_group_size=_ROWS_PER_GROUP)
    _write(folder / f"{name}.parquet", parquet.getvalue())


def _manifest(
    reading: Reading, release: Release, files: list[ExtractFile], *, demo: bool
) -> Mapping[str, Any]:
    catalogue = reading.catalogue
    return {
        "title": {"de": codebook.TITLE.de, "en": codebook.TITLE.en},
        "release": release.number,
        "published": release.created_at.isoformat(),
        "made_up": demo,
        "catalogue": {"id": catalogue.id, "version": catalogue.version, "sha256": catalogue.sha256},
        "licence": {"id": codebook.LICENCE_ID, "name": codebook.LICENCE_NAME, "url": codebook.LICENCE_URL},
        "citation": {language: codebook.citation_line(release, language) for language in ("de", "en")},
        "files": [
            {"name": file.name, "size": file.size, "sha256": file.sha256, "rows": file.rows} for file in files
        ],
        "tables": [
            {"dataflow": dataset, "period": str(period), "sha256": cube.sha256}
            for (dataset, period), cube in sorted(release.cubes.items())
        ],
    }


def _described(path: Path, rows: int | None) -> ExtractFile:
    return ExtractFile(path.name, path.stat().st_size, _sha256(path), rows)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _pack(folder: Path, names: list[str], target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            packed = zipfile.ZipInfo(f"{target.stem}/{name}", _ZIP_DATE)
            packed.compress_type = zipfile.ZIP_DEFLATED
            packed.external_attr = 0o644 << 16
            archive.writestr(packed, (folder / name).read_bytes())
