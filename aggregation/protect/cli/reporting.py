"""Puts the report beside a result: the page, and where it comes from."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from aggregation.protect.cli.console import Console
from aggregation.protect.clock import made
from aggregation.protect.files import write_text
from aggregation.protect.report import Provenance, render_report
from aggregation.protect.summary import Summary
from protocol.texts import LANGUAGES

_DISTRIBUTION: Final = "kim-datenverbund"


def write_report(
    path: Path | None,
    console: Console,
    summary: Summary,
    *,
    words: tuple[str, ...],
    files: Mapping[str, Path | None],
    open_files: Sequence[Path],
) -> None:
    """Write the report, if it is asked for.

    Args:
        path: where to; None for no report.
        console: its language is that of the report if one was asked for, else both are written.
        summary: what a run came to.
        words: the command that gives the same again.
        files: the files ``published``, ``cells`` and ``structure``.
        open_files: files that hold no withheld value. The digest of a file of true values would let anybody
            try out what they are.

    Raises:
        KimError: ``cannot_write``, ``storage_full``.
    """
    if path is None:
        return
    cells = files.get("cells")
    provenance = Provenance(
        published=str(files["published"]),
        cells=None if cells is None else str(cells),
        structure=str(files["structure"]),
        command=shlex.join(words),
        version=_version(),
        made=made(),
        digests=tuple((str(file), _digest(file)) for file in open_files),
    )
    languages = (console.language,) if console.chosen else LANGUAGES
    write_text(path, render_report(summary, provenance, languages=languages), private=True)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _version() -> str:
    try:
        return metadata.version(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "0"
