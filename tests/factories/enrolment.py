"""A node that enrols at a running hub: invitation, keys, request, officers' decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import TestResponse

from hub.services.enrolment.deciding import BenchRegistry, Decision, approve
from hub.services.enrolment.inviting import Guest, Invited, invite
from hub.store.records import Enrolment
from protocol.dsse import Envelope
from protocol.enrolment import (
    PAYLOAD_TYPE_ENROL,
    PAYLOAD_TYPE_ROTATION,
    SecretKeys,
    Speaker,
    make_request,
    make_rotation,
    read_token,
)
from protocol.keys import KeyPurpose, PrivateKey
from tests.factories.running_hub import RunningHub
from tests.factories.signing import signed_client

AUDIENCE = "kim-nrw/local"
INSTANCE = "0b3f1c5e-2a4d-4b6f-8c7e-9d0a1b2c3d4e"
NODE, AREA = "node-7f3a9c", "NW05111"
INVITER, APPROVER = "A. Muster", "B. Beispiel"


def new_keys() -> SecretKeys:
    return SecretKeys(PrivateKey.generate(), PrivateKey.generate(purpose=KeyPurpose.WITNESS))


@dataclass
class Office:
    """The ministry's side and the municipality's, at one hub that no officers govern."""

    running: RunningHub
    _nonces: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))

    def invite(self, node: str = NODE, *areas: str) -> Invited:
        guest = Guest(areas or (AREA,), "Düsseldorf", node)
        return invite(self.running.hub.context, [guest], audience=AUDIENCE, by=INVITER)[0]

    def speaker(self, node: str = NODE, *, audience: str = AUDIENCE) -> Speaker:
        nonce = hashlib.sha256(f"nonce {next(self._nonces)}".encode()).digest()
        return Speaker(
            audience=audience, node=node, instance=INSTANCE, created="2026-10-05T10:00:00Z", nonce=nonce
        )

    def request(self, token: str, keys: SecretKeys, node: str = NODE, **speaker: Any) -> Envelope:
        return make_request(self.speaker(node, **speaker), keys, token=read_token(token))

    def rotation(self, new: SecretKeys, old: PrivateKey, node: str = NODE) -> Envelope:
        return make_rotation(self.speaker(node), new, old=old)

    def post(
        self,
        envelope: Envelope | bytes,
        kind: str = PAYLOAD_TYPE_ENROL,
        *,
        signed_by: PrivateKey | None = None,
    ) -> TestResponse:
        data = envelope if isinstance(envelope, bytes) else envelope.to_bytes()
        path = "/v1/enrolments" if kind == PAYLOAD_TYPE_ENROL else "/v1/rotations"
        client = self.running.client
        if signed_by is not None:
            client = signed_client(client.application, signed_by)
        return client.post(path, data=data, headers={"Content-Type": kind})

    def rotate(self, new: SecretKeys, old: PrivateKey, node: str = NODE) -> TestResponse:
        return self.post(self.rotation(new, old, node), PAYLOAD_TYPE_ROTATION, signed_by=old)

    def approve(
        self, enrolment: str, fingerprint: str | None = None, *, by: str = APPROVER
    ) -> list[Enrolment]:
        decision = Decision(enrolment, fingerprint)
        done = approve(self.running.hub.context, [decision], by=by, registry=BenchRegistry())
        return [one for one, _ in done]

    def enrolled(self, node: str = NODE, *areas: str) -> SecretKeys:
        """Invite, enrol and approve; returns the keys in force."""
        keys = new_keys()
        answer = self.post(self.request(self.invite(node, *areas).token, keys, node))
        assert answer.status_code == 201, answer.text
        self.approve(answer.get_json()["id"], keys.sign.public.fingerprint())
        return keys

    def actions(self) -> list[str]:
        """What the audit trail says, the oldest first."""
        with self.running.hub.context.database.read() as unit:
            rows = unit.connection.exec_driver_sql("SELECT action FROM audit_event ORDER BY id")
            return [row[0] for row in rows]
