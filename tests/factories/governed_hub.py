"""A running hub under three officers who want deliveries sealed, and what they sign about its nodes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from securesystemslib.signer import Signer

from hub.services.enrolment.deciding import Decision, approve, revoke_keys
from hub.services.trust.officers import Officer
from hub.services.trust.preparing import Wishes, next_proposal
from hub.services.trust.repository import published_directory
from hub.services.trust.staging import OfficersRegistry
from protocol.enrolment import SecretKeys
from protocol.keys import PrivateKey
from tests.factories import enrolment, officers
from tests.factories.running_hub import Parcel, RunningHub, Sender

People = Mapping[str, tuple[Officer, Signer]]


def govern(running: RunningHub) -> People:
    """Put a hub and the nodes it has under officers, and give it a key to seal with."""
    context = running.hub.context
    context.sealing.add(at=context.clock.now())
    office = officers.Office(context.settings, context.database, clock=context.clock)
    for name in officers.NAMES:
        office.hire(name)
    office.publish(office.signed(office.first(sealed=True), *officers.NAMES[:2]))
    return office.people


@dataclass
class GovernedHub:
    """A governed hub that runs: `people` are the officers, as :func:`govern` gave them."""

    running: RunningHub
    people: People

    def sealed(self, sender: Sender, parcel: Parcel) -> Parcel:
        """The parcel as it travels to this hub."""
        (key, *_) = self.running.hub.context.sealing.all()
        return sender.sealed(parcel, key.public_key)

    def rotate(self, node: str, old: PrivateKey, *, number: int = 1) -> SecretKeys:
        """Let a node ask for new keys, vouched for by its old one, and two officers sign them.

        Args:
            node: its id.
            old: the key that signs for it now.
            number: of the first nonce; no two rotations use the same.
        """
        bench, new = enrolment.Office(self.running), enrolment.new_keys()
        bench._nonces = iter(range(number, number + 10))
        answer = bench.rotate(new, old, node)
        assert answer.status_code == 201, answer.text
        decisions = [Decision(answer.get_json()["id"])]
        approve(self.running.hub.context, decisions, by=enrolment.APPROVER, registry=self._registry)
        self.publish()
        return new

    def decide_revocation(self, keyid: str, *, compromised_since: dt.datetime | None) -> None:
        """Decide that a key is revoked; it holds once the officers have signed (:meth:`publish`)."""
        revoke_keys(
            self.running.hub.context,
            keyid,
            by=enrolment.APPROVER,
            registry=self._registry,
            compromised_since=compromised_since,
        )

    def publish(self) -> None:
        """Let two officers sign all that waits for them, and publish it."""
        context = self.running.hub.context
        office = officers.Office(context.settings, context.database, dict(self.people), context.clock)
        change = next_proposal(
            context.settings, context.database, office.repository, wishes=Wishes(), now=officers.now()
        )
        assert change is not None
        office.publish(office.signed(change, *officers.NAMES[:2]))

    @property
    def _registry(self) -> OfficersRegistry:
        return OfficersRegistry(published_directory(self.running.hub.context.settings))
