"""The commands of `kim-verify`: what they read, say and end with."""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import os
import signal
import sys
import termios
import threading
from pathlib import Path

import pytest

from protocol.interruption import ABORTED
from protocol.keys import KeyPurpose, PublicKey
from protocol.problems import PROBLEMS
from protocol.texts import Language
from protocol.transparency.cosignatures import Witness, cosign
from protocol.transparency.notes import SignatureType, VerifierKey
from protocol.transparency.receipts import parse_receipt
from protocol.trust import OutsideWitness
from protocol.verify.cli import main
from tests.factories.logged_world import AREAS, START, PaperNetwork, PaperNode, key_of, witness_of
from tests.factories.patience import assert_soon
from tests.unit.protocol.test_verify import figures_csv


@pytest.fixture
def network() -> PaperNetwork:
    made = PaperNetwork()
    for node in made.nodes:
        made.deliver(node)
    return made


@pytest.fixture
def desk(tmp_path: Path, network: PaperNetwork) -> Path:
    """An auditor's folder."""
    received = next(iter(network.delivered.values()))[1]
    release = tmp_path / "release"
    release.mkdir()
    evidence = network.publish(sums=write_files(release, network))
    (release / "evidence.json").write_bytes(evidence.to_bytes())
    network.write_trust(tmp_path / "trust")
    (tmp_path / "a.tlog-proof").write_bytes(network.log.receipt(received, network.nodes).to_bytes())
    network.log.write_mirror(tmp_path / "log", network.nodes)
    return tmp_path


def write_files(release: Path, network: PaperNetwork, figures: bytes | None = None) -> bytes:
    """Write the files of a release and the list of them; return the list."""
    (release / "CASES.csv").write_bytes(figures_csv() if figures is None else figures)
    tables = [
        {"dataflow": table.dataset, "period": table.period, "sha256": table.sha256}
        for table in network.record().tables
    ]
    (release / "manifest.json").write_text(json.dumps({"release": 1, "tables": tables}))
    names = ("CASES.csv", "manifest.json")
    sums = "".join(f"{hashlib.sha256((release / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    (release / "SHA256SUMS").write_text(sums)
    return sums.encode()


def run(desk: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    try:
        code = main([argument.replace("@", f"{desk}/") for argument in arguments])
    except SystemExit as end:
        code = int(end.code or 0)
    captured = capsys.readouterr()
    return code, captured.out + captured.err


@pytest.mark.parametrize(
    "command",
    [
        ("receipt", "@a.tlog-proof", "--trust", "@trust"),
        ("receipt", "@a.tlog-proof", "--trust", "@trust/hub.json"),
        ("log", "--mirror", "@log", "--trust", "@trust"),
        ("log", "--mirror", "@log", "--trust", "@trust", "--checkpoint", "@log/checkpoint"),
        ("release", "@release", "--trust", "@trust"),
        ("release", "@release/evidence.json", "--trust", "@trust"),
        ("explain", "@release", "CASES_OPEN", "2026-Q2", "NW051", "--trust", "@trust"),
        ("explain", "@release", "CASES_OPEN", "2026-Q2", "NW051", "SEX=F", "--trust", "@trust"),
    ],
)
@pytest.mark.parametrize("language", ["de", "en"])
def test_every_command_verifies_in_both_languages(
    desk: Path, command: tuple[str, ...], language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = run(desk, *command, "--lang", language, capsys=capsys)
    assert (code, said.rstrip().splitlines()[-1]) == (0, {"de": "GEPRÜFT", "en": "VERIFIED"}[language]), said
    code, said = run(desk, *command, "--json", capsys=capsys)
    assert (code, json.loads(said)[0]["verified"]) == (0, True)


def test_the_trust_folder_of_a_node_is_read_as_it_lies(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = desk / "node" / "copies" / "12" / "targets"
    copy.mkdir(parents=True)
    for name in ("hub.json", "directory.json"):
        (copy / f"keys%2F{name}").write_bytes((desk / "trust" / name).read_bytes())
    (desk / "node" / "current").write_text("12")
    code, said = run(desk, "release", "@release", "--trust", "@node", capsys=capsys)
    assert (code, "directory.json SHA-256" in said) == (0, True), said
    (desk / "node" / "current").write_text("../..")
    assert run(desk, "release", "@release", "--trust", "@node", capsys=capsys)[0] == 2


def test_keys_on_the_command_line_do_as_well(
    desk: Path, network: PaperNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    witnesses = [word for node in network.nodes[1:] for word in ("--witness", str(witness_of(node).vkey))]
    keys = ("--log-key", str(network.log.vkey), *witnesses)
    code, said = run(desk, "receipt", "@a.tlog-proof", *keys, capsys=capsys)
    assert code == 0, said
    code, said = run(desk, "receipt", "@a.tlog-proof", *keys, "--quorum", "4", capsys=capsys)
    assert (code, "quorum_missing" in said) == (3, True)


@pytest.mark.parametrize(
    ("command", "expected", "word"),
    [
        (("receipt", "@trust/hub.json", "--trust", "@trust"), 3, "bad_log_document"),
        (("receipt", "@none", "--trust", "@trust"), 2, "none"),
        (("receipt", "@a.tlog-proof"), 2, "--trust"),
        (("receipt", "@a.tlog-proof", "--trust", "@none"), 2, "none"),
        (("receipt", "@a.tlog-proof", "--trust", "@a.tlog-proof"), 2, "→"),
        (("receipt", "--trust", "@trust"), 2, "FILE"),
        (("log", "--mirror", "@trust", "--trust", "@trust"), 2, "checkpoint"),
        (("explain", "@release", "NO_SUCH", "2026-Q2", "NW05", "--trust", "@trust"), 2, "→"),
        (("explain", "@release", "CASES_OPEN", "2020-Q2", "NW05", "--trust", "@trust"), 3, "not_found"),
        (("explain", "@release", "CASES_OPEN", "2026-Q2", "NW99", "--trust", "@trust"), 2, "unknown_area"),
        (("nonsense",), 2, "explain"),
    ],
)
def test_exit_codes_tell_a_wrong_proof_from_a_wrong_command(
    desk: Path, command: tuple[str, ...], expected: int, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = run(desk, *command, capsys=capsys)
    assert (code, word in said) == (expected, True), said


def test_a_file_of_the_release_that_was_altered_is_noticed(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "release" / "CASES.csv").write_bytes(figures_csv().replace(b"46.0", b"47.0"))
    for command in (("release", "@release"), ("explain", "@release", "CASES_OPEN", "2026-Q2", "NW051")):
        code, said = run(desk, *command, "--trust", "@trust", capsys=capsys)
        # What helps is not what helps a node.
        assert (code, "digest_mismatch" in said, "kim-node" in said) == (3, True, False), said


def test_a_figure_that_was_altered_together_with_the_list_of_files_is_noticed(
    desk: Path, network: PaperNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever has the hub's disk can write any list beside any figures: only the log cannot be rewritten."""
    write_files(desk / "release", network, figures_csv().replace(b"46.0", b"47.0"))
    for command in (("release", "@release"), ("explain", "@release", "CASES_OPEN", "2026-Q2", "NW051")):
        code, said = run(desk, *command, "--trust", "@trust", capsys=capsys)
        assert (code, "evidence_invalid" in said, "SHA256SUMS" in said) == (3, True, True), said
    # A file that the list does not name has no place in the log either.
    write_files(desk / "release", network)
    (desk / "release" / "OTHER.csv").write_bytes(figures_csv().replace(b"46.0", b"47.0"))
    explaining = ("explain", "@release", "CASES_OPEN", "2026-Q2", "NW051", "--figures", "@release/OTHER.csv")
    code, said = run(desk, *explaining, "--trust", "@trust", capsys=capsys)
    assert (code, "OTHER.csv" in said) == (3, True), said


@pytest.mark.parametrize("lacks", ["list", "entry"])
def test_what_is_said_of_files_is_only_what_was_checked(
    lacks: str, desk: Path, network: PaperNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    if lacks == "list":
        (desk / "release" / "SHA256SUMS").unlink()
    else:
        (desk / "release" / "evidence.json").write_bytes(network.publish().to_bytes())
    for command in (("release", "@release"), ("explain", "@release", "CASES_OPEN", "2026-Q2", "NW051")):
        arguments = (*command, "--trust", "@trust", "--lang", "en")
        code, said = run(desk, *arguments, capsys=capsys)
        assert (code, "Not checked: whether the files" in said) == (0, True), said
        assert "have the digests" not in said
        document = json.loads(run(desk, *arguments, "--json", capsys=capsys)[1])[0]
        assert document["facts"]["files_logged"] is False
    code, said = run(desk, "release", "@release/evidence.json", "--trust", "@trust", capsys=capsys)
    assert (code, "files_logged" in said) == (0, False)


def test_files_of_another_release_are_noticed(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release = desk / "release"
    (release / "SHA256SUMS").unlink()
    manifest = json.loads((release / "manifest.json").read_text())
    manifest["tables"][0]["sha256"] = "0" * 64
    (release / "manifest.json").write_text(json.dumps(manifest))
    code, said = run(desk, "release", "@release", "--trust", "@trust", capsys=capsys)
    assert (code, "evidence_invalid" in said) == (3, True), said


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        (b"no json", "file_unreadable"),
        (b"[]", "evidence_invalid"),
        (b'{"release":1}', "evidence_invalid"),
        (b'{"release":1,"tables":5}', "evidence_invalid"),
        (b'{"release":1,"tables":[5]}', "evidence_invalid"),
        (b'{"release":1,"tables":[{"dataflow":["CASES"],"period":{},"sha256":null}]}', "evidence_invalid"),
        (None, "evidence_invalid"),
    ],
    ids=range(7),
)
def test_a_manifest_that_is_not_the_releases_is_noticed(
    desk: Path, manifest: bytes | None, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever stands in it: a file of somebody else ends no program."""
    file = desk / "release" / "manifest.json"
    if manifest is None:  # one table too many
        document = json.loads(file.read_bytes())
        document["tables"].append({**document["tables"][0], "period": "2026-Q1"})
        manifest = json.dumps(document).encode()
    file.write_bytes(manifest)
    (desk / "release" / "SHA256SUMS").unlink()
    code, said = run(desk, "release", "@release", "--trust", "@trust", capsys=capsys)
    assert (code, problem in said) == (3, True), said
    file.unlink()
    assert run(desk, "release", "@release", "--trust", "@trust", capsys=capsys)[0] == 0


def test_a_large_manifest_is_read(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Longer than a signed document may be: a release has many tables."""
    file = desk / "release" / "manifest.json"
    file.write_bytes(file.read_bytes() + b" " * 70_000)
    (desk / "release" / "SHA256SUMS").unlink()
    assert run(desk, "release", "@release", "--trust", "@trust", capsys=capsys)[0] == 0
    file.write_bytes(file.read_bytes() + b" " * (16 << 20))
    assert run(desk, "release", "@release", "--trust", "@trust", capsys=capsys)[0] == 3


def test_what_is_said_of_the_files_is_what_was_checked(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = ("explain", "@release", "CASES_OPEN", "2026-Q2", "NW051")
    logged = "The list of files is the one that the log names."
    for words, checked in (
        (("release", "@release"), "2 files of the folder have the digests of this list."),
        (figures, "CASES.csv has the digest of this list."),
    ):
        said = run(desk, *words, "--trust", "@trust", "--lang", "en", capsys=capsys)[1]
        assert (logged in said, checked in said, "Not checked: whether the files" in said) == (
            True,
            True,
            False,
        )
        document = json.loads(run(desk, *words, "--trust", "@trust", "--json", capsys=capsys)[1])[0]
        assert document["facts"]["files_logged"] is True
    (desk / "release" / "SHA256SUMS").unlink()
    for words in (("release", "@release"), figures):
        said = run(desk, *words, "--trust", "@trust", "--lang", "en", capsys=capsys)[1]
        assert ("of this list" in said, "whether the files" in said) == (False, True)
        document = json.loads(run(desk, *words, "--trust", "@trust", "--json", capsys=capsys)[1])[0]
        assert document["facts"]["files_logged"] is False


# ------------------------------------------------------------------------------------- what they say


def said_by(desk: Path, *words: str, capsys: pytest.CaptureFixture[str]) -> str:
    code, said = run(desk, *words, "--trust", "@trust", capsys=capsys)
    assert code == 0, said
    return said.replace(f"{desk}/", "")


def test_what_is_said_for_people_is_said_in_their_language(
    desk: Path, network: PaperNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = hashlib.sha256((desk / "trust" / "hub.json").read_bytes()).hexdigest()
    german = said_by(desk, "receipt", "@a.tlog-proof", "--lang", "de", capsys=capsys).splitlines()
    assert german[0] == f"Geglaubt wird dem Protokoll: {network.log.vkey}"
    assert german[1] == f"  hub.json SHA-256 {digest}"
    assert german[3:5] == ["", "a.tlog-proof"]
    assert german[5].startswith("  ✓ Das Protokoll ")
    english = said_by(desk, "receipt", "@a.tlog-proof", "--lang=en", capsys=capsys).splitlines()
    assert english[0] == f"Believed is the log: {network.log.vkey}"
    assert english[5].startswith("  ✓ The log ")


def test_an_explanation_names_figure_areas_and_deliveries(
    desk: Path, network: PaperNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("explain", "@release", "CASES_OPEN", "2026-Q2", "NW051")
    said = said_by(desk, *words, "--lang", "en", capsys=capsys).splitlines()
    start = said.index("CASES_OPEN 2026-Q2 NW051")
    assert said[start + 1] == (
        "  Open cases at reference date, Government region Düsseldorf, 2026-Q2: between 46 and 52"
    )
    assert not any("no delivery" in line for line in said)
    identity = next(iter(network.delivered))
    assert said[start + 2].startswith(f"    {AREAS[0]} ")
    assert said[start + 2].endswith(" 2026-Q2: 10")
    assert said[start + 3] == (
        f"      delivery {identity[:16]}… revision 1, accepted 2026-10-09 08:00 UTC, log 1, "
        f"{network.nodes[0].id}"
    )
    said = said_by(desk, *words, "SEX=F", "--lang", "de", capsys=capsys).splitlines()
    start = said.index("CASES_OPEN 2026-Q2 NW051 SEX=F")
    assert said[start + 1] == (
        "  Laufende Fälle am Stichtag, Regierungsbezirk Düsseldorf, 2026-Q2: mindestens 20"
    )
    assert "angenommen 09.10.2026 08:00 UTC" in said[start + 3]
    # With the evidence alone there are no figures, and a county without deliveries has none behind it.
    said = said_by(
        desk, "explain", "@release/evidence.json", *words[2:4], "NW05314", "--lang", "en", capsys=capsys
    )
    start = said.splitlines().index("CASES_OPEN 2026-Q2 NW05314")
    assert said.splitlines()[start + 1] == "  Open cases at reference date, Bonn, 2026-Q2"
    assert "    no delivery in the evidence" in said.splitlines()
    said = said_by(desk, "explain", "@release/evidence.json", *words[2:], "--lang", "en", capsys=capsys)
    (area,) = [line for line in said.splitlines() if line.startswith(f"    {AREAS[0]} ")]
    assert area.endswith(" 2026-Q2")


def test_figures_are_read_from_the_file_that_is_named(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "mine.csv").write_bytes(figures_csv().replace(b"46.0,52.0", b"46.5,52.0"))
    words = ("explain", "@release/evidence.json", "CASES_OPEN", "2026-Q2", "NW051", "--figures", "@mine.csv")
    assert "between 46.5 and 52" in said_by(desk, *words, "--lang", "en", capsys=capsys)
    code, said = run(desk, *words[:-1], "@none.csv", "--trust", "@trust", capsys=capsys)
    assert (code, "none.csv" in said) == (2, True)


def test_parts_are_named_in_the_language_asked_for(
    desk: Path, network: PaperNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    """A withheld figure, and what a joint authority delivered."""
    figures = figures_csv().replace(b"10.0,10.0,10.0,A,F", b",,,Q,C")
    (desk / "mine.csv").write_bytes(figures.replace(b",NW051,", b",NW05,"))
    joint = PaperNode("NW05334")
    made = PaperNetwork(nodes=(*network.nodes, joint), log=network.log, delivered=network.delivered)
    made.deliver(joint)
    (desk / "evidence.json").write_bytes(made.publish().to_bytes())
    made.write_trust(desk / "trust")
    words = ("explain", "@evidence.json", "CASES_OPEN", "2026-Q2", "NW05", "--figures", "@mine.csv", "--lang")
    for language, withheld, name in (
        ("de", "geheim zu halten", "Städteregion Aachen (einschl. Stadt Aachen)"),
        ("en", "withheld", "City region of Aachen (incl. City of Aachen)"),
    ):
        lines = said_by(desk, *words, language, capsys=capsys).splitlines()
        assert f"    {AREAS[0]} Düsseldorf 2026-Q2: {withheld}" in lines
        assert f"    NW05334 {name} 2026-Q2" in lines


def test_what_is_said_for_programs_has_its_members(
    desk: Path, network: PaperNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = run(desk, "receipt", "@a.tlog-proof", "--trust", "@trust", "--json", capsys=capsys)
    (document,) = documents = json.loads(said)
    assert (code, said) == (0, json.dumps(documents, ensure_ascii=False, indent=1) + "\n")
    assert document["subject"] == f"{desk}/a.tlog-proof"
    assert (document["verified"], document["problem"], document["remarks"]) == (True, None, [])
    assert document["checks"][0]["de"].startswith("Das Protokoll ")
    assert document["checks"][0]["en"].startswith("The log ")
    assert document["facts"]["kind"] == "received"
    digests = {
        name: hashlib.sha256((desk / "trust" / name).read_bytes()).hexdigest()
        for name in ("hub.json", "directory.json")
    }
    assert document["believed"] == {"log": str(network.log.vkey), "documents": digests}
    code, said = run(desk, "log", "--mirror", "@log", "--trust", "@trust", "--json", capsys=capsys)
    assert (code, json.loads(said)[0]["subject"], "ü" in said) == (0, f"{desk}/log", True)

    code, said = run(desk, "release", "@release", "--trust", "@trust", "--json", capsys=capsys)
    (document,) = json.loads(said)
    assert (code, document["subject"]) == (0, f"{desk}/release")
    assert document["facts"]["files_logged"] is True
    # The evidence alone says nothing of files.
    words = ("release", "@release/evidence.json", "--trust", "@trust", "--json")
    assert "files_logged" not in json.loads(run(desk, *words, capsys=capsys)[1])[0]["facts"]
    assert {"de", "en"} == set(document["remarks"][0])

    code, said = run(desk, "receipt", "@trust/hub.json", "--trust", "@trust", "--json", capsys=capsys)
    (document,) = json.loads(said)
    assert (code, document["verified"]) == (3, False)
    assert set(document["problem"]) == {"code", "detail", "detail_en", "pointer"}
    assert document["problem"]["code"] == "bad_log_document"
    assert document["problem"]["detail"] != document["problem"]["detail_en"]


def test_what_does_not_hold_is_said_with_its_place_and_what_helps(
    desk: Path, network: PaperNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    envelope = json.loads(next(iter(network.delivered.values()))[0].to_bytes())
    (desk / "bad.dsse.json").write_text(json.dumps({**envelope, "payload": "!"}))
    words = ("receipt", "@a.tlog-proof", "--trust", "@trust")
    for language, end in (("de", "NICHT BESTÄTIGT"), ("en", "NOT VERIFIED")):
        said = run(desk, *words, "--statement", "@bad.dsse.json", "--lang", language, capsys=capsys)[1]
        wrong, remedy, last = said.splitlines()[-3:]
        assert wrong.startswith("  ✗ Kein Base64 " if language == "de" else "  ✗ No base64 ")
        assert wrong.endswith(" (/payload) [bad_envelope]")
        helps = PROBLEMS["bad_envelope"].remedy
        assert (remedy, last) == (f"    → {helps.de if language == 'de' else helps.en}", end)
        said = run(desk, "receipt", "@trust/hub.json", *words[2:], "--lang", language, capsys=capsys)[1]
        assert said.splitlines()[-3].endswith(". [bad_log_document]")
        noted = {"de": "  Zu beachten: ", "en": "  Note: "}[language]
        said = run(desk, *words, "--quorum", "0", "--lang", language, capsys=capsys)[1]
        assert said.splitlines()[-2].startswith(noted)


def test_what_cannot_begin_is_said_in_the_language_asked_for(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for language, words in (("de", "nicht lesbar"), ("en", "cannot be read")):
        code, said = run(desk, "receipt", "@none", "--trust", "@trust", "--lang", language, capsys=capsys)
        assert (code, words in said) == (2, True), said
        remedy = PROBLEMS["file_missing"].remedy
        assert said.endswith(f"\n  → {remedy.de if language == 'de' else remedy.en}\n")


def test_the_language_of_the_environment_is_spoken_if_none_is_asked_for(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for language, last in (("en", "VERIFIED"), ("de", "GEPRÜFT"), ("EN", "GEPRÜFT")):
        monkeypatch.setenv("KIM_LANG", language)
        said = said_by(desk, "receipt", "@a.tlog-proof", capsys=capsys)
        assert said.rstrip().splitlines()[-1] == last
    monkeypatch.delenv("KIM_LANG")
    assert run(desk, "receipt", "--trust", "x", capsys=capsys)[1].endswith("Fehler: Es fehlt: FILE\n")
    assert "GEPRÜFT" in said_by(desk, "receipt", "@a.tlog-proof", capsys=capsys)


def test_the_command_line_of_the_process_is_read(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "kim-verify",
        "receipt",
        str(desk / "a.tlog-proof"),
        "--trust",
        str(desk / "trust"),
        "--lang",
        "en",
    ]
    monkeypatch.setattr(sys, "argv", words)
    assert main() == 0
    assert capsys.readouterr().out.endswith("\nVERIFIED\n")


# ---------------------------------------------------------------------------------------- what they take


def test_a_receipt_is_held_against_the_delivery_and_its_table(
    desk: Path, network: PaperNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    (first, _, _), (second, _, _), *_ = network.delivered.values()
    (desk / "first.dsse.json").write_bytes(first.to_bytes())
    (desk / "second.dsse.json").write_bytes(second.to_bytes())
    (desk / "table.bin").write_bytes(b"another table")
    words = ("receipt", "@a.tlog-proof", "--trust", "@trust")
    assert run(desk, *words, "--statement", "@first.dsse.json", capsys=capsys)[0] == 0
    for more, problem in (
        (("--statement", "@second.dsse.json"), "proof_invalid"),
        (("--payload", "@table.bin"), "digest_mismatch"),
        (("--statement", "@first.dsse.json", "--payload", "@table.bin"), "digest_mismatch"),
    ):
        code, said = run(desk, *words, *more, capsys=capsys)
        assert (code, problem in said, "kim-node" in said) == (3, True, False), said
    for more in (("--statement", "@none"), ("--payload", "@none")):
        assert run(desk, *words, *more, capsys=capsys)[0] == 2


def test_a_state_that_somebody_kept_is_held_against_the_copy(
    desk: Path, network: PaperNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    other = PaperNetwork()
    for node in reversed(other.nodes):
        other.deliver(node)
    (desk / "kept").write_bytes(other.log.note(size=2).to_bytes())
    words = ("log", "--mirror", "@log", "--trust", "@trust", "--checkpoint", "@log/checkpoint")
    code, said = run(desk, *words, "--checkpoint", "@kept", capsys=capsys)
    assert (code, "kept:" in said, "log_contradicts" in said) == (3, True, True), said


def test_what_keeps_several_receipts_apart(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("receipt", "@a.tlog-proof", "@a.tlog-proof", "--lang", "en")
    lines = said_by(desk, *words, capsys=capsys).splitlines()
    assert [lines.index("a.tlog-proof"), lines.count("a.tlog-proof"), lines.count("VERIFIED")] == [4, 2, 2]


def test_several_receipts_are_verified_each(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("receipt", "@a.tlog-proof", "@trust/hub.json", "--trust", "@trust", "--json")
    code, said = run(desk, *words, capsys=capsys)
    assert (code, [item["verified"] for item in json.loads(said)]) == (3, [True, False])


def test_the_quorum_of_the_command_line_is_what_is_asked_for(
    desk: Path, network: PaperNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("receipt", "@a.tlog-proof", "--trust", "@trust", "--quorum")
    for quorum, code in (("0", 0), ("3", 0), ("4", 3), ("100", 3), ("101", 2), ("-1", 2), ("x", 2)):
        assert run(desk, *words, quorum, capsys=capsys)[0] == code, quorum


def test_a_number_on_the_command_line_waives_no_witness_from_outside(
    desk: Path, network: PaperNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    """P-117."""
    name, key = "institute.example/witness", key_of("an institute", KeyPurpose.WITNESS)
    vkey = VerifierKey(name, PublicKey(key.public.raw), SignatureType.COSIGNATURE)
    named = dataclasses.replace(network.hub_keys, outside_witnesses=(OutsideWitness(str(vkey)),))
    (desk / "trust" / "hub.json").write_bytes(named.to_bytes())
    receipt = parse_receipt((desk / "a.tlog-proof").read_bytes())
    words = ("receipt", "@a.tlog-proof", "--trust", "@trust", "--lang", "en", "--quorum")
    for quorum in ("0", "2"):
        code, said = run(desk, *words, quorum, capsys=capsys)
        assert (code, f"{quorum} other nodes and 1 outside witness." in said) == (3, True), said
    line = cosign(receipt.note, name=name, key=key, at=int(START.timestamp()))
    confirmed = dataclasses.replace(receipt, note=receipt.note.with_signatures([line]))
    (desk / "a.tlog-proof").write_bytes(confirmed.to_bytes())
    for quorum, expected in (("0", 0), ("2", 0), ("4", 3)):
        code, said = run(desk, *words, quorum, capsys=capsys)
        assert (code, f"({quorum} nodes and 1 from outside required)." in said) == (expected, not expected), (
            said
        )


def test_a_directory_beside_a_key_on_the_command_line_names_witnesses_and_signers(
    desk: Path, network: PaperNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = ("--log-key", str(network.log.vkey), "--directory", "@trust/directory.json")
    code, said = run(desk, "receipt", "@a.tlog-proof", *keys, "--quorum", "3", "--json", capsys=capsys)
    (document,) = json.loads(said)
    assert (code, len(document["facts"]["witnesses"])) == (0, 3)
    assert run(desk, "release", "@release", *keys, "--quorum", "3", capsys=capsys)[0] == 0
    code, said = run(desk, "release", "@release", *keys[:2], "--quorum", "0", capsys=capsys)
    assert (code, "--directory" in said) == (3, True)


def test_a_directory_of_ones_own_counts_in_place_of_the_one_beside_the_hubs_keys(
    desk: Path, network: PaperNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    fewer = PaperNetwork(nodes=network.nodes[:2])
    (desk / "fewer.json").write_bytes(fewer.directory().to_bytes())
    words = ("receipt", "@a.tlog-proof", "--trust", "@trust")
    assert run(desk, *words, "--directory", "@fewer.json", capsys=capsys)[0] == 3
    (desk / "trust" / "directory.json").unlink()
    assert run(desk, *words, capsys=capsys)[0] == 3
    assert run(desk, *words, "--quorum", "0", capsys=capsys)[0] == 0


def test_it_has_to_be_clear_what_is_believed(
    desk: Path, network: PaperNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    witness: Witness = witness_of(network.nodes[1])
    key = ("--log-key", str(network.log.vkey))
    words = ("receipt", "@a.tlog-proof", "--trust", "@trust", "--at", "2026-10-09")
    for lang, what, remedy in (
        ("de", "--at gilt nur mit --root-fingerprint", "aus dem Anmeldebrief"),
        ("en", "--at goes with --root-fingerprint only", "in the enrolment letter"),
    ):
        code, said = run(desk, *words, "--lang", lang, capsys=capsys)
        assert (code, what in said, remedy in said) == (2, True, True), said
    # With the fingerprint of a root the officers' repository says everything, and nothing beside it does.
    root = ("--root-fingerprint", "00", "--lang", "en")
    for words, is_unclear in (
        (("--trust", "@trust"), False),  # no repository
        ((), True),
        (("--trust", "@trust", *key), True),
        (("--trust", "@trust", "--directory", "@trust/directory.json"), True),
        (("--trust", "@trust", "--witness", str(witness.vkey)), True),
    ):
        code, said = run(desk, "receipt", "@a.tlog-proof", *words, *root, capsys=capsys)
        assert (code, "Unclear what is to be believed" in said) == (2, is_unclear), said
    short = "name+00000000+AQ=="
    for typed, what in (
        (("--log-key", "abc"), "No verifier key in a known form."),
        ((*key, "--witness", "abc"), "No verifier key in a known form."),
        (("--log-key", short), "a few of them are barred"),
    ):
        code, said = run(desk, "receipt", "@a.tlog-proof", *typed, "--lang", "en", capsys=capsys)
        assert (code, "Give --log-key and --witness whole" in said) == (2, True), said
        assert what in said
    (desk / "no.json").write_bytes(b"{}")
    words = ("receipt", "@a.tlog-proof", *key, "--directory", "@no.json", "--lang", "en")
    code, said = run(desk, *words, capsys=capsys)
    assert (code, "--log-key" in said) == (2, False), said
    code, said = run(desk, "trust", "--trust", "@trust", "--lang", "en", capsys=capsys)
    assert (code, "its fingerprint is missing" in said, "in the enrolment letter" in said) == (2, True, True)
    words = ("trust", "--trust", "@trust", "--root-fingerprint", "00", "--at", "tomorrow", "--lang", "de")
    assert "--at: Dieser Wert ist nicht erlaubt." in run(desk, *words, capsys=capsys)[1]
    for words in (("--trust", "@trust", *key), ("--trust", "@trust", "--witness", str(witness.vkey)), ()):
        assert run(desk, "receipt", "@a.tlog-proof", *words, capsys=capsys)[0] == 2


@pytest.mark.parametrize("code", ["SEX", "=F", "SEX=", "=F=G", "NO_SUCH=F"])
def test_a_breakdown_is_a_dimension_and_its_code(
    desk: Path, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("explain", "@release", "CASES_OPEN", "2026-Q2", "NW051")
    ended, said = run(desk, *words, code, "--trust", "@trust", "--lang", "de", capsys=capsys)
    expected, word = (3, "NO_SUCH") if "NO_SUCH" in code else (2, "DIM=CODE")
    assert (ended, word in said) == (expected, True), said


def test_a_code_may_hold_an_equals_sign_and_codes_are_named_one_after_the_other(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, trust = ("explain", "@release", "CASES_OPEN", "2026-Q2", "NW051"), ("--trust", "@trust")
    code, said = run(desk, *words, "SEX=F=G", *trust, capsys=capsys)
    assert (code, "not_found" in said, "NW051 SEX=F=G\n" in said) == (3, True, True), said
    code, said = run(desk, *words, "SEX=F", "NO_SUCH=1", *trust, capsys=capsys)
    assert (code, "bad_request" in said, "NW051 SEX=F NO_SUCH=1\n" in said) == (3, True, True), said


@pytest.mark.parametrize(
    ("words", "german", "english"),
    [
        (("receipt", "--trust", "x"), "Es fehlt: FILE", "the following arguments are required: FILE"),
        (("log", "--trust", "x"), "Es fehlt: --mirror", "the following arguments are required: --mirror"),
        (
            ("receipt", "a", "--nonsense"),
            "Unbekannte Angaben: --nonsense",
            "unrecognized arguments: --nonsense",
        ),
        (
            ("receipt", "a", "--trust"),
            "--trust: Es fehlt der Wert.",
            "argument --trust: expected one argument",
        ),
        (
            ("receipt", "a", "--lang", "nds"),
            "--lang: erlaubt ist 'de', 'en'",
            "argument --lang: invalid choice: 'nds' (choose from 'de', 'en')",
        ),
        (("receipt", "a", "--lang"), "--lang: Es fehlt der Wert.", "argument --lang: expected one argument"),
        (("receipt", "a", "--quo", "3"), "Unbekannte Angaben: --quo 3", "unrecognized arguments: --quo 3"),
        (
            ("receipt", "a", "--quorum", "x"),
            "--quorum: Dieser Wert ist nicht erlaubt.",
            "argument --quorum: invalid _count value: 'x'",
        ),
        ((), "Es fehlt: BEFEHL", "the following arguments are required: COMMAND"),
    ],
)
def test_errors_of_use_are_said_in_the_language_asked_for(
    desk: Path, words: tuple[str, ...], german: str, english: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for language, expected, call in (
        ("de", f"Fehler: {german}\n", "Aufruf: kim-verify"),
        ("en", f"error: {english}\n", "usage: kim-verify"),
    ):
        code, said = run(desk, f"--lang={language}", *words, capsys=capsys)
        assert code == 2
        assert said.startswith(call)
        assert said.endswith(expected), said


def test_help_is_in_the_language_asked_for_and_shows_an_example(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for language, parts in (
        (
            "de",
            ("Aufruf: kim-verify log", "Optionen", "Diese Hilfe zeigen.", "\n\nBeispiel: kim-verify log "),
        ),
        ("en", ("usage: kim-verify log", "options", "Show this message", "Example: kim-verify log ")),
    ):
        code, said = run(desk, "log", "--lang", language, "--help", capsys=capsys)
        assert (code, [part for part in parts if part not in said]) == (0, [])
        given = {"de": "\nAngaben:\n", "en": "\narguments:\n"}[language]
        assert given in run(desk, "receipt", "--lang", language, "--help", capsys=capsys)[1]
        code, said = run(desk, "--lang", language, "--help", capsys=capsys)
        assert "\nErgebnis: 0 " in said or "\nExit codes: 0 " in said
        assert not {"Beispiel:", "Example:"} & set(said.split())
        assert (
            code,
            [name for name in ("trust", "receipt", "log", "release", "explain") if name not in said],
        ) == (0, [])
    assert run(desk, "receipt", "@a.tlog-proof", "--lang", capsys=capsys)[0] == 2
    for words in (("--lang", "fr"), ("--lang=fr",)):
        assert run(desk, *words, "receipt", "@a.tlog-proof", "--trust", "@trust", capsys=capsys)[0] == 2
        assert run(desk, "receipt", "@a.tlog-proof", "--trust", "@trust", *words, capsys=capsys)[0] == 2


@pytest.mark.parametrize("language", ["de", "en"])
def test_whoever_breaks_it_off_reads_so(
    desk: Path, language: Language, capsys: pytest.CaptureFixture[str]
) -> None:
    never = desk / "never"
    os.mkfifo(never)

    def break_off() -> None:
        with never.open("wb") as file:
            file.write(b"{")
            file.flush()
            assert_soon(lambda: not _unread(file.fileno()), "the file is being read")
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    breaking = threading.Thread(target=break_off)
    breaking.start()
    try:
        words = ("receipt", "@a.tlog-proof", "--trust", "@never", "--lang", language)
        code, said = run(desk, *words, capsys=capsys)
    finally:
        signal.signal(signal.SIGINT, before)
        breaking.join()
    assert (code, said) == (130, f"\n{ABORTED.in_(language)}\n")


def _unread(pipe: int) -> int:
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)
