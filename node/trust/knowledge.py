"""What a node knows from its officers, and until when: the result of reading the repository.

It deliberately decides nothing about deliveries: who uses a key or the policy asks here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from protocol.errors import kim_error
from protocol.texts import Text
from protocol.trust import Directory, HubKeys, Policy


@dataclass(frozen=True, slots=True)
class NodeTrust:
    """One verified version of what the officers have signed.

    Attributes:
        directory: nodes and their keys.
        hub_keys: the hub's keys.
        policy: what the hub accepts and demands.
        root_version: version of the officers' own keys.
        targets_version: version of what they have signed.
        root_fingerprint: of the newest root.
        expires: end of each role: root, targets, snapshot, timestamp.
        checked_at: when it was last verified against a source.
    """

    directory: Directory
    hub_keys: HubKeys
    policy: Policy
    root_version: int
    targets_version: int
    root_fingerprint: str
    expires: Mapping[str, datetime]
    checked_at: datetime

    @property
    def fresh_until(self) -> datetime:
        """Until when nobody can have held back a newer version unnoticed."""
        return min(self.expires.values())

    @property
    def valid_until(self) -> datetime:
        """Until when what the officers have signed holds, whether somebody holds back a newer one or not."""
        return min(self.expires["root"], self.expires["targets"])

    def require_fresh(self, now: datetime) -> None:
        """Refuse to send on the strength of a state that somebody may be holding back newer ones behind.

        Raises:
            KimError: ``trust_expired``.
        """
        if now >= self.fresh_until:
            moment = f"{self.fresh_until:%Y-%m-%d %H:%M}"
            raise kim_error(
                "trust_expired",
                Text(
                    f"Seit {moment} UTC hat dieser Knoten keinen neueren Stand mehr gesehen; gesendet wird "
                    "nichts.",
                    f"This node has seen no newer state since {moment} UTC; nothing is sent.",
                ),
            )

    def require_valid(self, now: datetime) -> None:
        """Refuse to go on with what the officers no longer stand for.

        Raises:
            KimError: ``trust_expired``.
        """
        if now >= self.valid_until:
            day = f"{self.valid_until:%Y-%m-%d}"
            raise kim_error(
                "trust_expired",
                Text(f"Es galt bis {day}.", f"It was valid until {day}."),
            )
