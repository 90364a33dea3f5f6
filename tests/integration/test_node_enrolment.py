"""A real node at a real hub over HTTP: it enrols, delivers, changes its keys unattended, signs again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.domain.enrolment import EnrolmentState
from hub.services.enrolment.deciding import BenchRegistry, Decision, approve, refuse, revoke_keys
from hub.services.enrolment.inviting import Guest, invite
from hub.store.records import Enrolment
from node.cli import main
from node.keystore import load_key, promote_key
from protocol.enrolment import write_token
from protocol.keys import KeyPurpose, PublicKey, new_token
from protocol.problems import PROBLEMS
from tests.factories.enrolment import APPROVER, AUDIENCE, INVITER
from tests.factories.node_home import NodeHome, node_home
from tests.factories.running_hub import RunningHub, lasting_sandbox, running_hub
from tests.fakes.served import served
from tests.unit.node.exports import AREA


@dataclass
class Scene:
    """A ministry, a hub that listens, and a node that was set up and is not known yet."""

    running: RunningHub
    home: NodeHome
    letter: Path

    @property
    def waiting(self) -> list[Enrolment]:
        with self.running.hub.context.database.read() as unit:
            return unit.enrolments.all(EnrolmentState.PENDING)

    def invite(self) -> None:
        guest = Guest((AREA,), "Rhein-Sieg-Kreis", self.home.settings.node)
        invited = invite(self.running.hub.context, [guest], audience=AUDIENCE, by=INVITER)[0]
        self.letter.write_text(f"  {invited.token.lower().replace('-', ' ')}\n")

    def approve(self, fingerprint: str | None = None) -> None:
        decision = Decision(self.waiting[-1].id, fingerprint)
        approve(self.running.hub.context, [decision], by=APPROVER, registry=BenchRegistry())

    def enrol(self) -> str:
        """Enrol with the letter; the fingerprint that is read out on the telephone."""
        self.invite()
        code, told = self.home.json("enrol", "--token-file", str(self.letter))
        assert (code, told["state"]) == (0, "pending"), told
        return str(told["fingerprint"])


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with (
        running_hub(tmp_path / "hub", sandbox=lasting_sandbox()) as running,
        served(running.client.application) as url,
    ):
        yield Scene(running, node_home(tmp_path, hub=url, periods="2026-Q1..2026-Q1"), tmp_path / "letter")


def test_with_the_letter_and_a_telephone_call_a_node_may_deliver(scene: Scene) -> None:
    fingerprint = scene.enrol()
    code, told = scene.home.json("submit")
    assert code == 77, told  # nobody has compared anything yet
    scene.approve(fingerprint)
    assert scene.home.json("enrol")[1]["state"] == "active"
    assert not scene.home.settings.enrol_request.exists()
    code, told = scene.home.json("submit")
    assert (code, {d["state"] for d in told["deliveries"]}) == (0, {"accepted"})


@pytest.mark.parametrize(
    ("language", "next_step", "elsewhere"),
    [
        ("de", "1. Das Ministerium ruft unter der hinterlegten Nummer an", "Mit dem Token aus dem Brief"),
        ("en", "1. The ministry calls on the registered number", "Enrol with the token"),
    ],
)
def test_a_node_set_up_with_its_token_is_told_to_wait_for_the_call(
    scene: Scene, language: str, next_step: str, elsewhere: str
) -> None:
    scene.invite()
    folder = scene.letter.parent / "new node"

    done = _set_up(scene, folder, language)

    assert done.exit_code == 0, done.output
    assert next_step in done.stdout
    assert "  2. " in done.stdout
    # Neither asked to do again what is done, nor shown the way of a test bench.
    for done_already in (elsewhere, "enrol", "kim-hub register"):
        assert done_already not in done.stdout
    (waiting,) = scene.waiting
    # What is read out on the telephone is what the hub was sent.
    assert PublicKey.from_hex(waiting.sign_key).fingerprint() in done.stdout
    assert "".join(scene.letter.read_text().split()) not in "".join(done.output.lower().split())


def test_a_node_set_up_with_a_token_of_nobody_stands_and_is_told_how_to_enrol(scene: Scene) -> None:
    scene.invite()
    folder = scene.letter.parent / "new node"
    token = write_token(new_token())
    scene.letter.write_text(token)

    done = _set_up(scene, folder, "de")

    assert done.exit_code == PROBLEMS["invitation_invalid"].exit_code
    assert "1. Mit dem Token aus dem Brief des Ministeriums anmelden." in done.stdout
    assert f"kim-node --config '{folder / 'node.toml'}' enrol\n" in done.stdout
    assert "invitation_invalid" in done.stderr
    assert token not in done.output
    assert scene.waiting == []


def _set_up(scene: Scene, folder: Path, language: str) -> Result:
    """`kim-node init` with the letter's token, for the node that was invited."""
    node = scene.home.settings
    options = ("--area", AREA, "--hub", node.hub.url, "--source", "export.csv", "--node-id", node.node)
    token = ("--token-file", str(scene.letter))
    return CliRunner().invoke(main, ["--lang", language, "init", str(folder), *options, *token])


def test_a_slip_in_the_token_is_found_at_the_node_and_costs_no_try(scene: Scene) -> None:
    scene.invite()
    token = scene.letter.read_text().strip()
    scene.letter.write_text(("b" if token[0] != "b" else "c") + token[1:])
    code, told = scene.home.json("enrol", "--token-file", str(scene.letter))
    assert (code, told["code"]) == (64, "bad_request")
    assert token not in str(told)
    nowhere = scene.letter.with_name("nowhere")
    refused = scene.home.run("--lang", "en", "enrol", "--token-file", str(nowhere))
    assert (refused.exit_code, f"{nowhere} is not there or cannot be read" in refused.stderr) == (66, True)
    assert "Write the token of the letter into a file" in refused.stderr
    assert scene.waiting == []
    with scene.running.hub.context.database.read() as unit:
        assert [one.wrong_tokens for one in unit.enrolments.invitations()] == [0]


def test_the_token_is_in_no_file_of_the_node(scene: Scene) -> None:
    scene.enrol()
    token = scene.letter.read_text().split()
    written = b"".join(file.read_bytes() for file in scene.home.folder.rglob("*") if file.is_file())
    assert "".join(token).upper().encode() not in written
    assert "-".join(token).upper().encode() not in written


def test_a_request_that_is_refused_is_told_and_may_be_made_again(scene: Scene) -> None:
    scene.enrol()
    refuse(scene.running.hub.context, scene.waiting[-1].id, by=APPROVER)
    code, told = scene.home.json("enrol")
    assert (code, told["state"]) == (77, "refused")
    scene.approve(scene.enrol())
    assert scene.home.json("enrol")[1]["state"] == "active"


def test_after_a_theft_a_node_enrols_again_with_new_keys(scene: Scene) -> None:
    scene.approve(scene.enrol())
    assert scene.home.json("enrol")[1]["state"] == "active"
    settings, context = scene.home.settings, scene.running.hub.context
    stolen = load_key(settings.key).public
    revoke_keys(
        context,
        stolen.keyid,
        by=APPROVER,
        registry=BenchRegistry(),
        compromised_since=scene.running.clock.now(),
    )
    scene.invite()
    # The stolen keys are entered for nobody, ever again.
    assert scene.home.json("enrol", "--token-file", str(scene.letter))[1]["code"] == "already_exists"
    code, told = scene.home.json("enrol", "--new-keys", "--token-file", str(scene.letter))
    assert (code, told["state"]) == (0, "pending"), told
    scene.approve(told["fingerprint"])
    assert scene.home.json("enrol")[1]["state"] == "active"
    assert load_key(settings.key).public.fingerprint() == told["fingerprint"]
    assert load_key(settings.witness_key, purpose=KeyPurpose.WITNESS).public.hex == told["witness_key"]
    assert sorted(path.name for path in settings.key.path.parent.glob("*.pem")) == ["key.pem", "witness.pem"]
    assert scene.home.json("submit")[0] == 0


def test_keys_are_changed_in_time_by_the_normal_runs_and_nobody_has_to_be_there(scene: Scene) -> None:
    scene.approve(scene.enrol())
    assert scene.home.json("submit")[0] == 0
    settings = scene.home.settings
    before = load_key(settings.key).public
    # Sixty-one days before the end nothing happens, ...
    scene.running.clock.advance(days=365 - 61)
    assert "gilt noch" not in scene.home.run("submit").stderr
    assert not settings.rotation.exists()
    # ... two days later the next run asks for new keys and goes on with the old ones.
    scene.running.clock.advance(days=2)
    said = scene.home.run("submit")
    assert said.exit_code == 0
    assert "gilt noch 59 Tage" in said.stderr
    assert "warten auf zwei Unterschriften" in said.stderr
    assert load_key(settings.key).public == before
    assert "gilt noch 59 Tage" in scene.home.run("status").stderr
    scene.approve()
    # A run that was killed half way: one key has followed, the other has not.
    promote_key(settings.witness_key)
    said = scene.home.run("submit")
    assert "sind gewechselt" in said.stderr
    after = load_key(settings.key).public
    assert after != before
    assert not settings.rotation.exists()
    assert sorted(path.name for path in settings.key.path.parent.glob("*.pem")) == ["key.pem", "witness.pem"]
    with scene.running.hub.context.database.read() as unit:
        status = {key.keyid: key.status.value for key in unit.nodes.keys_of(settings.node)}
    witness = load_key(settings.witness_key, purpose=KeyPurpose.WITNESS).public
    assert status[before.keyid] == "retiring"
    assert (status[after.keyid], status[witness.keyid]) == ("active", "active")
    assert "gilt noch" not in scene.home.run("submit").stderr

    # The old key turns out to have been stolen before anything was delivered: all of it is signed again.
    stolen = scene.running.clock.now().replace(year=2026, month=1)
    context = scene.running.hub.context
    revoke_keys(context, before.keyid, by=APPROVER, registry=BenchRegistry(), compromised_since=stolen)
    code, told = scene.home.json("submit")
    assert code == 0, told
    assert {(d["revision"], d["state"]) for d in told["deliveries"]} == {(2, "accepted")}
    with scene.running.hub.context.database.read() as unit:
        states = [unit.submissions.get(record.statement_id) for record in scene.home.records()]
    assert sorted(state.state.value for state in states if state) == ["accepted"] * 3 + ["quarantined"] * 3
