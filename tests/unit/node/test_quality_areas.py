"""Area keys (T06, T07), with Aachen's city and the rest of its Städteregion; the wrong file as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.quality.cells.area_keys import AACHEN_CITY, AACHEN_REST, Belonging, judge_area_key
from protocol.errors import KimError
from tests.unit.node.exports import CLEAN, column, findings, prepared, row, set_aside

OWN, OTHER, AACHEN = Belonging.OWN, Belonging.OTHER, Belonging.AACHEN


@pytest.mark.parametrize(
    ("key", "belonging"),
    [
        ("05382", OWN),
        ("5382", OWN),
        ("5382.0", OWN),
        ("5382,0", OWN),
        ("05382012", OWN),
        ("5382012", OWN),
        ("5382012.0", OWN),
        ("053820012012", OWN),
        ("53820012012", OWN),
        ("5,382E+03", OWN),
        ("5.382e3", OWN),
        ("5,382012E+06", OWN),
        ("\u00a005382 ", OWN),
        ("", OWN),
        ("k. A.", OWN),
        ("05315", OTHER),
        ("05315004", OTHER),
        ("5,38E+06", OTHER),
        ("5,3821E+03", OTHER),
        ("538", OTHER),
        ("9", OTHER),
        ("99", OTHER),
        ("NW05382", OTHER),
        ("05382-012", OTHER),
        ("Rhein-Sieg-Kreis", OTHER),
        ("05334", OTHER),
        ("05334002", OTHER),
        ("05313", AACHEN),
        ("05354", AACHEN),
        ("5313", AACHEN),
        ("05354004", AACHEN),
        ("05382" * 400, OTHER),
    ],
)
def test_keys_of_an_ordinary_area(key: str, belonging: Belonging) -> None:
    assert judge_area_key(key, "NW05382").belonging is belonging


@pytest.mark.parametrize(
    ("key", "city", "rest"),
    [
        ("05334002", OWN, AACHEN),
        ("5334002", OWN, AACHEN),
        ("053340002002", OWN, AACHEN),
        ("5,334002E+06", OWN, AACHEN),
        ("05334016", AACHEN, OWN),
        ("053340016016", AACHEN, OWN),
        ("05334", AACHEN, AACHEN),
        ("5334", AACHEN, AACHEN),
        ("5334.0", AACHEN, AACHEN),
        ("05334000", AACHEN, AACHEN),
        ("5,334E+03", AACHEN, AACHEN),
        ("053340000000", AACHEN, AACHEN),
        ("05313", AACHEN, AACHEN),
        ("05354", AACHEN, AACHEN),
        ("05382", OTHER, OTHER),
        ("", OWN, OWN),
    ],
)
def test_the_two_parts_of_aachen(key: str, city: Belonging, rest: Belonging) -> None:
    assert judge_area_key(key, AACHEN_CITY).belonging is city
    assert judge_area_key(key, AACHEN_REST).belonging is rest


def test_t06_other_areas_go_to_quarantine_and_own_keys_are_put_right(tmp_path: Path) -> None:
    keys = ["05382", "5382.0", "053820012012", "", "05315", "Nachbarkreis"]
    text = "\n".join(row(Fallnummer=f"F{n}", AGS=key) for n, key in enumerate(keys))
    result = prepared(tmp_path, text)
    assert column(result, "case_id") == ["F0", "F1", "F2", "F3"]
    assert set_aside(result) == [(8, "T06"), (9, "T06")]
    assert findings(result) == {"T06 N": 2, "T06 R": 2}


def test_t07_historic_keys_go_to_quarantine(tmp_path: Path) -> None:
    text = "\n".join(
        [CLEAN, row(Fallnummer="F2", AGS="05313"), row(Fallnummer="F3", AGS="5354"), row(Fallnummer="F4")]
    )
    result = prepared(tmp_path, text)
    assert column(result, "case_id") == ["F1", "F4"]
    assert findings(result) == {"T07 R": 2}


@pytest.mark.parametrize(
    ("area", "own", "sibling"), [(AACHEN_CITY, "05334002", "05334004"), (AACHEN_REST, "05334004", "05334002")]
)
def test_t07_aachen_keeps_its_own_part_only(tmp_path: Path, area: str, own: str, sibling: str) -> None:
    keys = [own, own, own, own[1:], sibling, "05334", "05382"]
    text = "\n".join(row(Fallnummer=f"F{n}", AGS=key) for n, key in enumerate(keys))
    result = prepared(tmp_path, text, area=area)
    assert column(result, "case_id") == ["F0", "F1", "F2", "F3"]
    assert set_aside(result) == [(8, "T07"), (9, "T07"), (10, "T06")]
    assert findings(result) == {"T06 N": 1, "T06 R": 1, "T07 R": 2}


def test_cancelled_records_are_dropped_before_their_key_is_looked_at(tmp_path: Path) -> None:
    result = prepared(tmp_path, f"{CLEAN}\n{row(Fallnummer='F2', AGS='05315', Fallstatus='storniert')}")
    assert findings(result) == {"T21 D": 1}


def test_a_foreign_key_is_found_before_anything_else_of_the_row(tmp_path: Path) -> None:
    strange = row(Fallnummer="F2", AGS="05315", Beratungsart="MBE", Fallbeginn="", Geschlecht="Mädchen")
    result = prepared(tmp_path, f"{CLEAN}\n{strange}")
    assert findings(result) == {"T06 R": 1}
    assert result.unmapped == ()


def test_half_of_the_rows_of_another_area_are_set_aside(tmp_path: Path) -> None:
    result = prepared(tmp_path, f"{CLEAN}\n{row(Fallnummer='F2', AGS='05315')}")
    assert result.counts.quarantined == 1


@pytest.mark.parametrize("key", ["05315", "05315004", "05313"])
def test_a_file_of_another_area_is_refused_as_a_whole(tmp_path: Path, key: str) -> None:
    text = "\n".join([CLEAN, row(Fallnummer="F2", AGS=key), row(Fallnummer="F3", AGS=key), "Summe;3"])
    with pytest.raises(KimError) as caught:
        prepared(tmp_path, text)
    assert caught.value.code == "wrong_area"
    assert "2 von 3 Zeilen" in caught.value.detail.de
    assert "2 of 3 rows" in caught.value.detail.en
    assert key not in str(caught.value)
