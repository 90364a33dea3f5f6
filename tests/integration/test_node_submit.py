"""`kim-node submit` against a real hub: delivered once, whatever happens in between."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.domain.states import NodeStatus
from hub.services.merging.publishing import close
from hub.services.registry.registration import Registration, register
from node.clock import SystemClock
from node.journal import DeliveryState, Journal
from node.keystore import create_key, load_key
from protocol.periods import Period
from protocol.problems import PROBLEMS
from tests.factories.node_home import NodeHome, node_home, some_cases
from tests.factories.running_hub import RunningHub, lasting_sandbox, running_hub
from tests.factories.signing import signed_client
from tests.fakes.faults import Faults
from tests.fakes.hub_simulator import HubSimulator
from tests.fakes.served import served
from tests.unit.node.exports import AREA

#: What a node with cases alone delivers.
DATAFLOWS = ("CASES", "PERSONS", "PROCESSES")
#: Every place at which a delivery can be interrupted, in order.
FAILPOINTS = (
    "blob.write",
    "blob.written",
    "spool.blobs",
    "journal.write",
    "spool.committed",
    "send.announce",
    "send.announced",
    "send.chunk",
    "send.complete",
    "send.completed",
    "send.decided",
)


@dataclass
class Scene:
    """A hub that listens and a node that may deliver to it."""

    running: RunningHub
    home: NodeHome

    def register(self) -> None:
        node, key = self.home.settings.node, self.home.public_key.hex
        register(self.running.hub.context, [Registration(node, (AREA,), key, "Rhein-Sieg-Kreis")])

    def submissions(self) -> dict[str, str]:
        """The hub's submissions: id -> state."""
        code, document = self.home.json("status")
        assert code == 0, document
        return {d["id"]: d["at_hub"] for d in document["deliveries"] if d["at_hub"] is not None}


@pytest.fixture
def unknown(tmp_path: Path) -> Iterator[Scene]:
    """A node whose key the hub does not know yet."""
    with (
        running_hub(tmp_path / "hub", sandbox=lasting_sandbox()) as running,
        served(running.client.application) as url,
    ):
        yield Scene(running, node_home(tmp_path, hub=url))


@pytest.fixture
def scene(unknown: Scene) -> Scene:
    unknown.register()
    return unknown


def states(document: dict[str, object]) -> list[str]:
    deliveries = document["deliveries"]
    assert isinstance(deliveries, list)
    return [delivery["state"] for delivery in deliveries]


def test_everything_due_is_delivered_and_accepted(scene: Scene) -> None:
    code, document = scene.home.json("submit")

    assert code == 0, document
    assert [(d["period"], d["dataset"]) for d in document["deliveries"]] == [
        (period, dataset) for period in ("2026-Q1", "2026-Q2") for dataset in DATAFLOWS
    ]
    for delivery in document["deliveries"]:
        assert delivery["state"] == "accepted"
        assert delivery["audit"] == "safe"
        assert delivery["revision"] == 1
        assert delivery["problem"] is None
        assert 0 <= delivery["sensitive"] <= delivery["withheld"] < delivery["cells"]
        assert delivery["sensitive"] or delivery["dataset"] == "PROCESSES"
    assert document["rows"]["cases"] == 90
    assert set(document["seconds"]) == {"read", "tabulate", "protect", "audit", "send"}
    assert sorted(path.name for path in scene.home.settings.dossiers.iterdir()) == [
        "2026-Q1-CASES.html",
        "2026-Q1-PERSONS.html",
        "2026-Q1-PROCESSES.html",
        "2026-Q2-CASES.html",
        "2026-Q2-PERSONS.html",
        "2026-Q2-PROCESSES.html",
    ]


def test_progress_and_result_go_different_ways(scene: Scene) -> None:
    result = scene.home.run("submit", "--progress", "--period", "2026-Q1")

    assert "Schützen und prüfen" in result.stderr
    assert "Schützen und prüfen" not in result.stdout
    assert "3 von 3 Lieferungen angenommen." in result.stdout
    assert "neu gesendet" not in result.stdout


def test_submitting_again_signs_nothing(scene: Scene) -> None:
    _, first = scene.home.json("submit")
    code, second = scene.home.json("submit")

    assert code == 0
    assert [d["id"] for d in second["deliveries"]] == [d["id"] for d in first["deliveries"]]
    assert states(second) == ["accepted"] * 6
    assert len(scene.home.records()) == 6
    assert "Unverändert; nichts neu gesendet." in scene.home.run("submit").stdout


def test_periods_that_had_not_ended_take_one_line(scene: Scene) -> None:
    scene.home.change('last = "2026-Q2"', 'last = "2027-Q1"')
    text = scene.home.run("submit").stdout

    assert "9 von 9 Lieferungen angenommen." in text
    assert [line for line in text.splitlines() if "2026-Q4" in line or "2027-Q1" in line] == [
        "Beim Export noch nicht abgeschlossen: ab 2026-Q4"
    ]


def test_a_preview_after_a_refusal_still_knows_why_cells_are_withheld(unknown: Scene) -> None:
    before = unknown.home.run("preview", "--period", "2026-Q1").stdout
    unknown.home.json("submit", "--period", "2026-Q1")
    after = unknown.home.run("preview", "--period", "2026-Q1").stdout

    why = [line for line in before.splitlines() if "zu wenige Fälle oder Personen" in line]
    assert len(why) == 3  # the legend and two deliveries
    assert [line for line in after.splitlines() if "zu wenige Fälle oder Personen" in line] == why


def test_a_preview_of_what_was_delivered_points_to_the_paper_with_the_reasons(
    scene: Scene, tmp_path: Path
) -> None:
    page = tmp_path / "paper.html"
    scene.home.json("submit", "--period", "2026-Q1")
    text = scene.home.run("preview", "--period", "2026-Q1", "--html", str(page)).stdout

    paper = scene.home.settings.dossiers / "2026-Q1-CASES.html"
    written = page.read_text(encoding="utf-8")
    assert "Die Gründe stehen im Bogen dieser Lieferung: dossiers/2026-Q1-CASES.html" in text
    assert f'<a href="{paper.as_uri()}">dossiers/2026-Q1-CASES.html</a>' in written
    assert "zu wenige Fälle oder Personen" in paper.read_text(encoding="utf-8")
    for said in (text, written):
        assert "zu wenige Fälle oder Personen" not in said
        assert "Dieser Bogen bleibt im Haus" not in said
        assert "geheim zu halten" in said  # the signs of the tables are explained all the same

    paper.unlink()
    assert "Der Bogen dieser Lieferung fehlt" in scene.home.run("preview", "--period", "2026-Q1").stdout


def test_with_an_unknown_key_nothing_is_signed_and_all_is_delivered_later(unknown: Scene) -> None:
    """Whoever is not answered does not know what the hub holds of it: nothing new could be protected."""
    code, stopped = unknown.home.json("submit")
    assert code == PROBLEMS["unknown_key"].exit_code
    assert states(stopped) == ["blocked"] * 6
    assert {d["problem"]["code"] for d in stopped["deliveries"]} == {"unknown_key"}
    assert unknown.home.records() == ()

    unknown.register()
    code, accepted = unknown.home.json("submit")

    assert code == 0
    assert states(accepted) == ["accepted"] * 6


def test_under_another_id_nothing_is_signed(scene: Scene) -> None:
    """Somebody edits the configuration of a new node: the hub knows the key, and not as this node's."""
    scene.home.change(scene.home.settings.node, "node-somebody-else")
    code, stopped = scene.home.json("submit", "--period", "2026-Q2")
    assert code == PROBLEMS["unknown_key"].exit_code
    assert states(stopped) == ["blocked"] * 3
    assert scene.home.records() == ()
    result = scene.home.run("status")
    assert result.exit_code == PROBLEMS["unknown_key"].exit_code


def test_a_new_key_delivers_what_the_old_one_could_not(unknown: Scene) -> None:
    unknown.home.json("submit")
    unknown.home.settings.key.path.unlink()
    create_key(unknown.home.settings.key)
    unknown.register()

    code, document = unknown.home.json("submit")

    assert code == 0, document
    assert len(unknown.home.records()) == 6


def test_changed_figures_are_held_and_the_others_go_on(scene: Scene) -> None:
    scene.home.json("submit", "--period", "2026-Q1")
    scene.home.write_cases(some_cases(96))
    code, document = scene.home.json("submit")

    assert code == PROBLEMS["correction_held"].exit_code
    assert states(document) == ["held"] * 3 + ["accepted"] * 3
    assert all(d["changed_cells"] > 0 for d in document["deliveries"][:2])
    text = scene.home.run("submit")
    assert "correction_held" in text.stderr
    assert "Fälle 2026-Q1: In " in text.stderr
    assert "6 von 6 Lieferungen angenommen, 3 Korrekturen zurückgehalten.\nNichts neu" in text.stdout


def test_a_hub_that_is_away_loses_nothing(tmp_path: Path) -> None:
    home = node_home(tmp_path, hub="http://127.0.0.1:9")
    home.change("# attempts = 6", "attempts = 1")
    code, document = home.json("submit")
    assert code == PROBLEMS["hub_unreachable"].exit_code
    assert states(document) == ["spooled"] * 6

    with (
        running_hub(tmp_path / "hub", sandbox=lasting_sandbox()) as running,
        served(running.client.application) as url,
    ):
        scene = Scene(running, home)
        scene.register()
        home.change("http://127.0.0.1:9", url)
        code, later = home.json("submit")

    assert code == 0
    assert [d["id"] for d in later["deliveries"]] == [d["id"] for d in document["deliveries"]]


def test_a_hub_that_is_away_from_what_it_has_accepted(scene: Scene) -> None:
    url = scene.home.settings.hub.url
    assert scene.home.json("submit")[0] == 0
    scene.home.change("# attempts = 6", "attempts = 2")
    scene.home.change(url, "http://127.0.0.1:9")

    for command in ("submit", "status"):
        result = scene.home.run(command)
        assert result.exit_code == PROBLEMS["hub_unreachable"].exit_code
        assert "hub_unreachable" not in result.stdout
        assert "Ausgang" not in result.output
        assert "Versuch 2 von 2 in " in result.stderr
    assert "Unverändert; nichts neu gesendet." in scene.home.run("submit").stdout


def test_what_lies_in_the_outbox_is_said(tmp_path: Path) -> None:
    home = node_home(tmp_path, hub="http://127.0.0.1:9")
    home.change("# attempts = 6", "attempts = 1")

    for command in ("submit", "status"):
        assert "6 Lieferungen liegen im Ausgang" in home.run(command).stdout


def test_status_does_not_wait_as_patiently_as_submit(tmp_path: Path) -> None:
    result = node_home(tmp_path, hub="http://127.0.0.1:9").run("--lang", "en", "status")

    assert result.exit_code == PROBLEMS["hub_unreachable"].exit_code
    assert [line for line in result.stderr.splitlines() if "Attempt" in line] == [
        "The hub cannot be reached. Attempt 2 of 2 in 1 s."
    ]


def test_a_login_page_is_no_hub(tmp_path: Path) -> None:
    page = (200, b"<html>Anmeldung</html>", {"Content-Type": "text/html"})
    with served(Faults(HubSimulator(), [page] * 50)) as url:
        code, document = node_home(tmp_path, hub=url).json("submit")

    assert code == PROBLEMS["not_a_hub"].exit_code
    assert states(document) == ["spooled"] * 6


def test_another_hub_is_not_delivered_to(scene: Scene) -> None:
    scene.home.change('audience = "kim-nrw/local"', 'audience = "kim-nrw/other"')
    code, document = scene.home.json("submit")

    assert code == PROBLEMS["wrong_audience"].exit_code
    assert "accepted" not in states(document)


def test_a_closed_period_is_refused_and_the_others_arrive(scene: Scene) -> None:
    close(scene.running.hub.context, [Period(2026, 1)], datasets=DATAFLOWS)
    code, document = scene.home.json("submit")

    assert code == PROBLEMS["period_closed"].exit_code
    assert states(document) == ["refused"] * 3 + ["accepted"] * 3


def test_not_waiting_is_enough_if_everything_arrived(scene: Scene) -> None:
    code, document = scene.home.json("submit", "--no-wait")

    assert code == 0
    assert set(states(document)) <= {"received", "verifying", "accepted"}
    assert scene.home.json("submit")[0] == 0


def test_a_rejection_is_reported_and_redelivered_only_on_demand(tmp_path: Path) -> None:
    hub = HubSimulator(decide=lambda payload: "k_anonymity")
    with served(hub) as url:
        home = node_home(tmp_path, hub=url, periods="2026-Q1")
        code, rejected = home.json("submit")
        assert code == PROBLEMS["k_anonymity"].exit_code
        assert states(rejected) == ["rejected"] * 3
        assert states(home.json("submit")[1]) == ["rejected"] * 3
        assert len(hub.submissions) == 3

        hub.decide = lambda payload: None
        code, accepted = home.json("submit", "--redeliver")

    assert code == 0
    assert states(accepted) == ["accepted"] * 3
    assert {d["revision"] for d in accepted["deliveries"]} == {1}
    assert len(hub.submissions) == 6


def test_what_a_suspension_cut_off_is_delivered_once_it_ends(unknown: Scene) -> None:
    """The hub rejects an upload that is completed by a suspended node: of its figures that says nothing."""
    context = unknown.running.hub.context

    def set_status(status: NodeStatus) -> None:
        with context.database.write() as unit:
            unit.nodes.set_status(unknown.home.settings.node, status)

    def suspending(environ: dict[str, object], start: Callable[..., object]) -> Iterable[bytes]:
        if str(environ["PATH_INFO"]).endswith("/complete"):
            set_status(NodeStatus.SUSPENDED)
        return unknown.running.client.application(environ, start)

    unknown.register()
    own = unknown.home.settings.hub.url
    with served(suspending) as url:
        unknown.home.change(own, url)
        code, document = unknown.home.json("submit", "--period", "2026-Q1")
        assert code == PROBLEMS["node_suspended"].exit_code
        assert unknown.home.json("submit", "--period", "2026-Q1")[0] == code
        assert states(unknown.home.json("submit", "--period", "2026-Q1")[1]) == ["refused"] * 3
        unknown.home.change(url, own)
    set_status(NodeStatus.ACTIVE)
    code, document = unknown.home.json("submit", "--period", "2026-Q1")
    assert (code, states(document)) == (0, ["accepted"] * 3)
    assert sorted(unknown.submissions().values()) == ["accepted"] * 3


def test_one_submit_at_a_time(scene: Scene) -> None:
    settings = scene.home.settings
    with Journal(settings.journal, clock=SystemClock()) as journal, journal.exclusive:
        result = scene.home.run("submit")

    assert result.exit_code == PROBLEMS["node_locked"].exit_code


def test_status_sees_both_sides(scene: Scene) -> None:
    scene.home.json("submit", "--period", "2026-Q1")

    assert set(scene.submissions().values()) == {"accepted"}
    german, english = scene.home.run("status").stdout, scene.home.run("--lang", "en", "status").stdout
    assert german.count("angenommen") == 6
    assert english.count("accepted") == 6
    assert "accepted" not in german


def test_status_tells_the_time_of_the_house(scene: Scene) -> None:
    scene.home.json("submit", "--period", "2026-Q1")
    changed = datetime.fromisoformat(scene.home.json("status")[1]["deliveries"][0]["changed"])

    shown = f"{changed.astimezone(ZoneInfo('Europe/Berlin')):%d.%m.%Y %H:%M}"
    assert shown in scene.home.run("status").stdout


def test_status_of_a_node_that_nobody_registered(unknown: Scene) -> None:
    result = unknown.home.run("status")

    assert result.exit_code == PROBLEMS["unknown_key"].exit_code
    assert "kennt diesen Knoten noch nicht" in result.stderr


def test_status_notices_a_lost_journal(scene: Scene) -> None:
    scene.home.json("submit", "--period", "2026-Q1")
    for path in sorted(scene.home.settings.journal.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()

    code, document = scene.home.json("status")

    assert code == PROBLEMS["revision_conflict"].exit_code
    assert len(document["hub"]["unknown_here"]) == 3
    code, document = scene.home.json("submit", "--period", "2026-Q1")
    assert code == PROBLEMS["revision_conflict"].exit_code
    assert states(document) == ["blocked"] * 3


def test_nothing_withheld_is_on_the_disk_of_the_hub(scene: Scene) -> None:
    """The hub's files hold exactly the protected bytes of the node's spool (SPEC: nothing under nulls)."""
    scene.home.json("submit", "--period", "2026-Q1")
    with Journal(scene.home.settings.journal, clock=SystemClock()) as journal:
        payloads = {record.payload_sha256: journal.payload(record) for record in journal.deliveries()}
    kept = [path for path in (scene.running.hub.settings.home).rglob("*") if path.name in payloads]

    assert len({path.name for path in kept}) == 3
    assert all(path.read_bytes() == payloads[path.name] for path in kept)


def test_the_log_tells_the_story_without_values(scene: Scene) -> None:
    scene.home.json("submit", "--period", "2026-Q1")
    text = scene.home.log_text()

    for event in ("delivery.signed", "delivery.received", "delivery.accepted"):
        assert text.count(event) == 3
    assert "Syrien" not in text


# ------------------------------------------------------------------------- a journal without its history


def only_period(home: NodeHome, old: str, new: str) -> None:
    home.change(f'first = "{old}"', f'first = "{new}"')
    home.change(f'last = "{old}"', f'last = "{new}"')


def accepted_at_hub(scene: Scene) -> int:
    settings = scene.home.settings
    client = signed_client(scene.running.client.application, load_key(settings.key))
    return len(client.get(f"/v1/nodes/{settings.node}/heads").get_json())


def test_a_node_that_lost_its_journal_stops(scene: Scene) -> None:
    scene.home.change('last = "2026-Q2"', 'last = "2026-Q1"')
    assert scene.home.json("submit")[0] == 0
    shutil.rmtree(scene.home.settings.journal)  # the disk was replaced; key and configuration were kept
    only_period(scene.home, "2026-Q1", "2026-Q2")

    code, second = scene.home.json("submit")

    assert code == PROBLEMS["revision_conflict"].exit_code
    assert states(second) == ["blocked"] * 3
    assert {d["problem"]["code"] for d in second["deliveries"]} == {"revision_conflict"}
    assert scene.home.records() == ()  # nothing was signed
    assert accepted_at_hub(scene) == 3
    assert "Datensicherung" in scene.home.run("submit").stderr
    assert "backup" in scene.home.run("--lang", "en", "submit").stderr


def test_nothing_later_is_delivered_either(scene: Scene) -> None:
    scene.home.change('last = "2026-Q2"', 'last = "2026-Q1"')
    assert scene.home.json("submit")[0] == 0
    shutil.rmtree(scene.home.settings.journal)
    scene.home.change('last = "2026-Q1"', 'last = "2026-Q2"')

    code, second = scene.home.json("submit")

    assert code == PROBLEMS["revision_conflict"].exit_code
    assert states(second) == ["blocked"] * 6
    assert accepted_at_hub(scene) == 3


def test_a_journal_from_an_old_backup_stops_and_the_right_one_goes_on(scene: Scene, tmp_path: Path) -> None:
    journal, old, new = scene.home.settings.journal, tmp_path / "old", tmp_path / "new"
    assert scene.home.json("submit", "--period", "2026-Q1")[0] == 0
    shutil.copytree(journal, old)
    assert scene.home.json("submit", "--period", "2026-Q2")[0] == 0
    shutil.copytree(journal, new)

    shutil.rmtree(journal)
    shutil.copytree(old, journal)
    code, document = scene.home.json("submit")
    assert code == PROBLEMS["revision_conflict"].exit_code
    assert states(document) == ["accepted"] * 3 + ["blocked"] * 3
    assert len(scene.home.records()) == 3

    shutil.rmtree(journal)
    shutil.copytree(new, journal)
    code, document = scene.home.json("submit")
    assert (code, states(document)) == (0, ["accepted"] * 6)


def test_what_was_signed_offline_waits_until_the_hub_agrees(scene: Scene) -> None:
    url = scene.home.settings.hub.url
    scene.home.json("submit", "--period", "2026-Q1")
    shutil.rmtree(scene.home.settings.journal)
    shutil.rmtree(scene.home.settings.dossiers)
    scene.home.settings.ledger_key.with_suffix(".mark").unlink()  # no trace is left on this machine
    scene.home.change("# attempts = 6", "attempts = 1")
    scene.home.change(url, "http://127.0.0.1:9")
    assert states(scene.home.json("submit", "--period", "2026-Q2")[1]) == ["spooled"] * 3

    scene.home.change("http://127.0.0.1:9", url)
    code, document = scene.home.json("submit", "--period", "2026-Q2")

    assert code == PROBLEMS["revision_conflict"].exit_code
    assert states(document) == ["spooled"] * 3
    assert accepted_at_hub(scene) == 3


def test_offline_nothing_is_signed_if_the_key_remembers_deliveries_the_journal_lacks(scene: Scene) -> None:
    url = scene.home.settings.hub.url
    scene.home.json("submit", "--period", "2026-Q1")
    shutil.rmtree(scene.home.settings.journal)
    shutil.rmtree(scene.home.settings.dossiers)
    scene.home.change("# attempts = 6", "attempts = 1")
    scene.home.change(url, "http://127.0.0.1:9")

    code, document = scene.home.json("submit", "--period", "2026-Q2")

    assert code == PROBLEMS["ledger_outdated"].exit_code
    assert document["type"] == "urn:kim:problem:ledger_outdated"
    assert scene.home.records() == ()


def test_offline_nothing_is_signed_if_papers_tell_of_deliveries_the_journal_lacks(scene: Scene) -> None:
    url = scene.home.settings.hub.url
    scene.home.json("submit", "--period", "2026-Q1")
    shutil.rmtree(scene.home.settings.journal)
    scene.home.change("# attempts = 6", "attempts = 1")
    scene.home.change(url, "http://127.0.0.1:9")

    code, document = scene.home.json("submit", "--period", "2026-Q2")

    assert code == PROBLEMS["hub_unreachable"].exit_code
    assert states(document) == ["blocked"] * 3
    assert scene.home.records() == ()
    assert "Datensicherung" in document["deliveries"][0]["problem"]["detail"]


def test_what_the_hub_took_over_unnoticed_counts_as_known_outside(scene: Scene) -> None:
    scene.home.json("submit", "--period", "2026-Q1")
    with Journal(scene.home.settings.journal, clock=SystemClock()) as journal:
        for record in journal.deliveries():
            journal.observe(record, DeliveryState.REFUSED, code="key_revoked")
        assert journal.ledger(AREA) == ()

    assert scene.home.json("submit", "--period", "2026-Q2")[0] == 0

    with Journal(scene.home.settings.journal, clock=SystemClock()) as journal:
        known = [entry.period for entry in journal.ledger(AREA) if entry.dataset == "CASES"]
        assert known == ["2026-Q1", "2026-Q2"]


def test_what_a_server_says_reaches_no_terminal_raw(tmp_path: Path) -> None:
    said: dict[str, object] = {"code": "period_closed"}
    said["detail"] = "\x1b[2J\x1b]0;owned\x07 \u202eHallo\nWelt " + "x" * 9_000
    said["errors"] = [{"pointer": "\x1b", "code": "\x07", "detail": "\x9b31m"}] * 500
    media = {"Content-Type": "application/problem+json", "Kim-Hub": "kim-nrw/local"}
    with served(Faults(HubSimulator(), [(409, json.dumps(said).encode(), media)] * 9)) as url:
        home = node_home(tmp_path, hub=url, periods="2026-Q1")
        result = home.run("submit")

    assert "Hallo Welt" in result.stderr
    for text in (result.stdout, result.stderr, home.log_text()):
        assert all(line.isprintable() and len(line) < 600 for line in text.splitlines())
        assert len(text.splitlines()) < 60


# ------------------------------------------------------------------------------------- interruptions


def submit_in_a_process(home: NodeHome, failpoint: str | None) -> int:
    environment = {name: value for name, value in os.environ.items() if name != "KIM_FAILPOINT"}
    if failpoint is not None:
        environment["KIM_FAILPOINT"] = failpoint
    command = [sys.executable, "-m", "node.cli", "--config", str(home.config), "submit", "--json"]
    command += ["--period", "2026-Q1"]
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    return done.returncode


@pytest.mark.slow
def test_a_node_killed_anywhere_again_and_again_delivers_once(scene: Scene) -> None:
    for place in FAILPOINTS:
        assert submit_in_a_process(scene.home, f"{place}:kill") == -signal.SIGKILL, place
    assert submit_in_a_process(scene.home, None) == 0

    records = scene.home.records()
    assert [record.state for record in records] == [DeliveryState.ACCEPTED] * 3
    assert set(scene.submissions().values()) == {"accepted"}
    blobs = {path.name for path in (scene.home.settings.journal / "blobs").iterdir()}
    assert blobs == {record.payload_sha256 for record in records} | {
        record.envelope_sha256 for record in records
    }


@pytest.mark.slow
@pytest.mark.parametrize("place", ["blob.write", "journal.write"])
def test_a_full_disk_is_said_and_survived(scene: Scene, place: str) -> None:
    assert submit_in_a_process(scene.home, f"{place}:enospc") == PROBLEMS["storage_full"].exit_code
    assert scene.home.records() == ()
    assert submit_in_a_process(scene.home, None) == 0
