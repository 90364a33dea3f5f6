"""What officers have signed decides whether a node delivers: `kim-node submit` against a governed hub."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from hub.services.registry.registration import Registration, register
from hub.services.trust.proposing import next_change
from hub.services.trust.repository import TIMESTAMP_LIFE
from node.trust import NodeTrust, TrustStore
from protocol.problems import PROBLEMS
from protocol.trust.fingerprints import root_fingerprint
from tests.factories.node_home import NodeHome, node_home
from tests.factories.officers import NAMES, Office, now, office, root_of
from tests.factories.patience import assert_soon
from tests.factories.running_hub import RunningHub, lasting_sandbox, running_hub
from tests.fakes.served import served
from tests.unit.node.exports import AREA

AUDIENCE = "kim-nrw/local"


@dataclass
class Withholding:
    """Lets everything pass, but for the officers' documents once somebody withholds them."""

    app: Callable[..., Iterable[bytes]]
    withholds: bool = False

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self.withholds and environ["PATH_INFO"].startswith("/trust/"):
            start_response("503 X", [("Content-Type", "text/html")])
            return [b"<html>Service Unavailable</html>"]
        return self.app(environ, start_response)


@dataclass
class Scene:
    """A governed hub, a node in its directory, and somebody on the line between them."""

    office: Office
    running: RunningHub
    home: NodeHome
    line: Withholding

    def submissions(self) -> int:
        with self.running.hub.context.database.read() as unit:
            return len(unit.submissions.heads(self.home.settings.node))

    def decide(self, **policy: object) -> None:
        """Officers change the policy."""
        base = self.office.repository.documents()
        change = next_change(
            self.office.repository,
            documents=replace(base, policy=replace(base.policy, **policy)),
            now=now(),
        )
        self.office.publish(self.office.signed(change, *NAMES[:2]))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = office(tmp_path)
    with running_hub(made.settings.home, sandbox=lasting_sandbox()) as running:
        line = Withholding(running.client.application)
        with served(line) as url:
            home = node_home(tmp_path, hub=url)
            home.change("# attempts = 6", "attempts = 1")
            entry = Registration(home.settings.node, (AREA,), home.public_key.hex, "Rhein-Sieg-Kreis")
            register(running.hub.context, [entry])
            made.clock = running.clock
            made.publish(made.signed(made.first(sealed=False), *NAMES[:2]))
            store = TrustStore(home.settings.home, audience=AUDIENCE)
            root = made.repository.roots()[0]
            store.pin(root, fingerprint=root_fingerprint(root_of(root).signed_bytes))
            yield Scene(made, running, home, line)


def test_a_node_in_the_directory_delivers(scene: Scene) -> None:
    code, document = scene.home.json("submit", "--period", "2026-Q1")
    assert code == 0, [d["problem"] for d in document["deliveries"]]
    code, told = scene.home.json("trust", "--offline")
    assert (code, told["registered"], told["versions"]["targets"]) == (0, True, 1)


def read_pointer(scene: Scene, *, seconds: int) -> NodeTrust | None:
    """Sign a pointer that ends so soon, and have the node read it; None if it came too late for that."""
    ends = now() + dt.timedelta(seconds=seconds)
    scene.office.repository.renew_timestamp(now=ends - TIMESTAMP_LIFE)
    code, _ = scene.home.json("trust")
    known = TrustStore(scene.home.settings.home, audience=AUDIENCE).load()
    if code != 0 or known is None:
        return None
    assert known.fresh_until == ends
    return known


def test_nothing_is_sent_while_the_officers_documents_are_withheld(scene: Scene) -> None:
    # A pointer that ends in a moment: what a day is in the field. Read again where it took longer than that.
    known = assert_soon(lambda: read_pointer(scene, seconds=4), "a pointer that still holds")
    scene.line.withholds = True
    assert_soon(lambda: now() > known.fresh_until, "the pointer ends")

    code, document = scene.home.json("submit", "--period", "2026-Q1")
    assert code == PROBLEMS["trust_expired"].exit_code
    assert {d["problem"]["code"] for d in document["deliveries"]} == {"trust_expired"}
    assert {d["state"] for d in document["deliveries"]} == {"spooled"}
    assert scene.submissions() == 0

    scene.line.withholds = False
    scene.office.repository.renew_timestamp(now=now())
    code, later = scene.home.json("submit", "--period", "2026-Q1")
    assert code == 0, later
    assert [d["id"] for d in later["deliveries"]] == [d["id"] for d in document["deliveries"]]


def test_a_pointer_that_has_ended_stops_a_delivery(scene: Scene) -> None:
    scene.office.repository.renew_timestamp(now=now() - dt.timedelta(hours=25))
    code, document = scene.home.json("submit", "--period", "2026-Q1")
    assert (code, document["code"]) == (PROBLEMS["trust_expired"].exit_code, "trust_expired")
    assert scene.home.records() == ()


def test_an_old_program_signs_nothing(scene: Scene) -> None:
    scene.decide(oldest_client="9.0.0")
    code, document = scene.home.json("submit", "--period", "2026-Q1")
    assert (code, document["code"]) == (PROBLEMS["unsupported_version"].exit_code, "unsupported_version")
    assert "9.0.0" in document["detail"]
    assert scene.home.records() == ()


def test_deliveries_must_be_sealed_where_the_officers_say_so(scene: Scene) -> None:
    scene.decide(sealed=True)
    base = scene.office.repository.documents()
    change = next_change(
        scene.office.repository,
        documents=replace(base, hub_keys=replace(base.hub_keys, sealing_keys=())),
        now=now(),
    )
    scene.office.publish(scene.office.signed(change, *NAMES[:2]))
    code, document = scene.home.json("submit", "--period", "2026-Q1")
    assert document["code"] == "sealing_key_missing"
    assert code == PROBLEMS["sealing_key_missing"].exit_code
    assert scene.home.records() == ()
