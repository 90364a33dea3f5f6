"""`kim-hub enrol` and `kim-hub suspend` as officers type them, on a test bench."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli import main
from tests.factories.enrolment import NODE, Office, new_keys
from tests.factories.running_hub import running_hub


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    with running_hub(tmp_path / "hub", start=False) as running:
        # One clock for hub and commands: times in the log never go back.
        monkeypatch.setattr("hub.cli.desk.clock_on", lambda *_: running.clock)
        yield Office(running)


def hub(office: Office, *arguments: str) -> Result:
    home = str(office.running.hub.settings.home)
    command = arguments[:1] if arguments[0] == "suspend" else arguments[:2]
    return CliRunner().invoke(main, [*command, "--home", home, *arguments[len(command) :]])


def told(office: Office, *arguments: str) -> dict[str, Any]:
    done = hub(office, *arguments, "--json")
    assert done.exit_code == 0, done.output
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def invited(office: Office, *more: str) -> dict[str, Any]:
    by = ("--by", "A. Muster", *more)
    (one,) = told(office, "enrol", "invite", "--area", "NW05111", "--name", "Düsseldorf", *by)["invited"]
    return one


def test_a_letter_is_printed_once_and_the_token_is_in_no_file(office: Office, tmp_path: Path) -> None:
    done = hub(office, "enrol", "invite", "--area", "NW05111", "--name", "Düsseldorf", "--by", "A. Muster")
    assert done.exit_code == 0, done.output
    token = done.stdout.splitlines()[-1].strip()
    assert len(token) == 44
    assert "08.10.2026" in done.stdout
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert token.encode() not in written
    assert token.replace("-", "").encode() not in written


def test_a_new_node_gets_an_id_that_says_nothing(office: Office) -> None:
    first = invited(office)
    assert first["node"] != invited(office)["node"]
    assert "05111" not in first["node"]
    assert invited(office, "--node", NODE)["node"] == NODE


def test_from_the_letter_to_the_directory(office: Office) -> None:
    letter, keys = invited(office), new_keys()
    office.post(office.request(letter["token"], keys, letter["node"]))
    (waiting,) = told(office, "enrol", "list")["enrolments"]
    assert (waiting["kind"], waiting["state"], waiting["node"]) == ("enrol", "pending", letter["node"])
    for language, said in (
        ("de", "Anmeldung, wartet auf den Anruf"),
        ("en", "enrolment, waits for the call"),
    ):
        shown = hub(office, "enrol", "list", "--lang", language).stdout.splitlines()
        assert shown[1] == f"  {waiting['id']}  {said}"
    # Not on the screen of whoever is about to have it read out.
    assert keys.sign.public.fingerprint() not in hub(office, "enrol", "list").stdout
    approves = ("enrol", "approve", waiting["id"], "--by", "B. Beispiel")
    wrong = hub(office, *approves, "--fingerprint", "0000 " * 8)
    assert (wrong.exit_code, "fingerprint_mismatch" in wrong.stderr) == (77, True)
    same = ("--fingerprint", keys.sign.public.fingerprint().upper())
    alone = hub(office, "enrol", "approve", waiting["id"], *same, "--by", "A. Muster")
    assert (alone.exit_code, "second_person_required" in alone.stderr) == (77, True)
    (done,) = told(office, *approves, *same)["approved"]
    assert done["state"] == "active"
    again = hub(office, *approves, *same)
    assert "not_found" in again.stderr
    assert told(office, "enrol", "list")["enrolments"] == []
    assert len(told(office, "enrol", "list", "--all")["enrolments"]) == 1


def test_without_a_fingerprint_nothing_is_approved(office: Office) -> None:
    letter = invited(office)
    office.post(office.request(letter["token"], new_keys(), letter["node"]))
    (waiting,) = told(office, "enrol", "list")["enrolments"]
    done = hub(office, "enrol", "approve", waiting["id"], "--by", "B. Beispiel", "--json")
    assert json.loads(done.stdout)["code"] == "fingerprint_mismatch"


def test_a_list_approves_all_or_none(office: Office, tmp_path: Path) -> None:
    guests = [{"areas": [f"NW0511{n}"], "name": f"Kommune {n}"} for n in (1, 2, 3)]
    (tmp_path / "guests.json").write_text(json.dumps(guests))
    letters = told(office, "enrol", "invite", "--list", str(tmp_path / "guests.json"), "--by", "A. Muster")
    keys = {one["node"]: new_keys() for one in letters["invited"]}
    for one in letters["invited"]:
        office.post(office.request(one["token"], keys[one["node"]], one["node"]))
    waiting = told(office, "enrol", "list")["enrolments"]
    said = [{"id": one["id"], "fingerprint": keys[one["node"]].sign.public.fingerprint()} for one in waiting]
    listed = tmp_path / "said.json"
    listed.write_text(json.dumps([*said[:2], {**said[2], "fingerprint": said[0]["fingerprint"]}]))
    arguments = ("enrol", "approve", "--list", str(listed), "--by", "B. Beispiel")
    assert "fingerprint_mismatch" in hub(office, *arguments).stderr
    assert {one["state"] for one in told(office, "enrol", "list")["enrolments"]} == {"pending"}
    listed.write_text(json.dumps(said))
    assert len(told(office, *arguments)["approved"]) == 3


def test_changes_of_keys_are_approved_together_and_need_no_call(office: Office) -> None:
    old = office.enrolled()
    office.rotate(new_keys(), old.sign)
    (done,) = told(office, "enrol", "approve", "--rotations", "--by", "B. Beispiel")["approved"]
    assert (done["kind"], done["state"]) == ("rotation", "active")
    assert told(office, "enrol", "approve", "--rotations", "--by", "B. Beispiel")["approved"] == []


@pytest.mark.parametrize("reason", [[], ["--superseded", "--compromised-since", "2026-10-01"]])
def test_a_revocation_says_one_reason(office: Office, reason: list[str]) -> None:
    keyid = office.enrolled().sign.public.keyid
    assert hub(office, "enrol", "revoke", keyid, *reason, "--by", "A. Muster").exit_code == 2


def test_keys_are_revoked_and_nodes_suspended(office: Office) -> None:
    keyid = office.enrolled().sign.public.keyid
    ahead = hub(office, "enrol", "revoke", keyid, "--compromised-since", "2027-01-01", "--by", "A. Muster")
    assert "bad_request" in ahead.stderr
    done = told(office, "enrol", "revoke", keyid, "--compromised-since", "2026-10-01", "--by", "A. Muster")
    assert done["node"] == NODE
    unknown = hub(office, "enrol", "revoke", keyid.upper(), "--superseded", "--by", "A. Muster")
    assert "unknown_key" in unknown.stderr
    reason = ("--reason", "Notebook gestohlen", "--by", "A. Muster")
    assert told(office, "suspend", NODE, *reason)["changed"] is True
    assert told(office, "suspend", NODE, *reason)["changed"] is False
    assert told(office, "suspend", NODE, "--lift", *reason) == {
        "node": NODE, "suspended": False, "changed": True,
    }  # fmt: skip
    assert "not_found" in hub(office, "suspend", NODE.upper(), *reason).stderr


def test_refusing_ends_a_request(office: Office) -> None:
    letter = invited(office)
    office.post(office.request(letter["token"], new_keys(), letter["node"]))
    (waiting,) = told(office, "enrol", "list")["enrolments"]
    assert told(office, "enrol", "refuse", waiting["id"], "--by", "B. Beispiel")["node"] == letter["node"]
    assert "not_found" in hub(office, "enrol", "refuse", waiting["id"], "--by", "B. Beispiel").stderr


def test_wrong_tokens_are_an_alarm_until_the_letter_was_used_or_another_sent(office: Office) -> None:
    letter, other = invited(office), invited(office)
    for _ in range(5):
        assert told(office, "enrol", "list")["guessed"] == []
        office.post(office.request(other["token"], new_keys(), letter["node"]))
    assert [one["node"] for one in told(office, "enrol", "list")["guessed"]] == [letter["node"]]
    assert f"ALARM: Düsseldorf ({letter['node']}): 5 falsche Token" in hub(office, "enrol", "list").stdout
    again = invited(office, "--node", letter["node"])
    assert told(office, "enrol", "list")["guessed"] == []
    for _ in range(5):
        office.post(office.request(other["token"], new_keys(), letter["node"]))
    assert office.post(office.request(again["token"], new_keys(), letter["node"])).status_code == 201
    assert told(office, "enrol", "list")["guessed"] == []


def test_of_two_nodes_invited_for_one_area_one_is_entered(office: Office) -> None:
    letters = invited(office), invited(office)
    for letter, expected in zip(letters, (0, 73), strict=True):
        keys = new_keys()
        office.post(office.request(letter["token"], keys, letter["node"]))
        (waiting,) = told(office, "enrol", "list")["enrolments"]
        fingerprint = ("--fingerprint", keys.sign.public.fingerprint(), "--by", "B. Beispiel")
        done = hub(office, "enrol", "approve", waiting["id"], *fingerprint)
        assert done.exit_code == expected, done.output
