"""What stands in for a delivery in a release was fixed in the log when the list was imported (SPEC P-118)."""

from __future__ import annotations

import dataclasses
import json

import pytest

from protocol.errors import KimError
from protocol.evidence import Evidence, GrantEvidence, ReleaseRecord, TableRecord, parse_evidence
from protocol.transparency.events import EventKind
from protocol.verify.releases import check_release
from protocol.verify.trail import Trail, Verdict, verdict_of
from tests.factories.logged_world import AREAS, PaperNetwork

LISTED = ("NW05911", "NW05913")
CELLS = {LISTED[0]: "a" * 64, LISTED[1]: "b" * 64}
NAME = f"grants/2025/{LISTED[0]}"


@pytest.fixture
def network() -> PaperNetwork:
    made = PaperNetwork()
    made.deliver(made.nodes[0])
    return made


def record_with_grants(network: PaperNetwork) -> ReleaseRecord:
    record = network.record()
    funds = TableRecord("FUNDS", "2025", "d" * 64, {area: f"grants:{CELLS[area]}" for area in LISTED})
    return dataclasses.replace(record, tables=(*record.tables, funds))


def publish(network: PaperNetwork) -> Evidence:
    return network.publish(record_with_grants(network))


def check(evidence: Evidence, network: PaperNetwork) -> Verdict:
    return verdict_of(lambda trail: check_release(trail, evidence.to_bytes(), network.anchors()) and None)


def test_what_a_granting_authority_lists_is_verified_and_said(network: PaperNetwork) -> None:
    places = [network.grant(area, cells) for area, cells in CELLS.items()]
    evidence = publish(network)
    assert parse_evidence(evidence.to_bytes()) == evidence
    found = check(evidence, network)
    assert found.problem is None
    assert found.facts["statements"] == 1
    assert found.facts["granted"] == [
        {
            "dataset": "FUNDS",
            "period": "2025",
            "area": area,
            "list": "e" * 64,
            "log_index": place,
            "imported": "2026-10-09T08:00:02Z",
        }
        for area, place in zip(LISTED, places, strict=True)
    ]
    assert any(text.en.startswith("2 tables of the granting authority's list") for text in found.passed)
    assert found.remarks[0].en.startswith("No node has signed")
    # Asked about one area, nothing is said of the others, and nothing is asked of them.
    name = f"grants/2025/{LISTED[1]}"
    one = dataclasses.replace(evidence, grants={name: evidence.grants[name]}).to_bytes()
    asked = check_release(Trail(), one, network.anchors(), wanted=lambda table, area: area == LISTED[1])
    assert [(item.area, item.index) for item in asked.granted] == [(LISTED[1], places[1])]
    trail = Trail()
    bare = dataclasses.replace(evidence, grants={}).to_bytes()
    some = check_release(trail, bare, network.anchors(), wanted=lambda table, area: area == AREAS[0])
    assert ("granted" in trail.facts, some.granted, len(trail.remarks)) == (False, (), 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"out_sha256": "0" * 64}, "The log names another table of grants."),
        ({"out_sha256": None}, "The log names another table of grants."),
        ({"payload_sha256": None}, "The log names another table of grants."),
        ({"kind": EventKind.GRANTS_IMPORTED}, "The entry is of another table of grants."),
        ({"id": "grants/2025/NW05912"}, "The entry is of another table of grants."),
        ({"area": "NW05912"}, "The entry is of another table of grants."),
        ({"dataset": "CASES"}, "The entry is of another table of grants."),
        ({"period": "2024"}, "The entry is of another table of grants."),
    ],
)
def test_an_entry_that_says_something_else(
    network: PaperNetwork, changes: dict[str, object], said: str
) -> None:
    network.grant(LISTED[1], CELLS[LISTED[1]])
    network.grant(LISTED[0], CELLS[LISTED[0]], **changes)
    problem = check(publish(network), network).problem
    assert problem is not None
    assert (problem.code, problem.detail.en) == ("evidence_invalid", f"FUNDS 2025 {LISTED[0]}: {said}")
    assert problem.detail.de.startswith(f"FUNDS 2025 {LISTED[0]}: ")


def test_a_table_that_was_exchanged_or_an_entry_that_is_left_out(network: PaperNetwork) -> None:
    for area, cells in CELLS.items():
        network.grant(area, cells)
    evidence = publish(network)
    own, other = evidence.grants[NAME], evidence.grants[f"grants/2025/{LISTED[1]}"]
    for grants in (
        {},
        {NAME: own},
        {**evidence.grants, NAME: other},
        {**evidence.grants, NAME: GrantEvidence(bytes(32), own.table)},
        {**evidence.grants, NAME: GrantEvidence(own.salt, other.table)},
    ):
        problem = check(dataclasses.replace(evidence, grants=grants), network).problem
        assert problem is not None
        assert problem.code == "evidence_invalid"
    moved = dataclasses.replace(own, table=dataclasses.replace(own.table, index=own.table.index + 1))
    problem = check(dataclasses.replace(evidence, grants={**evidence.grants, NAME: moved}), network).problem
    assert problem is not None
    assert problem.code == "proof_invalid"


def test_a_list_that_was_imported_after_publication(network: PaperNetwork) -> None:
    network.grant(LISTED[0], CELLS[LISTED[0]])
    network.grant(LISTED[1], CELLS[LISTED[1]])
    first = publish(network)
    network.grant(LISTED[0], CELLS[LISTED[0]])
    late = publish(network)  # the same record again, behind it
    assert check(late, network).problem is None
    cheated = dataclasses.replace(late, release=network.log.logged(first.release.index))
    problem = check(cheated, network).problem
    assert problem is not None
    assert problem.detail.en.endswith("The grants were imported after publication only.")


def test_a_table_of_a_list_that_was_replaced(network: PaperNetwork) -> None:
    """An import replaces every table of its year: what comes from two was put together by somebody."""
    network.grant(LISTED[0], CELLS[LISTED[0]], payload_sha256="d" * 64)
    network.grant(LISTED[1], CELLS[LISTED[1]])
    problem = check(publish(network), network).problem
    assert problem is not None
    said = (problem.code, problem.detail.en)
    assert said == ("evidence_invalid", "The grants of 2025 come from two lists.")
    network.grant(LISTED[0], CELLS[LISTED[0]])
    assert check(publish(network), network).problem is None
    # Each year has a list of its own.
    network.grant(LISTED[0], CELLS[LISTED[0]], year="2024", payload_sha256="d" * 64)
    record = record_with_grants(network)
    before = TableRecord("FUNDS", "2024", "c" * 64, {LISTED[0]: f"grants:{CELLS[LISTED[0]]}"})
    both = dataclasses.replace(record, tables=(record.tables[0], before, record.tables[1]))
    assert check(network.publish(both), network).problem is None


@pytest.mark.parametrize(
    "change",
    [
        lambda grants: grants.update({"grants/2025": grants[NAME]}),
        lambda grants: grants.update({"grants/2025/NW5": grants[NAME]}),
        lambda grants: grants[NAME].update(more=1),
        lambda grants: grants[NAME].pop("salt"),
        lambda grants: grants[NAME].update(salt="AAAA"),
        lambda grants: grants[NAME].update(salt=None),
        lambda grants: grants[NAME].update(table=None),
    ],
)
def test_another_form_is_no_evidence(network: PaperNetwork, change) -> None:
    network.grant(LISTED[0], CELLS[LISTED[0]])
    document = json.loads(publish(network).to_bytes())
    change(document["grants"])
    with pytest.raises(KimError) as caught:
        parse_evidence(json.dumps(document).encode())
    assert caught.value.code == "evidence_invalid"
