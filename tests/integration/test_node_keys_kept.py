"""A hub in other hands says that new keys are in force, or are refused: what their node still has then.

A node under officers, a real hub, and somebody on the line who answers in the hub's place.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from node.cli.frame.session import open_session
from node.cli.identity.renewing import has_entered
from node.cli.terminal.console import Console
from node.enrolment import Renewal, following, renew
from node.keystore import load_key
from node.trust import TrustStore
from protocol.dsse import parse_envelope, statement_id
from protocol.enrolment import PAYLOAD_TYPE_ENROL, PAYLOAD_TYPE_ROTATION, NodeKeys, write_token
from protocol.errors import KimError
from protocol.keys import KeyPurpose, new_token
from protocol.trust import AddKey, NodeEntry
from protocol.trust.fingerprints import root_fingerprint
from tests.factories.node_home import NodeHome, node_home
from tests.factories.officers import NAMES, Office, key_entry, office, root_of
from tests.factories.running_hub import lasting_sandbox, running_hub
from tests.fakes.served import served
from tests.unit.node.exports import AREA

AUDIENCE = "kim-nrw/local"
ASKED = {"/v1/enrolments": PAYLOAD_TYPE_ENROL, "/v1/rotations": PAYLOAD_TYPE_ROTATION}


@dataclass
class Hands:
    """Lets everything pass; whoever asks about keys is told `said`."""

    app: Callable[..., Iterable[bytes]]
    said: str = "pending"

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] not in ASKED:
            return self.app(environ, start_response)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        answer = {
            "id": statement_id(parse_envelope(body, payload_type=ASKED[environ["PATH_INFO"]])),
            "state": self.said,
        }
        start_response("200 OK", [("Content-Type", "application/json"), ("Kim-Hub", AUDIENCE)])
        return [json.dumps(answer).encode()]


@dataclass
class Scene:
    """A node in the officers' directory, and a hub in other hands."""

    office: Office
    home: NodeHome
    hands: Hands
    letter: Path

    @property
    def keys(self) -> NodeKeys:
        """What the node signs and witnesses with."""
        settings = self.home.settings
        witness = load_key(settings.witness_key, purpose=KeyPurpose.WITNESS)
        return NodeKeys(load_key(settings.key).public, witness.public)

    @property
    def new(self) -> NodeKeys:
        """What it has made to follow."""
        keys = following(self.home.settings)
        assert keys is not None
        return keys

    def ask(self) -> tuple[int, dict[str, Any]]:
        return self.home.json("enrol", "--new-keys", "--token-file", str(self.letter))

    def enter(self, keys: NodeKeys) -> None:
        """Let two officers sign these keys."""
        node = self.home.settings.node
        self.office.decide(
            *(
                AddKey(node, replace(key_entry(key.purpose), public_key=key))
                for key in (keys.sign, keys.witness)
            )
        )

    def renew(self) -> Renewal:
        session = open_session(Console(), command="submit", config=self.home.config, language=None)
        with session.hub() as client:
            return renew(
                session.settings,
                client,
                days_left=30,
                entered=lambda keys: has_entered(session, client, keys),
                clock=session.clock,
            )

    def in_process(self, *arguments: str, failpoint: str) -> int:
        """Run a command of the node in a process that dies there; its exit code."""
        command = [sys.executable, "-m", "node.cli", "--config", str(self.home.config), *arguments]
        return subprocess.run(
            command, env=os.environ | {"KIM_FAILPOINT": f"{failpoint}:kill"}, capture_output=True, check=False
        ).returncode


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = office(tmp_path)
    with running_hub(made.settings.home, sandbox=lasting_sandbox()) as running:
        hands = Hands(running.client.application)
        with served(hands) as url:
            home = node_home(tmp_path, hub=url)
            settings = home.settings
            witness = load_key(settings.witness_key, purpose=KeyPurpose.WITNESS).public
            entries = tuple(
                replace(key_entry(key.purpose), public_key=key) for key in (home.public_key, witness)
            )
            made.clock = running.clock
            entry = NodeEntry(node=settings.node, name="Rhein-Sieg-Kreis", areas=(AREA,), keys=entries)
            made.publish(made.signed(made.first(entry), *NAMES[:2]))
            root = made.repository.roots()[0]
            TrustStore(settings.home, audience=AUDIENCE).pin(
                root, fingerprint=root_fingerprint(root_of(root).signed_bytes)
            )
            letter = tmp_path / "letter"
            letter.write_text(write_token(new_token()))
            yield Scene(made, home, hands, letter)


@pytest.mark.parametrize("said", ["active", "approved", "pending", "refused"])
def test_whatever_a_hub_says_of_new_keys_the_old_ones_stay_until_officers_have_signed(
    scene: Scene, said: str
) -> None:
    before = scene.keys
    scene.hands.said = said
    told = scene.ask()[1]
    assert told["state"] == ("approved" if said == "active" else said)
    new = scene.new
    assert scene.keys == before != new
    assert told["public_key"] == new.sign.hex
    scene.enter(new)
    code, told = scene.home.json("enrol")
    assert (code, told["state"]) == (0, "active")
    assert scene.keys == new
    assert following(scene.home.settings) is None


@pytest.mark.parametrize("said", ["active", "approved", "pending", "refused"])
def test_whatever_a_hub_says_of_a_renewal_the_old_keys_stay_until_officers_have_signed(
    scene: Scene, said: str
) -> None:
    before = scene.keys
    scene.hands.said = said
    for _ in range(2):
        assert scene.renew() is (Renewal.REFUSED if said == "refused" else Renewal.WAITS)
    new = scene.new
    assert scene.keys == before != new
    scene.enter(new)
    assert scene.renew() is Renewal.CHANGED
    assert scene.keys == new
    assert not scene.home.settings.rotation.exists()


@pytest.mark.parametrize("place", ["keys.change", "keys.changing", "keys.changed"])
def test_a_change_of_keys_that_is_killed_half_way_loses_none(scene: Scene, place: str) -> None:
    scene.ask()
    before, new = scene.keys, scene.new
    scene.enter(new)
    assert scene.in_process("enrol", failpoint=place) == -signal.SIGKILL
    expected = {
        "keys.change": before,
        "keys.changing": NodeKeys(before.sign, new.witness),
        "keys.changed": new,
    }
    assert scene.keys == expected[place]
    if place != "keys.changed":
        assert scene.new == new
    scene.hands.said = "active"
    assert scene.home.json("enrol")[1]["state"] == "active"
    assert scene.keys == new
    assert not scene.home.settings.enrol_request.exists()


def test_a_renewal_that_was_killed_at_its_end_is_done(scene: Scene) -> None:
    scene.renew()
    new = scene.new
    rotation = scene.home.settings.rotation.read_bytes()
    scene.enter(new)
    assert scene.renew() is Renewal.CHANGED
    scene.home.settings.rotation.write_bytes(rotation)
    scene.hands.said = "refused"
    assert scene.renew() is Renewal.CHANGED
    assert scene.keys == new
    assert not scene.home.settings.rotation.exists()


def test_new_keys_are_made_for_the_letter_and_for_no_other(scene: Scene) -> None:
    """Who took the machine's keys took those beside them, that were to follow by the normal runs."""
    scene.renew()
    taken = scene.new
    asked = scene.ask()[1]["public_key"]
    assert asked != taken.sign.hex
    assert scene.new.witness != taken.witness
    assert not scene.home.settings.rotation.exists()  # it would vouch for them
    assert scene.ask()[1]["public_key"] == asked  # the answer was lost, and the same letter is used again
    scene.letter.write_text(write_token(new_token()))
    assert scene.ask()[1]["public_key"] != asked


def test_whose_passphrase_is_lost_comes_to_new_keys(scene: Scene) -> None:
    scene.home.settings.key.passphrase.unlink()
    with pytest.raises(KimError, match="key_unreadable"):
        load_key(scene.home.settings.key)
    code, told = scene.ask()
    assert (code, told["state"]) == (0, "pending"), told
    new = scene.new
    scene.enter(new)
    assert scene.home.json("enrol")[1]["state"] == "active"
    assert scene.keys == new
