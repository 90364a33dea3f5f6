"""The fast and the careful way to read a file agree wherever the fast one gives an answer."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import event, example, given
from hypothesis import strategies as st

from node.sources.table.profile import ProfileNames
from node.sources.table.profiles import PROFILE_A
from node.sources.table.raw_table import Encoding, RawTable
from node.sources.text.bulk import Body, read_in_bulk
from node.sources.text.csv_file import read_carefully

HEADER = "Fallnummer;Fallbeginn;Rechtskreis;Notiz;Bemerkung"
LAYOUT = ProfileNames(PROFILE_A).layout(HEADER.split(";"))

#: Pieces of which files are made; quotation marks and line ends as often as everything else together.
PIECES = (
    "a",
    "ä",
    "€",
    ";",
    ";",
    ";",
    '"',
    '"',
    '""',
    "\r\n",
    "\r\n",
    "\n",
    " ",
    "=",
    "Fallnummer;Fallbeginn",
    "Summe",
)
ROWS = st.lists(
    st.sampled_from(["F1;a;b;c;d;", "F2;;;;;", 'F3;"x;y";;"z\r\nz";;', "F4;;;;", ";;;;;", "Summe;4"])
)


def both_ways(text: str, *, encoding: Encoding, cells: int) -> tuple[RawTable | None, RawTable]:
    """Read a file in both ways."""
    assert LAYOUT is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        mark = b"\xef\xbb\xbf" if encoding == "utf-8-sig" else b""
        path.write_bytes(mark + f"Banner\r\n{HEADER};\r\n{text}".encode("utf-8" if mark else encoding))
        body = Body(
            LAYOUT,
            header_line=2,
            preamble=1,
            cells=cells,
            delimiter=";",
            encoding=encoding,
            export_date=None,
        )
        return read_in_bulk(path, body), read_carefully(path, body, max_rows=1000)


def assert_agreement(fast: RawTable, careful: RawTable) -> None:
    """Check that two tables are one."""
    assert fast.lines.tolist() == careful.lines.tolist()
    assert fast.cells(range(fast.rows)) == careful.cells(range(careful.rows))
    assert dict(fast.surplus) == dict(careful.surplus)
    assert fast.repeated_header.tolist() == careful.repeated_header.tolist()
    assert fast.mended.tolist() == careful.mended.tolist()
    for name in ("Fallnummer", "Rechtskreis"):
        assert fast.texts(name).to_pylist() == careful.texts(name).to_pylist()


@given(
    pieces=st.lists(st.sampled_from(PIECES), max_size=60),
    encoding=st.sampled_from(["cp1252", "utf-8", "utf-8-sig"]),
    cells=st.sampled_from([5, 6, 7]),
)
@example(pieces=['"', "a", ";", ";", ";", ";", "\r\n", "a", ";", "a"], encoding="cp1252", cells=6)
@example(pieces=['"', "a", '"', "a", '"', ";"], encoding="utf-8", cells=6)
@example(pieces=["a", "\r\n", "\r\n", "\n", "a"], encoding="utf-8-sig", cells=6)
def test_on_any_text(pieces: list[str], encoding: Encoding, cells: int) -> None:
    fast, careful = both_ways("".join(pieces), encoding=encoding, cells=cells)
    event("fast" if fast is not None else "careful only")
    if fast is not None:
        assert_agreement(fast, careful)


@given(rows=ROWS, encoding=st.sampled_from(["cp1252", "utf-8"]))
def test_the_fast_way_reads_every_file_without_open_quotation_marks(
    rows: list[str], encoding: Encoding
) -> None:
    fast, careful = both_ways("".join(row + "\r\n" for row in rows), encoding=encoding, cells=6)
    assert fast is not None
    assert_agreement(fast, careful)
