"""Nodes that collect everything against a real hub: all dataflows, years, a joint authority, corrections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.services.registry.registration import Registration, register
from node.journal import DeliveryState
from protocol.problems import PROBLEMS
from tests.factories.node_home import NodeHome
from tests.factories.registers import aachen_node, issues, posts, whole_node, write_register
from tests.factories.running_hub import RunningHub, lasting_sandbox, running_hub
from tests.fakes.served import served
from tests.unit.node.exports import AREA


@contextmanager
def hub_at(folder: Path) -> Iterator[tuple[RunningHub, str]]:
    with (
        running_hub(folder / "hub", sandbox=lasting_sandbox()) as running,
        served(running.client.application) as url,
    ):
        yield running, url


def enter(running: RunningHub, home: NodeHome, *areas: str) -> None:
    node, key = home.settings.node, home.public_key.hex
    register(running.hub.context, [Registration(node, areas, key, "Kreis")])


def test_everything_a_municipality_collects_is_accepted(tmp_path: Path) -> None:
    with hub_at(tmp_path) as (running, url):
        home = whole_node(tmp_path, hub=url)
        enter(running, home, AREA)
        code, document = home.json("submit")

    assert code == 0, document
    delivered = [(d["dataset"], d["period"]) for d in document["deliveries"]]
    assert len(delivered) == 4 * 6 + 2
    assert delivered[-4:] == [
        ("CASES", "2026-Q2"),
        ("PERSONS", "2026-Q2"),
        ("STAFFING", "2026-Q2"),
        ("PROCESSES", "2026-Q2"),
    ]
    assert {("PERSONS", "2025"), ("FUNDS", "2025")} <= set(delivered)
    assert {d["state"] for d in document["deliveries"]} == {"accepted"}
    assert {d["audit"] for d in document["deliveries"]} == {"safe"}
    assert document["not_collected"] == [{"dataset": "PROCESSES", "indicator": "REFERRALS"}]
    assert [source["name"] for source in document["sources"]] == [
        "cases",
        "posts",
        "funds",
        "issues",
        "decisions",
    ]


def test_a_year_alone_is_delivered_by_its_name(tmp_path: Path) -> None:
    with hub_at(tmp_path) as (running, url):
        home = whole_node(tmp_path, hub=url)
        enter(running, home, AREA)
        code, document = home.json("submit", "--period", "2025")
        refused, problem = home.json("submit", "--period", "2026")

    assert code == 0
    assert [(d["dataset"], d["period"]) for d in document["deliveries"]] == [
        ("PERSONS", "2025"),
        ("FUNDS", "2025"),
    ]
    assert (refused, problem["code"]) == (PROBLEMS["bad_request"].exit_code, "bad_request")


def test_a_joint_authority_is_delivered_on_its_own(tmp_path: Path) -> None:
    with hub_at(tmp_path) as (running, url):
        home = aachen_node(tmp_path, hub=url)
        enter(running, home, "NW05334X002", "NW05334")
        code, document = home.json("submit")
        again, second = home.json("submit")
        shown = home.run("submit").stdout
        standing = home.json("status")[1]

    assert code == again == 0, document
    of_authority = [d for d in document["deliveries"] if d["area"] == "NW05334"]
    assert [(d["dataset"], d["period"], d["state"]) for d in of_authority] == [
        ("PROCESSES", "2025-Q4", "accepted"),
        ("PROCESSES", "2026-Q1", "accepted"),
    ]
    assert [d["id"] for d in second["deliveries"]] == [d["id"] for d in document["deliveries"]]
    assert "Prozesse (NW05334)" in shown
    assert {d["area"] for d in standing["deliveries"]} == {"NW05334X002", "NW05334"}
    assert {d["at_hub"] for d in standing["deliveries"]} == {"accepted"}
    papers = {path.name for path in home.settings.dossiers.iterdir()}
    assert {"2026-Q1-PROCESSES.html", "2026-Q1-PROCESSES-NW05334.html"} <= papers


@pytest.fixture
def delivered(tmp_path: Path) -> Iterator[NodeHome]:
    """A node whose quarter was accepted."""
    with hub_at(tmp_path) as (running, url):
        home = whole_node(tmp_path, hub=url, periods="2026-Q1..2026-Q1")
        enter(running, home, AREA)
        assert home.json("submit")[0] == 0
        yield home


def test_a_correction_that_nobody_can_learn_from_supersedes(delivered: NodeHome, tmp_path: Path) -> None:
    write_register(tmp_path, "issues", issues(solved=9))
    code, document = delivered.json("submit")

    assert code == 0, document
    revisions = {d["dataset"]: d["revision"] for d in document["deliveries"]}
    assert revisions == {"CASES": 1, "PERSONS": 1, "STAFFING": 1, "PROCESSES": 2}
    states = [(r.revision, r.state) for r in delivered.records() if r.dataset == "PROCESSES"]
    assert states == [(1, DeliveryState.SUPERSEDED), (2, DeliveryState.ACCEPTED)]
    paper = (delivered.settings.dossiers / "2026-Q1-PROCESSES-r2.html").read_text(encoding="utf-8")
    assert "wird als Berichtigung geliefert" in paper
    assert "2026-Q1-PROCESSES.html" in paper
    code, document = delivered.json("submit")
    assert (code, delivered.json("status")[1]["staying"]) == (0, [])
    assert {d["state"] for d in document["deliveries"]} == {"accepted"}


def test_a_held_correction_is_remembered_until_it_is_gone(delivered: NodeHome, tmp_path: Path) -> None:
    write_register(tmp_path, "posts", posts(filled="0,9"))
    code, document = delivered.json("submit")

    assert code == PROBLEMS["correction_held"].exit_code
    held = next(d for d in document["deliveries"] if d["state"] == "held")
    (kept,) = delivered.json("status", "--offline")[1]["staying"]
    assert (kept["dataset"], kept["decision"], kept["code"]) == ("STAFFING", "held", "correction_held")
    assert kept["changed_cells"] == held["changed_cells"] > 0
    shown = delivered.run("status", "--offline").stdout
    assert "Im Haus geblieben beim letzten submit:" in shown
    assert "zurückgehalten" in shown

    write_register(tmp_path, "posts", posts())
    assert delivered.json("submit")[0] == 0
    assert delivered.json("status", "--offline")[1]["staying"] == []


def test_what_is_not_due_any_more_is_not_remembered(delivered: NodeHome, tmp_path: Path) -> None:
    write_register(tmp_path, "posts", posts(filled="0,9"))
    assert delivered.json("submit")[0] == PROBLEMS["correction_held"].exit_code

    delivered.change('first = "2026-Q1"', 'first = "2026-Q2"')
    delivered.change('last = "2026-Q1"', 'last = "2026-Q2"')
    assert delivered.json("submit", "--period", "2026-Q2")[0] == 0
    assert len(delivered.json("status", "--offline")[1]["staying"]) == 1
    assert delivered.json("submit")[0] == 0
    assert delivered.json("status", "--offline")[1]["staying"] == []
