"""The thirty traps of municipal exports, each with files typed by hand and the handling typed beside them.

`TRAPS` is the table: which files, what is found in them by source, trap and handling (R set aside, D not
counted, N normalised, W counted but to be looked at), and what counts. Every file is read and prepared as a
node does it. Lines before the header (T02) are in nearly every file; they are left out of the other traps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest

from node.mapping import CodeMapping
from node.quality import Prepared, prepare, require_ended, write_quarantine
from node.settings import SourceSpec
from node.sources import read_source
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError
from protocol.periods import Period
from protocol.regions import AACHEN_CITY, AACHEN_WHOLE

FILES: Final = Path(__file__).parent / "traps"
RHEIN_SIEG: Final = "NW05382"
Columns = Mapping[str, list[Any]]


def case_file(file: str, **more: Any) -> SourceSpec:
    """A source of cases of profile A, unless said otherwise."""
    return SourceSpec(path=FILES / file, **{"name": "cases", **more})


def register(holds: str, file: str, **more: Any) -> SourceSpec:
    """A register, named by what it holds."""
    return SourceSpec(holds, holds=holds, path=FILES / file, **more)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Trap:
    """One trap in one or more files.

    Attributes:
        id: ``T`` and two digits.
        sources: the files.
        found: ``<source> <trap> <handling>`` -> rows.
        counts: fact table -> column -> its values, in order.
        set_aside: ``<source> <line>`` of quarantined rows.
        unmapped: texts that no code stands for.
        area: the node's area.
        joint: as ``counts``, for the joint authority.
    """

    id: str
    sources: tuple[SourceSpec, ...]
    found: Mapping[str, int]
    counts: Mapping[str, Columns]
    set_aside: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    area: str = RHEIN_SIEG
    joint: Mapping[str, Columns] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def name(self) -> str:
        """The name of its first file."""
        path = self.sources[0].path
        return path.stem if path is not None else self.id


def day(text: str) -> date:
    """A day in German form."""
    dd, mm, yyyy = text.split(".")
    return date(int(yyyy), int(mm), int(dd))


def cases(*ids: str, **columns: list[Any]) -> dict[str, Columns]:
    """What counts of cases."""
    return {"cases": {"case_id": list(ids), **columns}}


TRAPS: Final = (
    Trap(
        "T01",
        (case_file("T01-double-encoded.csv"),),
        {"cases T01 N": 1},
        cases("F1", "F2", SEX=["M", "F"], CITIZEN=["TR", "SY"]),
    ),
    Trap("T01", (case_file("T01-utf8.csv"),), {"cases T01 N": 1}, cases("F1", SEX=["M"], CITIZEN=["TR"])),
    Trap(
        "T01",
        (register("funds", "T01-cp1252.csv"),),
        {"funds T01 N": 1},
        {"funds": {"COST": ["MEAS"], "granted": [10000]}},
    ),
    Trap("T02", (case_file("T02-banner.csv"),), {"cases T02 N": 2}, cases("F1")),
    Trap(
        "T02",
        (case_file("T02-sep.csv", name="liste", profile="B"),),
        {"liste T02 N": 1, "liste T09 N": 1, "liste T19 N": 1},
        cases("F1", FIELD=[["LANG", "HOUS"]]),
    ),
    Trap(
        "T02", (register("issues", "T02-bom.csv"),), {}, {"issues": {"FIELD": ["HOUS"], "ISSUE": ["IDENT"]}}
    ),
    Trap("T03", (case_file("T03-totals.csv"),), {"cases T03 D": 4}, cases("F1", "F2")),
    Trap(
        "T04",
        (register("funds", "T04-amounts.csv"),),
        {"funds T04 R": 2, "funds T04 N": 2, "funds T04 W": 1},
        {
            "funds": {
                "granted": [5700000, 0, 0, 0, 0],
                "spent": [0, 123400, -25000, 50, -120050],
                "carrier_id": ["awo"] * 5,
                "CARRIER": ["NGO"] * 5,
            }
        },
        set_aside=("funds 7", "funds 9"),
    ),
    Trap(
        "T05",
        (case_file("T05-dates.csv"),),
        {"cases T05 N": 2, "cases T05 R": 2},
        cases("F1", "F2", opened=[day("15.01.2026"), day("31.01.2026")], birth=[day("01.05.1990"), None]),
        set_aside=("cases 6", "cases 7"),
    ),
    Trap(
        "T06",
        (case_file("T06-area-keys.csv"),),
        {"cases T06 N": 3, "cases T06 R": 2},
        cases("F1", "F2", "F3", "F4", "F5"),
        set_aside=("cases 9", "cases 10"),
    ),
    Trap(
        "T07",
        (case_file("T07-aachen.csv"),),
        {"cases T07 R": 4},
        cases("F1", "F2", "F3", "F4"),
        set_aside=("cases 8", "cases 9", "cases 10", "cases 11"),
        area=AACHEN_CITY,
    ),
    Trap(
        "T07",
        (register("decisions", "T07-joint-authority.csv", area=AACHEN_WHOLE),),
        {"decisions T06 R": 1, "decisions T07 R": 1, "decisions T11 N": 1},
        {},
        set_aside=("decisions 6", "decisions 7"),
        area=AACHEN_CITY,
        joint={"decisions": {"DECISION": ["NAT", "T25B", "NAT"], "SEX": ["F", "M", "M"]}},
    ),
    Trap(
        "T08",
        (case_file("T08-fan-out.csv"),),
        {"cases T08 N": 2, "cases T08 R": 1},
        {
            **cases("F1", "F2", FIELD=[["LANG", "HOUS"], ["WORK"]]),
            "involvements": {"person_id": ["P1", "P2", "P3"], "case_id": ["F1", "F1", "F2"]},
        },
        set_aside=("cases 9",),
    ),
    Trap(
        "T08",
        (register("posts", "T08-posts.csv"),),
        {"posts T08 N": 1, "posts T08 W": 1, "posts T08 R": 1},
        {
            "posts": {
                "post_id": ["s1", "s1", "s1", "s2", "s2"],
                "valid_from": [
                    day(t) for t in ("01.01.2024", "01.07.2024", "01.01.2025", "01.01.2024", "01.07.2024")
                ],
                "valid_to": [day("30.06.2024"), day("31.12.2024"), None, day("30.06.2024"), None],
                "filled": [100, 50, 100, 100, 50],
                "BAUSTEIN": ["B2", "B2", "B2", "B1K", "B1K"],
                "CARRIER": ["NGO", "NGO", "NGO", "OWN", "OWN"],
            }
        },
        set_aside=("posts 8",),
    ),
    Trap(
        "T09",
        (case_file("T09-several-fields.csv"),),
        {"cases T09 N": 2},
        cases("F1", "F2", "F3", FIELD=[["LANG", "WORK"], ["HOUS"], ["EDU"]]),
    ),
    Trap(
        "T10",
        (case_file("T10-line-break.csv"),),
        {"cases T10 N": 2, "cases T10 R": 1},
        cases("F1", "F2", "F3"),
        set_aside=("cases 8",),
    ),
    Trap(
        "T11",
        (case_file("T11-sex.csv"),),
        {"cases T11 N": 3, "cases T20 N": 1},
        cases("F1", "F2", "F3", "F4", "F5", "F6", SEX=["F", "F", "_O", "_U", "_U", "M"]),
        unmapped=("Mädchen",),
    ),
    Trap(
        "T12",
        (case_file("T12-citizenship.csv"),),
        {"cases T12 N": 5},
        cases(
            *(f"F{n}" for n in range(1, 9)),
            CITIZEN=["TR", "TR", "TR", "WBALK", "WBALK", "DE", "STLS", "STLS"],
        ),
    ),
    Trap(
        "T13",
        (case_file("T13-residence.csv"),),
        {"cases T13 N": 5},
        cases(
            *(f"F{n}" for n in range(1, 7)),
            RESIDENCE=["T_HUM_25", "T_HUM_25", "T_HUM_25", "FICT", "T_HUM_24", "_U"],
        ),
        unmapped=("§ 25",),
    ),
    Trap(
        "T14",
        (case_file("T14-regime.csv"),),
        {"cases T14 N": 5, "cases T14 W": 1},
        cases(*(f"F{n}" for n in range(1, 7)), RECHTSKREIS=[*["SGB2"] * 5, "ASYLBLG_3"]),
    ),
    Trap(
        "T15",
        (case_file("T15-ends.csv"),),
        {"cases T15 R": 1, "cases T15 W": 2},
        cases("F2", "F3", closed=[None, day("30.06.2025")]),
        set_aside=("cases 4",),
    ),
    Trap(
        "T16",
        (case_file("T16-first-contact.csv"),),
        {"cases T16 N": 2},
        cases("F1", "F2", "F3", first_contact=[None, None, day("03.02.2025")]),
    ),
    Trap(
        "T17",
        (case_file("T17-head-count.csv"),),
        {"cases T17 W": 1},
        {**cases("F1", "F2"), "involvements": {"person_id": ["P1", "P2", "P3"]}},
    ),
    Trap(
        "T18",
        (case_file("T18-two-ids.csv"),),
        {"cases T18 W": 1},
        {"involvements": {"person_id": ["P1", "P-0001", "P2", "P3", "P4"]}},
    ),
    Trap(
        "T19",
        (case_file("T19-births.csv"),),
        {"cases T19 N": 2},
        cases("F1", "F2", "F3", birth=[None, None, day("01.01.1985")]),
    ),
    Trap(
        "T19",
        (case_file("T19-ages.csv", name="liste", profile="B"),),
        {"liste T19 N": 3},
        cases("F1", "F2", "F3", "F4", birth=[day("04.08.1994"), None, None, None]),
    ),
    Trap(
        "T20",
        (case_file("T20-missing.csv"),),
        {"cases T20 N": 2},
        cases(
            "F1",
            "F2",
            "F3",
            SEX=["_U"] * 3,
            CITIZEN=["_U"] * 3,
            RESIDENCE=["_U"] * 3,
            RECHTSKREIS=["_U"] * 3,
            INST=["_U"] * 3,
            FIELD=[["_U"]] * 3,
        ),
    ),
    Trap(
        "T20",
        (register("funds", "T20-secret-amount.csv"),),
        {"funds T04 R": 1, "funds T20 N": 1, "funds T20 R": 1},
        {"funds": {"granted": [10000, 10000], "spent": [0, 0]}},
        set_aside=("funds 3", "funds 6"),
    ),
    Trap("T21", (case_file("T21-test-records.csv"),), {"cases T21 D": 2}, cases("F1")),
    Trap(
        "T22",
        (case_file("T22-other-programmes.csv"),),
        {"cases T22 D": 1, "cases T22 N": 1},
        {**cases("F1"), "contacts": {"date": [day("05.02.2025")], "FIELD": ["HOUS"], "INST": ["SCHUL"]}},
    ),
    Trap(
        "T22",
        (register("decisions", "T22-negative-decisions.csv"),),
        {"decisions T22 D": 1},
        {"decisions": {"DECISION": ["T104C"], "SEX": ["F"]}},
    ),
    Trap(
        "T23",
        (
            case_file("T23-kreis.csv", name="kreis", overlap="match"),
            case_file("T23-verband.csv", name="verband", overlap="match"),
        ),
        {"kreis T22 N": 1, "verband T22 N": 1, "verband T23 N": 3, "verband T23 R": 1, "verband T23 W": 1},
        {
            **cases(
                "F1",
                "F2",
                "F3",
                "F4",
                opened=[day("03.02.2025")] * 4,
                closed=[None] * 4,
                FIELD=[["LANG", "HOUS"], ["LANG"], ["LANG"], ["WORK"]],
            ),
            "involvements": {"person_id": ["P1", "P2", "P3", "P4", "P5"]},
            "contacts": {"FIELD": ["HOUS"]},
        },
        set_aside=("verband 6",),
    ),
    Trap(
        "T23",
        (
            case_file("T23-kreis.csv", name="kreis", overlap="disjoint"),
            case_file("T23-verband.csv", name="verband", overlap="disjoint"),
        ),
        {"kreis T22 N": 1, "verband T22 N": 1, "verband T23 W": 1},
        {"cases": {"opened": [*[day("03.02.2025")] * 4, day("10.02.2025"), *[day("03.02.2025")] * 2]}},
    ),
    Trap(
        "T24",
        (
            case_file("T24-kreis.csv", name="kreis", overlap="disjoint"),
            case_file("T24-stadt.csv", name="stadt", overlap="disjoint", owns=("05382068",)),
        ),
        {"kreis T24 D": 1, "kreis T24 W": 1},
        {"cases": {"opened": [day("03.02.2025")] * 4}},
    ),
    Trap(
        "T25",
        (register("funds", "T25-totals.csv"),),
        {"funds T03 D": 1, "funds T25 W": 1},
        {"funds": {"granted": [100000, 50000], "spent": [40000, 10000]}},
    ),
    Trap(
        "T25",
        (register("posts", "T25-totals-that-add.csv"),),
        {"posts T03 D": 1},
        {"posts": {"funded": [100, 50], "filled": [100, 25]}},
    ),
    Trap("T26", (case_file("T26-columns.csv"),), {"cases T26 N": 4, "cases T26 W": 1}, cases("F1")),
    Trap(
        "T27",
        (case_file("T27-active-content.csv"),),
        {"cases T27 N": 2, "cases T05 R": 1},
        cases("=F1", "F2"),
        set_aside=("cases 6",),
    ),
    Trap(
        "T28",
        (case_file("T28-times.csv"),),
        {"cases T28 N": 3},
        cases(
            "F1",
            "F2",
            "F3",
            opened=[day("31.12.2025"), day("01.01.2026"), day("03.02.2025")],
            closed=[None, None, day("30.06.2026")],
        ),
    ),
    Trap(
        "T29",
        (register("funds", "T29-periods.csv"),),
        {"funds T29 N": 4, "funds T29 R": 2},
        {"funds": {"year": [2026, 2026, 2026, 2025, 2026], "spent": [10000, 20000, 30000, 40000, 70000]}},
        set_aside=("funds 7", "funds 8"),
    ),
    Trap(
        "T30",
        (register("posts", "T30-posts.csv"),),
        {"posts T20 N": 1, "posts T30 N": 2, "posts T30 W": 2, "posts T30 R": 2},
        {
            "posts": {
                "post_id": ["s1", "s2", "s3", "s4", "s7"],
                "funded": [50, 50, 100, 50, 100],
                "filled": [50, 50, 50, 100, 0],
                "CARRIER": ["NGO", "NGO", "NGO", "OWN", "MUNI"],
            }
        },
        set_aside=("posts 7", "posts 8"),
    ),
    Trap(
        "T30",
        (register("posts", "T30-weekly-hours.csv"),),
        {"posts T30 N": 2, "posts T30 W": 2},
        {"posts": {"filled": [50, 51]}},
    ),
)


def prepared(trap: Trap) -> Prepared:
    """Read and prepare the files of a trap as a node does."""
    catalogue = load_catalogue()
    sources = [(spec, read_source(spec)) for spec in trap.sources]
    return prepare(sources, area=trap.area, mapping=CodeMapping(catalogue), catalogue=catalogue)


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_a_trap_is_handled_as_the_table_says(trap: Trap) -> None:
    result = prepared(trap)
    found = {f"{f.source} {f.trap} {f.handling}": f.rows for f in result.findings}
    if trap.id != "T02":
        found = {key: rows for key, rows in found.items() if " T02 " not in key}
    assert found == trap.found
    for counts, facts in ((trap.counts, result.facts), (trap.joint, result.joint.get(AACHEN_WHOLE))):
        for table, columns in counts.items():
            for name, values in columns.items():
                assert facts is not None
                assert (table, name, facts.table(table)[name].to_pylist()) == (table, name, values)
    lines = [f"{table.source} {row.line}" for table in result.quarantine.tables for row in table.rows]
    assert tuple(lines) == trap.set_aside
    assert tuple(entry.value for entry in result.unmapped) == trap.unmapped


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.name)
def test_no_row_of_a_trap_is_lost(trap: Trap) -> None:
    for source in prepared(trap).sources:
        assert source.counted + source.quarantined + source.dropped <= source.read


def test_every_trap_has_a_file() -> None:
    assert {trap.id for trap in TRAPS} == {f"T{number:02}" for number in range(1, 31)}
    read = {spec.path for trap in TRAPS for spec in trap.sources}
    assert read == set(FILES.iterdir())


def test_t27_nothing_that_was_set_aside_acts_in_a_spreadsheet(tmp_path: Path) -> None:
    (trap,) = [trap for trap in TRAPS if trap.id == "T27"]
    path = tmp_path / "quarantine.csv"
    write_quarantine(path, prepared(trap).quarantine)
    (line,) = path.read_bytes().decode("utf-8-sig").splitlines()[1:]
    assert line.split(";")[0:3] == ["cases", "6", "T05"]
    assert line.endswith(";'@SUM(A1)")


def test_t29_a_list_of_before_the_end_of_the_quarter_delivers_no_such_quarter() -> None:
    (trap,) = [trap for trap in TRAPS if trap.name == "T02-banner"]
    (source,) = prepared(trap).sources
    assert source.export_date == date(2026, 10, 5)
    require_ended(Period(2026, 3), export_date=source.export_date, source=source.name)
    with pytest.raises(KimError) as refused:
        require_ended(Period(2026, 4), export_date=source.export_date, source=source.name)
    assert refused.value.code == "period_not_ended"
    assert refused.value.detail.de.startswith("Der Export (cases) ist vom 05.10.2026")
