"""The catalogue is data: what the source says in prose must hold in the types, checked by hand."""

from __future__ import annotations

import itertools
import json
from importlib import resources

import pytest

from protocol.catalogue import IdentityKind, RuleKind
from protocol.catalogue_file import load_catalogue, parse_catalogue
from protocol.errors import KimError
from protocol.grid import build_grid, grid_of
from protocol.regions import (
    AACHEN_CITY,
    AACHEN_REST,
    AACHEN_WHOLE,
    LAND,
    boundaries,
    region_tree,
    reporting_area,
    reporting_areas,
)
from tests.factories.catalogues import catalogue_of, codelist, indicator, two_by_three


def test_the_catalogue_has_its_parts() -> None:
    catalogue = load_catalogue()
    assert list(catalogue.datasets) == ["CASES", "PERSONS", "STAFFING", "FUNDS", "PROCESSES"]
    assert len(catalogue.indicators) == 15
    assert len(catalogue.sha256) == 64


def test_every_indicator_has_a_name_and_a_definition_in_both_languages() -> None:
    for found in load_catalogue().indicators.values():
        assert found.name.de
        assert found.definition.en
        assert found.definition.de != found.name.de


@pytest.mark.parametrize(
    ("indicator_id", "additive"),
    [("CASES_OPENED", False), ("CASES_OPEN", False), ("CONTACTS_ONEOFF", True), ("REFERRALS", True)],
)
def test_fields_add_up_only_where_one_field_is_recorded(indicator_id: str, additive: bool) -> None:
    use = load_catalogue().indicator(indicator_id).dimension_use("FIELD")
    assert use is not None
    assert use.additive is additive


@pytest.mark.parametrize(
    ("indicator_id", "codes", "minimum", "zero"),
    [
        ("CASES_OPEN", {"SEX": "F", "AGE": "Y0T5"}, 5, True),
        ("CASES_OPEN", {"RESIDENCE": "DULD"}, 10, False),
        ("CASES_OPEN", {"RESIDENCE": "INSEC"}, 10, False),
        ("CASES_OPEN", {"RESIDENCE": "NE"}, 5, True),
        ("CASES_OPEN", {"FIELD": "PROTECT"}, 10, False),
        # LEFT (sensitive) is published under OTHER, so OTHER inherits its rule: the strictest wins.
        ("CASES_CLOSED", {"OUTCOME": "OTHER"}, 10, False),
        ("CASES_CLOSED", {"OUTCOME": "GOAL"}, 5, True),
        # Contacts have no person behind them, except where the code itself is sensitive.
        ("CONTACTS_ONEOFF", {"FIELD": "WORK"}, 0, True),
        ("CONTACTS_ONEOFF", {"FIELD": "PROTECT"}, 10, False),
    ],
)
def test_the_strictest_rule_wins(indicator_id: str, codes: dict[str, str], minimum: int, zero: bool) -> None:
    catalogue = load_catalogue()
    rule = catalogue.rule_for(catalogue.indicator(indicator_id), codes)
    assert (rule.min_contributors, rule.zero_publishable) == (minimum, zero)


def test_combining_rules_is_commutative_and_never_weaker() -> None:
    rules = load_catalogue().rules.values()
    for one, other in itertools.product(rules, rules):
        both, swapped = one.strictest(other), other.strictest(one)
        assert both.min_contributors == swapped.min_contributors >= one.min_contributors
        assert both.zero_publishable == swapped.zero_publishable
        if {one.kind, other.kind} - {RuleKind.NONE, RuleKind.FREQUENCY}:
            assert both.kind not in {RuleKind.NONE, RuleKind.FREQUENCY}
        if RuleKind.NONE not in (one.kind, other.kind):
            assert both.zero_publishable <= one.zero_publishable


def test_identities_are_signed_terms() -> None:
    by_id = {identity.id: identity for identity in load_catalogue().identities}
    flow = by_id["V_FLOW"]
    assert flow.kind is IdentityKind.FLOW
    assert not flow.certain
    assert {(t.sign, t.indicator, t.lag) for t in flow.terms} == {
        (1, "CASES_OPEN", 0), (-1, "CASES_OPEN", 1), (-1, "CASES_OPENED", 0), (1, "CASES_CLOSED", 0),
    }  # fmt: skip
    assert by_id["V_SUBSET_NEW"].certain
    hidden = by_id["V_FLOW_HIDDEN"]
    assert hidden.kind is IdentityKind.FLOW_HIDDEN
    assert not hidden.certain
    assert hidden.groups == (("SEX", "CITIZEN"), ("RESIDENCE",), ("RECHTSKREIS",), ("FIELD",))


def test_merged_codes_are_not_on_the_wire() -> None:
    keys = grid_of(load_catalogue(), "CASES").keys
    used = {code for key in keys for code in key}
    assert used.isdisjoint({"_O", "NOTITLE", "LEFT"})
    assert {"_U", "DULD", "OTHER"} <= used


def test_a_shared_margin_stands_in_the_grid_once() -> None:
    catalogue = catalogue_of(
        [
            codelist("CL_A", {"_T": None, "a1": "_T", "a2": "_T"}),
            codelist("CL_B", {"_T": None, "b1": "_T"}),
            codelist("CL_C", {"c1": None, "c2": None}, total=None),
        ],
        [indicator("N", [["A", "B"], ["A"]]), indicator("M", [["C"]])],
    )
    grid = build_grid(catalogue.dataset("D"))
    assert grid.dims == ("A", "B", "C")
    assert grid.keys == (
        ("M", "_Z", "_Z", "c1"),
        ("M", "_Z", "_Z", "c2"),
        ("N", "_T", "_T", "_Z"),
        ("N", "_T", "b1", "_Z"),
        ("N", "a1", "_T", "_Z"),
        ("N", "a1", "b1", "_Z"),
        ("N", "a2", "_T", "_Z"),
        ("N", "a2", "b1", "_Z"),
    )
    assert (grid.rows_of("M"), grid.total_row("N"), grid.total_row("M")) == (range(2), 2, None)


def test_a_broken_reference_stops_the_reader() -> None:
    raw = json.loads(resources.files("protocol").joinpath("data/catalogue.json").read_bytes())
    raw["identities"][0]["terms"][0]["indicator"] = "NO_SUCH"
    with pytest.raises(KeyError, match="V_FLOW"):
        parse_catalogue(json.dumps(raw).encode())


def test_unknown_ids_are_refused_by_code() -> None:
    catalogue = two_by_three()
    with pytest.raises(KimError) as dataset:
        catalogue.dataset("NO")
    with pytest.raises(KimError) as found:
        catalogue.indicator("NO")
    assert (dataset.value.code, found.value.code) == ("schema_unknown", "unknown_indicator")


def test_fifty_four_areas_and_the_aachen_rule() -> None:
    tree = region_tree()
    areas = reporting_areas()
    assert len(areas) == 54
    assert len(tree.leaves_of(LAND)) == 54
    assert tree.leaves_of(AACHEN_WHOLE) == (AACHEN_CITY, AACHEN_REST)
    assert sum(area.population for area in areas) == sum(
        area.population
        for region in ("NW051", "NW053", "NW055", "NW057", "NW059")
        for area in map(reporting_area, tree.leaves_of(region))
    )
    assert set(tree.leaves_of("LVR")) | set(tree.leaves_of("LWL")) == set(tree.leaves_of(LAND))
    assert set(tree.leaves_of("LVR")).isdisjoint(tree.leaves_of("LWL"))
    assert tree.leaves_of("NW05111") == ("NW05111",)


@pytest.mark.parametrize("area", ["NW05334", "NW05313", "NW05354", "05111", "NW0511", "NW05111 "])
def test_what_is_no_reporting_area(area: str) -> None:
    with pytest.raises(KimError) as caught:
        reporting_area(area)
    assert caught.value.code == "unknown_area"


def test_every_area_has_a_boundary() -> None:
    drawn = {feature["properties"]["ref_area"] for feature in boundaries()["features"]}
    assert drawn == {area.id for area in reporting_areas()}
