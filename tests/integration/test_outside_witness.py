"""A witness that is no node: set up, entered by officers, needed by each receipt, put back, replaced."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli import main as kim_hub
from hub.services.extracts import extract
from hub.services.merging.publishing import close
from hub.services.transparency.rounds import run_round
from hub.services.trust.exporting import export
from hub.services.trust.preparing import Wishes, next_proposal
from node.cli import main as kim_node
from node.keystore import load_key
from node.trust import TrustStore
from protocol.errors import KimError
from protocol.keys import KeyPurpose, PrivateKey
from protocol.periods import Period
from protocol.problems import PROBLEMS
from protocol.transparency.notes import SignatureType, VerifierKey
from protocol.trust import NodeEntry
from protocol.trust.fingerprints import root_fingerprint
from protocol.verify.cli import main as kim_verify
from tests.factories.node_home import NodeHome, node_home
from tests.factories.officers import NAMES, Office, key_entry, now, office, root_of
from tests.factories.patience import assert_soon
from tests.factories.running_hub import RunningHub, lasting_sandbox, running_hub
from tests.fakes.served import served
from tests.unit.node.exports import AREA

AUDIENCE = "kim-nrw/local"
NAME = "zeuge.aufsicht.example"
OTHERS = ("NW05111", "NW05112")


@dataclass
class Scene:
    """Three nodes under officers, of which two others make a receipt final, and a folder for a witness."""

    office: Office
    running: RunningHub
    homes: tuple[NodeHome, ...]
    url: str
    root: str
    folder: Path

    def witness(self, *arguments: str, folder: Path | None = None) -> tuple[int, dict[str, Any]]:
        done = CliRunner().invoke(kim_node, ["witness", str(folder or self.folder), *arguments, "--json"])
        return done.exit_code, json.loads(done.stdout)

    def set_up(self, folder: Path | None = None, *, root: str | None = None) -> tuple[int, dict[str, Any]]:
        where = ("--name", NAME, "--hub", self.url, "--audience", AUDIENCE)
        return self.witness(*where, "--root-fingerprint", root or self.root, folder=folder)

    def officers_sign(self, **wishes: Any) -> None:
        made = self.office
        change = next_proposal(
            made.settings, made.database, made.repository, wishes=Wishes(**wishes), now=now()
        )
        assert change is not None
        made.publish(made.signed(change, *NAMES[:2]))

    def signed(self) -> None:
        """Let the hub sign what it has logged."""
        run_round(self.running.hub.context)

    def deliver(self) -> None:
        assert self.homes[0].json("submit", "--period", "2026-Q1", "--wait")[0] == 0
        self.signed()

    def nodes_witness(self) -> None:
        for home in self.homes[1:]:
            assert home.json("trust")[0] == 0
            assert home.json("status")[1]["log"]["signs"]

    def final(self) -> int:
        """How many of the first node's receipts are final now."""
        return int(self.homes[0].json("status")[1]["log"]["final"])

    def verified(self, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
        """Verify a receipt offline, from a copy of what the officers have signed."""
        stick = self.folder.parent / "stick"
        shutil.rmtree(stick, ignore_errors=True)
        export(self.office.repository, stick, now=now())
        receipt = next((self.homes[0].settings.witness / "receipts").glob("*.decided.tlog-proof"))
        trust = ("--trust", str(stick), "--root-fingerprint", self.root)
        capsys.readouterr()
        code = kim_verify(["receipt", str(receipt), *trust, "--json"])
        *_, told = json.loads(capsys.readouterr().out)  # the officers' documents, then the receipt
        return code, told


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = office(tmp_path)
    with (
        running_hub(made.settings.home, sandbox=lasting_sandbox()) as running,
        served(running.client.application) as url,
    ):
        homes = []
        for area in (AREA, *OTHERS):
            (tmp_path / area).mkdir()
            homes.append(node_home(tmp_path / area, hub=url, area=area))
        made.clock = running.clock
        made.publish(made.signed(made.first(*map(_entry, homes)), *NAMES[:2]))
        root = made.repository.roots()[0]
        fingerprint = root_fingerprint(root_of(root).signed_bytes)
        for home in homes:
            TrustStore(home.settings.home, audience=AUDIENCE).pin(root, fingerprint=fingerprint)
        scene = Scene(made, running, tuple(homes), url, fingerprint, tmp_path / "zeuge")
        scene.officers_sign(quorum=2, sealed=False)
        yield scene


def _entry(home: NodeHome) -> NodeEntry:
    settings = home.settings
    witness = load_key(settings.witness_key, purpose=KeyPurpose.WITNESS).public
    since = now() - dt.timedelta(days=100)  # the hub's clock stands in another month
    keys = tuple(
        replace(key_entry(key.purpose, since=since), public_key=key) for key in (home.public_key, witness)
    )
    return NodeEntry(node=settings.node, name=f"Kommune {settings.area}", areas=(settings.area,), keys=keys)


def test_no_receipt_is_final_without_the_witness_from_outside(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = scene.set_up()
    assert code == 0, told
    vkey = told["vkey"]
    # Before the officers have entered it, it watches and signs nothing.
    scene.signed()
    code, told = scene.witness()
    assert (code, told["named"], told["signed"], told["problem"]) == (0, False, False, None)
    scene.officers_sign(add_witnesses=(vkey,))

    # It stands still: two other nodes have signed, and that is not enough any more.
    scene.deliver()
    scene.nodes_witness()
    assert scene.final() == 0
    code, told = scene.verified(capsys)
    assert (code, told["problem"]["code"]) == (3, "quorum_missing")

    # It looks: enough.
    code, told = scene.witness()
    assert (code, told["named"], told["signed"], told["alarms"]) == (0, True, True, [])
    assert scene.final() == 6  # two for each of three tables
    code, told = scene.verified(capsys)
    assert code == 0, told
    # The witness alone is not enough either: nodes are asked for, too.
    assert kim_verify_with_quorum(scene, 3) == 3


def test_evidence_that_was_final_waits_for_a_new_witness_and_follows(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was kept for the quorum before is not served for ever."""
    scene.deliver()
    context = scene.running.hub.context
    close(context, [Period(2026, 1)])
    assert_soon(lambda: scene.running.client.get("/extracts/1/evidence.json").status_code == 200, "release 1")
    extract(context)
    scene.signed()
    scene.nodes_witness()
    assert _release(scene, tmp_path, capsys) == (0, None)

    scene.officers_sign(add_witnesses=(scene.set_up()[1]["vkey"],))
    scene.signed()
    scene.nodes_witness()
    for _ in range(2):  # neither what was final before, nor what only nodes have confirmed, is kept
        assert _release(scene, tmp_path, capsys) == (3, "quorum_missing")
    copied = [
        "log",
        "export",
        str(tmp_path / "log"),
        "--home",
        str(scene.office.settings.home),
        "--lang",
        "de",
    ]
    assert (
        "2 Knoten und 1 Zeuge von außen (sonst quorum_missing)" in CliRunner().invoke(kim_hub, copied).output
    )
    assert scene.witness()[1]["signed"]
    assert "quorum_missing" not in CliRunner().invoke(kim_hub, copied).output
    assert _release(scene, tmp_path, capsys) == (0, None)
    assert len(list((context.settings.home / "evidence").iterdir())) == 1


def _release(scene: Scene, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str | None]:
    """Verify the evidence that the hub serves now, with what the officers have signed by now."""
    evidence, stick = folder / "evidence.json", folder / "officers"
    evidence.write_bytes(scene.running.client.get("/extracts/1/evidence.json").data)
    shutil.rmtree(stick, ignore_errors=True)
    export(scene.office.repository, stick, now=now())
    capsys.readouterr()
    trust = ("--trust", str(stick), "--root-fingerprint", scene.root)
    code = kim_verify(["release", str(evidence), *trust, "--json"])
    *_, told = json.loads(capsys.readouterr().out)
    return code, None if told["problem"] is None else told["problem"]["code"]


def kim_verify_with_quorum(scene: Scene, nodes: int) -> int:
    receipt = next((scene.homes[0].settings.witness / "receipts").glob("*.decided.tlog-proof"))
    trust = ("--trust", str(scene.folder.parent / "stick"), "--root-fingerprint", scene.root)
    return kim_verify(["receipt", str(receipt), *trust, "--quorum", str(nodes), "--json"])


def test_a_witness_put_back_from_an_old_copy_goes_on_from_there(scene: Scene, tmp_path: Path) -> None:
    """At an honest hub nothing comes of it: what it had forgotten it reads again, and signs the newest."""
    scene.officers_sign(add_witnesses=(scene.set_up()[1]["vkey"],))
    scene.signed()
    size = scene.witness()[1]["size"]
    shutil.copytree(scene.folder, tmp_path / "copy")
    scene.deliver()
    after = scene.witness()[1]
    assert after["size"] > size
    shutil.rmtree(scene.folder)
    shutil.copytree(tmp_path / "copy", scene.folder)
    code, told = scene.witness()
    assert (code, told["size"], told["new_entries"]) == (0, after["size"], after["size"] - size)
    assert told["signed"]


def test_a_witness_notices_a_hub_that_was_put_back(scene: Scene) -> None:
    """It remembers more than the hub shows: an alarm with its proof, and no signature."""
    scene.officers_sign(add_witnesses=(scene.set_up()[1]["vkey"],))
    scene.signed()
    first = scene.running.client.get("/log/checkpoint").data
    scene.deliver()
    assert scene.witness()[1]["signed"]
    remembered = scene.folder / "log" / "checkpoint"
    size = int(remembered.read_text().splitlines()[1])
    app = scene.running.client.application

    def put_back(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] != "/log/checkpoint":
            return app(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Kim-Hub", AUDIENCE)])
        return [first]

    with served(put_back) as url:
        file = scene.folder / "witness.toml"
        file.write_text(file.read_text().replace(scene.url, url))
        code, told = scene.witness()
    assert (code, told["signed"], told["problem"]) == (
        PROBLEMS["log_contradicts"].exit_code,
        False,
        "log_shrunk",
    )
    (alarm,) = told["alarms"]
    assert (alarm["kind"], (scene.folder / "log" / alarm["file"]).is_file()) == ("shrunk", True)
    assert int(remembered.read_text().splitlines()[1]) == size


def test_a_lost_witness_is_replaced_by_one_with_another_key(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = scene.set_up()[1]["vkey"]
    scene.officers_sign(add_witnesses=(lost,))
    new = scene.set_up(tmp_path / "neu")[1]["vkey"]
    assert new != lost
    scene.officers_sign(add_witnesses=(new,), remove_witnesses=(lost,))
    scene.deliver()
    scene.nodes_witness()
    assert scene.witness()[1]["named"] is False
    assert scene.final() == 0
    assert scene.witness(folder=tmp_path / "neu")[1]["signed"]
    assert scene.final() == 6  # two for each of three tables
    assert scene.verified(capsys)[0] == 0


def test_what_a_witness_is_not_set_up_with(scene: Scene, tmp_path: Path) -> None:
    wrong = " ".join(["0000"] * 8)
    assert scene.set_up(root=wrong)[1]["code"] == "trust_root_mismatch"
    assert scene.witness()[1]["code"] == "config_invalid"  # it does not stand
    assert scene.witness("--name", NAME)[1]["code"] == "config_invalid"
    plain = ("--hub", "http://hub.example", "--audience", AUDIENCE, "--root-fingerprint", scene.root)
    assert scene.witness("--name", NAME, *plain)[1]["code"] == "config_invalid"
    for name in ("a b", 'a"b', "a+b", "a\\b"):
        where = ("--hub", scene.url, "--audience", AUDIENCE, "--root-fingerprint", scene.root)
        folder = tmp_path / "nobody"
        code, told = scene.witness("--name", name, *where, folder=folder)
        assert (code, told["code"], folder.exists()) == (78, "config_invalid", False), name
    assert scene.set_up()[0] == 0
    assert scene.set_up()[1]["code"] == "already_exists"
    (scene.folder / "witness.pem").unlink()
    assert scene.witness()[1]["code"] == "key_missing"  # another key would be another witness


def test_no_witness_takes_the_place_of_another_or_counts_twice(scene: Scene) -> None:
    """What is entered is the witness's own word: the name of a node, or one key under two names."""
    settings = scene.homes[1].settings
    own = load_key(settings.witness_key, purpose=KeyPurpose.WITNESS).public
    other = PrivateKey.generate().public
    kind = SignatureType.COSIGNATURE
    for vkeys in (
        [VerifierKey(settings.node, other, kind)],
        [VerifierKey(NAME, own, kind)],
        [VerifierKey(NAME, other, kind), VerifierKey("zweiter.example", other, kind)],
        [VerifierKey(NAME, other, kind), VerifierKey(NAME, PrivateKey.generate().public, kind)],
    ):
        with pytest.raises(KimError, match="duplicate_key"):
            scene.officers_sign(add_witnesses=tuple(map(str, vkeys)))
    scene.officers_sign(add_witnesses=(str(VerifierKey(NAME, other, kind)),))
