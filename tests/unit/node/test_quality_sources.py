"""Several sources of one area: ownership and overlap (T23, T24), referrals, reports by source."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from node.mapping import CodeMapping
from node.quality import Prepared, prepare, require_mapped, write_noted_rows, write_quarantine
from node.settings import SourceSpec
from node.sources import read_source
from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError
from tests.unit.node.exports import AREA, CLEAN, COLUMNS, column, day, involvements, row, write_export

POSTS = "Stellen-ID;Baustein;Träger-ID;Träger;VZÄ bewilligt;VZÄ besetzt;gültig von;gültig bis"
FUNDS = "Beleg;Haushaltsjahr;Baustein;Kostenart;Träger-ID;bewilligt;verausgabt;Buchungsdatum"
ISSUES = "Thema-ID;Handlungsfeld;Stand;gemeldet am"
REFERRING = COLUMNS + ";Weitervermittlung an;Weitervermittlung am"


def export(folder: Path, name: str, text: str, *, columns: str = COLUMNS, **more: Any) -> SourceSpec:
    """Write one source of cases into a folder of its own."""
    (folder / name).mkdir()
    return SourceSpec(name=name, path=write_export(folder / name, text, columns=columns), **more)


def register(folder: Path, holds: Any, header: str, *lines: str) -> SourceSpec:
    """Write a register."""
    path = folder / f"{holds}.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return SourceSpec(name=holds, holds=holds, path=path)


def prepared(*specs: SourceSpec, mapping: dict[str, dict[str, str]] | None = None) -> Prepared:
    catalogue = load_catalogue()
    sources = [(spec, read_source(spec)) for spec in specs]
    return prepare(sources, area=AREA, mapping=CodeMapping(catalogue, mapping), catalogue=catalogue)


def found(result: Prepared) -> dict[str, int]:
    return {f"{f.source} {f.trap} {f.handling}": f.rows for f in result.findings if f.trap != "T02"}


def rows(*numbers: int, **cells: str) -> str:
    return "\n".join(row(Fallnummer=f"F{n}", **{"Personen-ID": f"P{n}"}, **cells) for n in numbers)


def test_two_parts_of_one_list_give_the_facts_of_the_list(tmp_path: Path) -> None:
    first, second = rows(1, 2), rows(3, 4, Geschlecht="männlich", Handlungsfelder="Arbeit")
    whole = prepared(export(tmp_path, "whole", f"{first}\n{second}"))
    parts = prepared(
        export(tmp_path, "a", first, overlap="match"), export(tmp_path, "b", second, overlap="match")
    )
    for name, table in whole.facts.tables():
        assert parts.facts.table(name).to_pylist() == table.to_pylist()
    assert parts.counts == whole.counts


def test_the_first_source_describes_a_case_that_two_hold(tmp_path: Path) -> None:
    result = prepared(
        export(tmp_path, "a", rows(1), overlap="match"),
        export(
            tmp_path,
            "b",
            rows(1, Geschlecht="männlich", Handlungsfelder="Arbeit") + "\n" + rows(2),
            overlap="match",
        ),
    )
    assert column(result, "SEX") == ["F", "F"]
    assert column(result, "FIELD") == [["LANG", "WORK"], ["LANG"]]
    assert involvements(result) == [("P1", "F1"), ("P2", "F2")]
    assert found(result) == {"b T23 N": 1}


def test_a_row_without_a_person_belongs_to_the_holder_of_the_first_source(tmp_path: Path) -> None:
    result = prepared(
        export(tmp_path, "a", rows(1), overlap="match"),
        export(tmp_path, "b", row(Fallnummer="F1", **{"Personen-ID": ""}), overlap="match"),
    )
    assert involvements(result) == [("P1", "F1")]


def test_families_that_share_one_person_are_one_case(tmp_path: Path) -> None:
    others = "\n".join([rows(1), row(Fallnummer="F1", **{"Personen-ID": "P9"}, Geschlecht="männlich")])
    result = prepared(
        export(tmp_path, "a", rows(1), overlap="match"), export(tmp_path, "b", others, overlap="match")
    )
    assert involvements(result) == [("P1", "F1"), ("P9", "F1")]


def test_numbers_that_are_not_shared_refuse_the_declaration(tmp_path: Path) -> None:
    strangers = "\n".join(row(Fallnummer=f"F{n}", **{"Personen-ID": f"Q{n}"}) for n in (1, 2, 3))
    with pytest.raises(KimError) as refused:
        prepared(
            export(tmp_path, "a", rows(1, 2, 3), overlap="match"),
            export(tmp_path, "b", strangers, overlap="match"),
        )
    assert (refused.value.code, refused.value.pointer) == ("config_invalid", "/sources/b/overlap")
    assert "disjoint" in refused.value.detail.en


@pytest.mark.parametrize(
    ("declared", "blamed"), [((None, "match"), "a"), (("match", "disjoint"), "a"), ((None, None), "a")]
)
def test_nobody_guesses_how_sources_go_together(tmp_path: Path, declared: Any, blamed: str) -> None:
    specs = [
        export(tmp_path, name, CLEAN, overlap=overlap) for name, overlap in zip("ab", declared, strict=True)
    ]
    with pytest.raises(KimError) as refused:
        prepared(*specs)
    assert (refused.value.code, refused.value.pointer) == ("config_invalid", f"/sources/{blamed}/overlap")


def test_disjoint_numbers_are_never_joined(tmp_path: Path) -> None:
    result = prepared(
        export(tmp_path, "a", rows(1), overlap="disjoint"),
        export(tmp_path, "b", rows(1, Fallbeginn="04.03.2025"), overlap="disjoint"),
    )
    assert (result.counts.cases, result.counts.persons) == (2, 2)
    assert found(result) == {}


def test_t24_every_municipality_has_one_source(tmp_path: Path) -> None:
    of_kreis = "\n".join([rows(1, AGS="05382060"), rows(2, AGS="05382068"), rows(3, AGS="053820068068")])
    of_town = "\n".join([rows(7, AGS="05382068"), rows(8, AGS="05382060")])
    result = prepared(
        export(tmp_path, "kreis", of_kreis, overlap="disjoint", owns=("05382060",)),
        export(tmp_path, "stadt", of_town, overlap="disjoint", owns=("05382068",)),
    )
    assert [case.split("\x1f") for case in column(result, "case_id")] == [["kreis", "F1"], ["stadt", "F7"]]
    assert found(result) == {"kreis T24 D": 2, "stadt T24 D": 1}
    assert [(s.read, s.counted, s.dropped) for s in result.sources] == [(3, 1, 2), (2, 1, 1)]


def test_referrals_count_when_they_happened_or_when_the_case_ended(tmp_path: Path) -> None:
    lines = [
        row(Fallende="30.06.2025", Fallstatus="beendet") + ';"Jugendamt;Schule";',
        row(Fallnummer="F2", **{"Personen-ID": "P2"}) + ";Jugendamt;05.03.2025",
        row(Fallnummer="F2", **{"Personen-ID": "P2"}, Handlungsfelder="") + ";Jugendamt;01.03.2025",
        row(Fallnummer="F3", **{"Personen-ID": "P3"}) + ";Jugendamt;",
        row(Fallnummer="F4", **{"Personen-ID": "P4"}, Handlungsfelder='"Arbeit;Sprache"')
        + ";k.A.;01.03.2025",
        row(Fallnummer="F5", **{"Personen-ID": "P5"}, Handlungsfelder='"Arbeit;Sprache"') + ";JC;31.02.2025",
        row(
            Fallnummer="F6",
            **{"Personen-ID": "P6"},
            Handlungsfelder='"Arbeit;Sprache"',
            Fallende="01.07.2025",
        ).replace("laufend", "beendet")
        + ";JC;",
        row(Fallnummer="F7", **{"Personen-ID": "P7"}) + ";JC;06.10.2026",
    ]
    result = prepared(export(tmp_path, "cases", "\n".join(lines), columns=REFERRING))
    referrals = result.facts.referrals
    assert referrals is not None
    assert sorted(tuple(r.values()) for r in referrals.to_pylist()) == [
        (day("2025-03-01"), "JUG", "LANG"),
        (day("2025-06-30"), "JUG", "LANG"),
        (day("2025-06-30"), "SCHUL", "LANG"),
        (day("2025-07-01"), "JC", "LANG"),
    ]
    assert found(result) == {
        "cases T05 N": 1,
        "cases T08 N": 1,
        "cases T09 N": 4,
        "cases T20 N": 1,
        "cases T26 N": 2,  # the columns stand at the end here
    }


def test_an_institution_without_a_code_blocks(tmp_path: Path) -> None:
    result = prepared(export(tmp_path, "cases", CLEAN + ";Zirkus;", columns=REFERRING))
    assert [(u.column, u.value, u.dimension) for u in result.unmapped] == [
        ("Weitervermittlung an", "Zirkus", "INST")
    ]


def test_referrals_are_not_collected_unless_every_source_tells_them(tmp_path: Path) -> None:
    alone = prepared(export(tmp_path, "alone", CLEAN))
    assert alone.facts.referrals is None
    result = prepared(
        export(tmp_path, "a", rows(1) + ";JC;", columns=REFERRING, overlap="match"),
        export(tmp_path, "b", rows(2), overlap="match"),
    )
    assert result.facts.referrals is None
    assert found(result) == {"a T26 N": 2, "b T26 W": 1}


def test_a_register_without_a_source_is_not_collected_and_an_empty_one_is_zero(tmp_path: Path) -> None:
    result = prepared(register(tmp_path, "issues", ISSUES, "S1;Wohnen;;03.02.2025"))
    assert result.facts.issues is not None
    assert result.facts.issues.num_rows == 0
    assert [name for name, _ in result.facts.tables()] == ["issues"]
    assert (result.counts.read, result.counts.quarantined, result.counts.cases) == (1, 1, 0)


def test_the_ledger_learns_kinds_of_carriers_from_the_posts(tmp_path: Path) -> None:
    posts = register(
        tmp_path,
        "posts",
        POSTS,
        "S1;B2;T1;AWO Rhein-Sieg;1,0;1,0;01.01.2024;",
        "S2;B2;T1;;1,0;1,0;01.01.2024;",
        "S3;B2;T2;Stadt Troisdorf;1,0;1,0;01.01.2024;",
        "S4;B2;T3;AWO Bonn;1,0;1,0;01.01.2024;",
        "S5;B2;T3;Stadt Siegburg;1,0;1,0;01.01.2024;",
    )
    funds = register(
        tmp_path,
        "funds",
        FUNDS,
        "B1;2025;B2;Personal;t1 ;100;;01.02.2025",
        "B2;2025;B2;Personal;T2;200;;01.02.2025",
        "B3;2025;B2;Personal;T3;300;;01.02.2025",
        "B4;2025;B2;Personal;T4;400;;01.02.2025",
    )
    result = prepared(funds, posts)
    assert result.facts.table("posts")["CARRIER"].to_pylist() == ["NGO", "NGO", "MUNI", "NGO", "MUNI"]
    assert result.facts.table("funds").select(["carrier_id", "CARRIER", "granted"]).to_pylist() == [
        {"carrier_id": "t1", "CARRIER": "NGO", "granted": 10000},
        {"carrier_id": "t2", "CARRIER": "MUNI", "granted": 20000},
    ]
    assert [(u.source, u.column, u.value) for u in result.unmapped] == [
        ("funds", "Träger-ID", "T3"),
        ("funds", "Träger-ID", "T4"),
    ]
    with pytest.raises(KimError) as refused:
        require_mapped(result.unmapped)
    assert [item.pointer for item in refused.value.errors] == ["/sources/funds/columns/Träger-ID"]
    mapped = prepared(funds, posts, mapping={"CARRIER": {"T3": "NGO", "T4": "OWN"}})
    assert mapped.facts.table("funds")["CARRIER"].to_pylist() == ["NGO", "MUNI", "NGO", "OWN"]


def test_a_ledger_says_what_repeats_and_what_may(tmp_path: Path) -> None:
    result = prepared(
        register(
            tmp_path,
            "funds",
            FUNDS,
            "B1;2025;B2;Personal;AWO;100;;01.02.2025",
            "B1;2025;B2;Personal;AWO;100;;01.02.2025",
            "B1;2025;B2;Sachkosten;AWO;50;;01.02.2025",
            "B1;2025;B2;Personal;AWO;70;;01.02.2025",
            "B2;2025;B2;Personal;AWO;;;01.02.2025",
            "B3;2025;B2;Personal;;5;;01.02.2025",
            "B4;;B2;Personal;AWO;5;;01.02.2025",
        )
    )
    assert result.facts.table("funds")["granted"].to_pylist() == [10000, 5000, 7000]
    assert found(result) == {
        "funds T04 R": 1,
        "funds T08 N": 1,
        "funds T08 W": 1,
        "funds T20 R": 1,
        "funds T29 R": 1,
    }


def test_of_several_entries_of_an_issue_the_last_one_holds(tmp_path: Path) -> None:
    result = prepared(
        register(
            tmp_path,
            "issues",
            ISSUES,
            "S1;Wohnen;erkannt;03.02.2025",
            "S2;;erkannt;03.02.2025",
            "S1;Wohnen;gelöst;03.02.2025",
            "S1;Wohnen;gelöst;03.02.2025",
            'S3;"Sprache|Arbeit";in Arbeitsgruppe;03.02.2025',
            "S4;Arbeit;gelöst;",
        )
    )
    assert result.facts.table("issues").select(["FIELD", "ISSUE"]).to_pylist() == [
        {"FIELD": "_U", "ISSUE": "IDENT"},
        {"FIELD": "HOUS", "ISSUE": "SOLVED"},
        {"FIELD": "LANG", "ISSUE": "GROUP"},
    ]
    assert found(result) == {
        "issues T05 R": 1,
        "issues T08 D": 1,
        "issues T08 N": 1,
        "issues T09 N": 1,
    }


def test_posts_whose_inner_span_ends_fall_back_to_the_outer_one(tmp_path: Path) -> None:
    result = prepared(
        register(
            tmp_path,
            "posts",
            POSTS,
            "S1;B2;T1;AWO;1,0;1,0;01.01.2024;31.12.2025",
            "S1;B2;T1;AWO;1,0;0,0;01.03.2025;31.05.2025",
            "S2;B2;T1;AWO;1,0;1,0;01.01.2025;31.12.2024",
            "S3;B2;T1;AWO;1,0;1,0;01.01.2025;31.12.9999",
            "S4;B2;T1;AWO;1,0;1,0;;",
            "S5;Baustein 4;T1;AWO;1,0;1,0;01.01.2025;",
        )
    )
    spans = result.facts.table("posts").select(["post_id", "valid_from", "valid_to", "filled"]).to_pylist()
    assert [tuple(span.values()) for span in spans] == [
        ("s1", day("2024-01-01"), day("2025-02-28"), 100),
        ("s1", day("2025-03-01"), day("2025-05-31"), 0),
        ("s1", day("2025-06-01"), day("2025-12-31"), 100),
        ("s3", day("2025-01-01"), None, 100),
    ]
    assert found(result) == {"posts T05 R": 1, "posts T08 W": 1, "posts T15 R": 1}
    assert [u.value for u in result.unmapped] == ["Baustein 4"]


def test_the_same_register_twice_is_refused(tmp_path: Path) -> None:
    first = register(tmp_path, "issues", ISSUES, "S1;Wohnen;erkannt;03.02.2025")
    with pytest.raises(KimError) as refused:
        prepared(first, SourceSpec("more", holds="issues", path=first.path))
    assert refused.value.code == "config_invalid"


def test_local_reports_name_the_source_and_keep_its_columns(tmp_path: Path) -> None:
    result = prepared(
        export(tmp_path, "kreis", CLEAN + "\n" + row(Fallnummer="F2", Fallbeginn=""), overlap="match"),
        export(tmp_path, "verband", rows(7, Fallstatus="storniert") + "\n" + rows(8), overlap="match"),
        register(tmp_path, "issues", ISSUES, "S1;Wohnen;;03.02.2025"),
    )
    quarantine, noted = tmp_path / "quarantine.csv", tmp_path / "findings.csv"
    write_quarantine(quarantine, result.quarantine)
    write_noted_rows(noted, result.noted)

    def lines(path: Path) -> list[list[str]]:
        text = path.read_bytes().decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))

    written = lines(quarantine)
    assert [line[:3] for line in written] == [
        ["Quelle", "Zeile", "Regel"],
        ["kreis", "5", "T05"],
        [],
        ["Quelle", "Zeile", "Regel"],
        ["issues", "2", "T20"],
    ]
    assert written[3][4:] == ISSUES.split(";")
    assert [line[:3] for line in lines(noted)] == [["Quelle", "Zeile", "Regel"], ["verband", "4", "T21"]]


def test_a_third_source_is_judged_without_what_was_set_aside(tmp_path: Path) -> None:
    """Its person in common with the second source is no link to the first one."""
    result = prepared(
        export(tmp_path, "a", rows(1), overlap="match"),
        export(tmp_path, "b", row(Fallnummer="F1", **{"Personen-ID": "P8"}), overlap="match"),
        export(tmp_path, "c", row(Fallnummer="F1", **{"Personen-ID": "P8"}), overlap="match"),
    )
    assert involvements(result) == [("P1", "F1")]
    assert found(result) == {"b T23 R": 1, "c T23 R": 1}


def test_sources_without_a_case_or_a_contact_are_fine(tmp_path: Path) -> None:
    contact = row(Fallnummer="K1", Beratungsart="Kurzberatung")
    result = prepared(
        export(tmp_path, "a", contact, overlap="match"), export(tmp_path, "b", rows(1), overlap="match")
    )
    assert (result.counts.cases, result.counts.contacts) == (1, 1)
    alone = prepared(export(tmp_path, "c", contact))
    assert (alone.counts.cases, alone.counts.contacts, alone.counts.persons) == (0, 1, 0)
