"""The commands of `kim-hub` as an operator meets them: help, languages, refusals that say what to do."""

from __future__ import annotations

import gc
import json
import os
import socket
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli import main
from hub.domain.ids import SubmissionId
from hub.services.intake.verification import verify
from hub.store.schema import KNOWN_REVISION
from protocol.keys import PrivateKey
from protocol.problems import PROBLEMS
from tests.factories.patience import PATIENCE_SECONDS
from tests.factories.running_hub import ITS_DAY, running_hub
from tests.integration.test_hub_processes import hub

COMMANDS = [
    "status",
    "confirm",
    "init",
    "register",
    "serve",
    "close",
    "worker",
    "db upgrade",
    "demo",
    "extract",
    "grants",
    "grants import",
    "trust",
    *(f"trust {command}" for command in ("key", "init", "propose", "show", "sign", "publish", "status")),
    *(f"trust {command}" for command in ("renew", "export", "withdraw")),
]


def _list(folder: Path) -> Path:
    file = folder / "nodes.json"
    entry = {"node": "node-a", "area": "NW05111", "public_key": "11" * 32, "name": "A"}
    file.write_text(json.dumps([entry]), encoding="utf-8")
    return file


def test_the_commands_refuse_with_code_and_remedy(tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    assert hub(fresh, "register", "--list", str(_list(tmp_path)), expect=78)["code"] == "schema_outdated"
    assert hub(fresh, "serve", expect=78)["code"] == "schema_outdated"
    made = tmp_path / "made"
    hub(made, "init")
    assert made.stat().st_mode & 0o077 == 0
    hub(tmp_path, "init")
    assert hub(tmp_path, "init")["schema"] == KNOWN_REVISION
    assert hub(tmp_path, "db upgrade") == {"schema": KNOWN_REVISION}
    refused = PROBLEMS["not_loopback"]
    for host in ("0.0.0.0", "10.1.2.3", "hub.example", "::"):
        document = hub(tmp_path, "serve", "--host", host, expect=refused.exit_code)
        assert (document["code"], document["remedy"]) == ("not_loopback", refused.remedy.de)
    first = hub(tmp_path, "register", "--list", str(_list(tmp_path)))
    assert hub(tmp_path, "register", "--list", str(_list(tmp_path))) == first
    key = PrivateKey.generate().public.hex
    for node, area, expected in (
        ("node-other", "NW05111", "already_exists"),
        ("node-a", "NW05112", "already_exists"),
        ("node-new", "NW05", "unknown_area"),
        ("Node", "NW05116", "bad_request"),
    ):
        facts = ("--node", node, "--area", area, "--public-key", key)
        exit_code = PROBLEMS[expected].exit_code
        document = hub(tmp_path, "register", *facts, expect=exit_code)
        assert document["code"] == expected
        assert "wählen; Vorhandenes" not in document["remedy"]  # that one is about folders


def test_a_node_delivers_for_several_areas_and_gets_more_later(tmp_path: Path) -> None:
    hub(tmp_path, "init")
    key, other = (PrivateKey.generate().public.hex for _ in range(2))
    facts = ("--node", "node-a", "--public-key", key)
    first = hub(tmp_path, "register", *facts, "--area", "NW05334X002")
    both = ("--area", "NW05334X002", "--area", "NW05334")
    assert hub(tmp_path, "register", *facts, *both) == first
    assert hub(tmp_path, "register", *facts, "--area", "NW05334X002") == first  # nothing is taken away
    entry = {"node": "node-b", "areas": ["NW05334002", "NW05334"], "public_key": other, "name": "B"}
    file = tmp_path / "nodes.json"
    file.write_text(json.dumps([entry]), encoding="utf-8")
    taken = PROBLEMS["already_exists"].exit_code
    assert hub(tmp_path, "register", "--list", str(file), expect=taken)["code"] == "already_exists"
    file.write_text(json.dumps([entry | {"areas": ["NW05334002"]}]), encoding="utf-8")
    assert len(hub(tmp_path, "register", "--list", str(file))["registered"]) == 1


def test_a_refusal_is_said_in_two_languages(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["init", "--home", str(tmp_path)]).exit_code == 0
    done = CliRunner().invoke(main, ["serve", "--home", str(tmp_path), "--host", "0.0.0.0"])
    missing = (
        "ein Vertrauensverzeichnis (kim-hub trust init), Konten, public_url mit https, trusted_proxy.",
        "a trust repository (kim-hub trust init), accounts, public_url with https, trusted_proxy.",
    )
    title, remedy = PROBLEMS["not_loopback"].title, PROBLEMS["not_loopback"].remedy
    assert done.stderr.splitlines() == [
        f"not_loopback: {title.de}",
        f"  Unter 0.0.0.0 dürfen andere den Hub erst erreichen, wenn es gibt: {missing[0]}",
        f"  → {remedy.de}",
        f"not_loopback: {title.en}",
        f"  At 0.0.0.0 others may reach the hub only once there is: {missing[1]}",
        f"  → {remedy.en}",
    ]


@pytest.mark.parametrize(
    ("period", "detail", "remedy"),
    [
        ("2026", None, "Nach dem Ende des Zeitraums schließen."),
        ("2019-Q4", "Dieser Hub nimmt Zeiträume ab 2020-Q1.", "Einen späteren Zeitraum nennen."),
        ("2019", "Dieser Hub nimmt Zeiträume ab 2020-Q1.", "Einen späteren Zeitraum nennen."),
        ("2026-Q4", None, "Nach dem Ende des Zeitraums schließen."),
    ],
)
def test_a_period_that_cannot_be_closed(tmp_path: Path, period: str, detail: str | None, remedy: str) -> None:
    hub(tmp_path, "init")
    problem = PROBLEMS["period_not_open"]
    document = hub(tmp_path, "close", period, expect=problem.exit_code)
    assert (document["detail"], document["remedy"]) == (detail or problem.title.de, remedy)


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str, option: str) -> None:
    done = CliRunner().invoke(main, [*command.split(), option])
    assert done.exit_code == 0
    assert "Beispiel" in done.stdout


def test_the_list_of_commands() -> None:
    done = CliRunner().invoke(main, ["--help"])
    for command in ("init", "register", "serve", "close", "worker", "db"):
        assert f"  {command} " in done.stdout


@pytest.mark.parametrize(
    ("options", "seen"),
    [([], (True, True)), (["--lang", "de"], (True, False)), (["--lang", "en"], (False, True))],
)
def test_the_list_of_commands_speaks_the_language_asked_for(
    options: list[str], seen: tuple[bool, bool]
) -> None:
    for group, german, english in (
        ([], "Den Hub betreiben", "Run the hub"),
        (["db"], "Die Datenbank auf den Stand", "Bring the database"),
    ):
        done = CliRunner().invoke(main, [*options, *group, "--help"])
        listed = " ".join(done.stdout.split())
        assert (german in listed, english in listed) == seen


@pytest.mark.parametrize(
    ("arguments", "said", "in_english"),
    [
        (["lost"], "Den Befehl 'lost' gibt es nicht, nur close, confirm, ", "No such command 'lost'."),
        (["db", "lost"], "Den Befehl 'lost' gibt es nicht, nur upgrade.", "No such command 'lost'."),
        (["status", "--perod"], "Die Option --perod gibt es nicht.", "No such option"),
        (["serve", "--port", "x"], "'--port': Dieser Wert ist nicht erlaubt.", "Invalid value for '--port'"),
        (["confirm", "5f0c", "AUDIT"], "Es fehlt '--reason'.", "Missing option '--reason'."),
        (["grants", "import", "--year", "2025"], "Es fehlt 'FILE'.", "Missing argument 'FILE'."),
        (["demo", "more"], "Auf der Befehlszeile steht mehr", "Got unexpected extra argument"),
        (
            ["register", "--node", "node-a"],
            "Es fehlt --node, --area und --public-key, oder --list.",
            "Name --node, --area and --public-key, or --list.",
        ),
    ],
)
@pytest.mark.parametrize("by", ["option", "environment"])
def test_errors_of_use_are_said_in_german_and_english(
    arguments: list[str], said: str, in_english: str, by: str
) -> None:
    german = CliRunner().invoke(main, arguments)
    english = (
        CliRunner().invoke(main, ["--lang", "en", *arguments])
        if by == "option"
        else CliRunner(env={"KIM_LANG": "en"}).invoke(main, arguments)
    )
    assert german.exit_code == english.exit_code == 2
    assert german.stderr.startswith("Aufruf: ")
    assert f"\nFehler: {said}" in german.stderr
    assert english.stderr.startswith("Usage: ")
    assert f"\nError: {in_english}" in english.stderr


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_the_frame_of_help_is_german_or_english(command: str) -> None:
    german = CliRunner().invoke(main, [*command.split(), "--help"]).stdout
    english = CliRunner().invoke(main, [*command.split(), "--lang", "en", "--help"]).stdout
    for frame, other, heading, help_line in (
        (german, english, "Optionen", "Diese Hilfe zeigen."),
        (english, german, "Options", "Show this message and exit."),
    ):
        assert f"\n{heading}:\n" in frame
        assert help_line in frame
        assert help_line not in other
    german, english = " ".join(german.split()), " ".join(english.split())  # lines break anywhere
    assert ("[Vorgabe: " in german) == ("[default: " in english)
    assert "[default: " not in german
    assert "required]" not in german


@pytest.mark.parametrize("chosen", ["de", "en"])
@pytest.mark.parametrize("place", ["group", "command", "environment"])
def test_one_language_on_request(tmp_path: Path, chosen: str, place: str) -> None:
    refused, made = ["serve", "--host", "0.0.0.0"], ["init"]
    problem = PROBLEMS["not_loopback"]
    option = ["--lang", chosen]
    for line, both in (
        (made, ("Der Hub liegt", "The hub lives")),
        (refused, (problem.remedy.de, problem.remedy.en)),
    ):
        words = [*line, "--home", str(tmp_path / "home")]
        if place != "environment":
            words = [*option, *words] if place == "group" else [*words, *option]
        environment = {"KIM_LANG": chosen} if place == "environment" else {}
        said = CliRunner(env=environment).invoke(main, words).output
        assert [sentence in said for sentence in both] == [chosen == "de", chosen == "en"]


def test_whatever_the_hub_writes_is_its_own_users_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        hub(tmp_path / "home", "init")
        hub(tmp_path / "home", "close", "2026-Q1", "--dataset", "CASES")
        assert os.umask(0o022) == 0o022  # the command's own affair
    finally:
        os.umask(before)
    gc.collect()  # the connections of both commands: SQLite removes its files when the last one goes
    written = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert {"hub.toml", "hub.sqlite3"} <= {path.name for path in written}
    assert [path for path in written if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    hub(tmp_path, "init")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        document = hub(tmp_path, "serve", "--port", port, expect=PROBLEMS["port_in_use"].exit_code)
    assert document["code"] == "port_in_use"
    assert port in document["detail"]
    assert "--port" in document["remedy"]


def test_a_database_of_a_later_program_is_left_alone(tmp_path: Path) -> None:
    hub(tmp_path, "init")
    with sqlite3.connect(tmp_path / "hub.sqlite3") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    document = hub(tmp_path, "db upgrade", expect=PROBLEMS["schema_outdated"].exit_code)
    assert "9999" in document["detail"]


def test_a_folder_without_access_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    home = tmp_path / "file" / "home"
    document = hub(home, "init", expect=PROBLEMS["config_invalid"].exit_code)
    assert str(home) in document["detail"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "[7]",
        '[{"node": "node-a"}]',
        '[{"node": 1, "area": 2, "public_key": 3, "name": 4}]',
        '[{"node": "node-a", "areas": "NW05111", "public_key": "", "name": ""}]',
        '[{"node": "node-a", "areas": [7], "public_key": "", "name": ""}]',
    ],
)
def test_a_list_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    hub(tmp_path, "init")
    (tmp_path / "nodes.json").write_text(text, encoding="utf-8")
    exit_code = PROBLEMS["bad_request"].exit_code
    document = hub(tmp_path, "register", "--list", str(tmp_path / "nodes.json"), expect=exit_code)
    assert "public_key" in document["detail"]


@pytest.mark.parametrize(
    ("typed", "options", "exit_code", "said"),
    [
        ("ja\n", [], 0, "1 Knoten eingetragen.\n"),
        ("vielleicht\nnein\n", [], 1, "Nichts eingetragen.\n"),
        ("J\n", [], 0, "1 Knoten eingetragen.\n"),
        ("n\n", [], 1, "Nichts eingetragen.\n"),
        ("", ["--yes"], 0, "1 Knoten eingetragen. Falls noch nicht geschehen"),
    ],
)
def test_at_a_terminal_the_fingerprint_comes_before_the_entry(
    tmp_path: Path, typed: str, options: list[str], exit_code: int, said: str
) -> None:
    hub(tmp_path, "init")
    key = PrivateKey.generate().public
    facts = ["--node", "node-a", "--area", "NW05111", "--public-key", key.hex, "--lang", "de", *options]
    terminal, stdin = os.openpty()
    try:
        os.write(terminal, typed.encode())
        done = subprocess.run(
            [sys.executable, "-m", "hub.cli", "register", "--home", str(tmp_path), *facts],
            stdin=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    finally:
        os.close(terminal)
        os.close(stdin)
    assert done.returncode == exit_code, done.stderr
    assert said in done.stdout
    assert key.fingerprint() in done.stdout
    with sqlite3.connect(tmp_path / "hub.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM node").fetchone() == (1 - exit_code,)


def test_closing_says_what_is_closed_and_whether_it_is_published(tmp_path: Path) -> None:
    hub(tmp_path, "init")

    def said(*arguments: str) -> str:
        line = ["close", "--home", str(tmp_path), "--lang", "de", *arguments]
        return CliRunner(env=ITS_DAY).invoke(main, line).stdout

    both = ("--dataset", "CASES", "--dataset", "PERSONS")
    later = "Wird veröffentlicht, sobald der Hub läuft.\n"
    assert said("2026-Q1", "--dataset", "CASES") == f"Geschlossen: CASES für 2026-Q1. {later}"
    assert said("2026-Q1", "2026-Q2", "2026-Q3", *both) == (
        f"Geschlossen: PERSONS für 2026-Q1; CASES und PERSONS für 2026-Q2, 2026-Q3. {later}"
    )
    three = (*both, "--dataset", "STAFFING")
    assert said("2025-Q4", *three) == f"Geschlossen: CASES, PERSONS und STAFFING für 2025-Q4. {later}"
    assert said("2026-Q1", *both) == f"Waren schon geschlossen. {later}"
    assert said("2026-Q1", *both, "--wait") == "Waren schon geschlossen. Veröffentlichung 1.\n"


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    hub(tmp_path, "init")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "hub.cli", "status", "--home", str(tmp_path)],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    finally:
        os.close(writing)
    assert done.stderr == ""


def test_an_unforeseen_error_says_where_and_quotes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_settings: object) -> str:
        raise ValueError("Ayşe Yılmaz 4711")

    monkeypatch.setattr("hub.cli.installation.install", fail)
    done = CliRunner().invoke(main, ["init", "--home", str(tmp_path)])
    assert done.exit_code == PROBLEMS["internal"].exit_code
    assert "ValueError" in done.stderr
    assert "test_hub_commands.py" in done.stderr
    assert "4711" not in done.output


def test_closing_names_what_is_missing_and_goes_on_only_if_told(tmp_path: Path) -> None:
    """Closing cannot be undone: without a terminal to ask at, somebody has to have said so."""
    with running_hub(tmp_path, start=False) as running:
        running.hub.context.sandbox.start()
        running.sender("NW05112")
        sender = running.sender("NW05111")
        parcel = sender.parcel()
        assert sender.send(parcel).status_code == 202
        verify(running.hub.context, SubmissionId(parcel.id))
    refused = hub(tmp_path, "close", "2026-Q1", expect=PROBLEMS["deliveries_missing"].exit_code)
    assert refused["code"] == "deliveries_missing"
    assert "NW05112" in refused["detail"]
    assert "NW05111" not in refused["detail"]
    assert hub(tmp_path, "close", "2026-Q1", "--missing-ok")["closed"]
    assert hub(tmp_path, "close", "2026-Q1")["closed"] == []  # nothing is left to ask about
