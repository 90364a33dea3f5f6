"""Compares what the key officers signed with what the log says was published (SPEC P-101, P-119).

Officers who have left, or enough of those in office, could sign for one verifier what nobody else gets to
see. The log says of every root and every version of the documents which one was published to all.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from protocol.errors import KimError, kim_error
from protocol.texts import Text
from protocol.transparency.events import LogEvent
from protocol.trust.targets import published_name
from protocol.verify.officers import Signed
from protocol.verify.trail import Trail

_NAME: Final = re.compile(r"trust/(?P<role>root|targets)/(?P<version>[0-9]{1,16})")


def check_published(
    trail: Trail, events: Sequence[LogEvent], signed: Signed | None, *, until: datetime | None
) -> None:
    """Check the officers' repository against the whole log.

    1. the log says of no root and no version two things;
    2. every root and every version that was verified is the one that the log names;
    3. the log names none that is newer, at the moment that is asked about.

    Args:
        trail: collects what is found.
        events: all `trust-published` events of the log, in its order.
        signed: what was verified of the officers; None if nothing was: that is said then.
        until: the moment that is asked about; None for now.

    Raises:
        KimError: ``trust_not_logged`` (1, 2), ``trust_rollback`` (3).
    """
    if signed is None:
        if events:
            trail.remark(
                "Nicht verglichen: ob die Schlüsselbeauftragten das unterschrieben haben, was laut Protokoll "
                "veröffentlicht wurde. Dazu --root-fingerprint angeben.",
                "Not compared: whether the key officers have signed what was published according to the log. "
                "Name --root-fingerprint for that.",
            )
        return
    # 1.
    logged: dict[str, str] = {}
    for event in events:
        digest = event.out_sha256 or ""
        if not hmac.compare_digest(logged.setdefault(event.id, digest), digest):
            raise _not_logged(event.id, Text("Das Protokoll nennt zwei davon.", "The log names two of it."))
    # 2.
    for name, digest in signed.versions.items():
        if name not in logged:
            raise _not_logged(name, Text("Das Protokoll nennt sie nicht.", "The log does not name it."))
        if not hmac.compare_digest(logged[name], digest):
            raise _not_logged(name, Text("Das Protokoll nennt eine andere.", "The log names another."))
    # 3.
    for event in events:
        if until is None or event.at <= until:
            _require_known(event, {"root": signed.root_version, "targets": signed.targets_version})
    trail.facts["published"] = [*sorted(signed.versions)]
    trail.passes(
        f"Alle {len(signed.versions)} geprüften Fassungen der Schlüsselbeauftragten sind die, die laut "
        "Protokoll veröffentlicht wurden; eine neuere nennt es nicht.",
        f"All {len(signed.versions)} verified versions of the key officers are those that were published "
        "according to the log; it names none that is newer.",
    )


def _require_known(event: LogEvent, newest: Mapping[str, int]) -> None:
    named = _NAME.fullmatch(event.id)
    if named is None or int(named["version"]) <= (known := newest[named["role"]]):
        return
    shown = published_name(named["role"], known)
    raise kim_error(
        "trust_rollback",
        Text(
            f"Das Protokoll nennt schon {event.id}; vorgelegt ist {shown}.",
            f"The log names {event.id} already; shown was {shown}.",
        ),
    )


def _not_logged(name: str, why: Text) -> KimError:
    return kim_error("trust_not_logged", Text(f"Fassung {name}: {why.de}", f"Version {name}: {why.en}"))
