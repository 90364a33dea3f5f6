"""`kim-node trust`: pin the root from the enrolment letter, bring the copy up to date, say how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from node.cli.frame.session import Session
from node.clock import local
from node.hub_client import HubClient
from node.outbox import HUB_IS_AWAY
from node.trust import FolderSource, HubSource, NodeTrust, TrustSource, TrustStore
from node.version import program_version
from protocol.errors import KimError, kim_error
from protocol.keys import KeyPurpose
from protocol.texts import Text
from protocol.trust import SealingKey

_ATTEMPTS: Final = 2
_ROLES: Final = {
    "root": Text("Beauftragte", "Officers"),
    "targets": Text("Verzeichnis und Richtlinie", "Directory and policy"),
    "snapshot": Text("Stand", "Snapshot"),
    "timestamp": Text("Zeitstempel", "Timestamp"),
}


@dataclass(frozen=True, slots=True)
class Choices:
    """Options of the command.

    Attributes:
        root: file with the root to be pinned; fetched by its fingerprint if omitted.
        fingerprint: of the root, as the enrolment letter says; None if it is pinned already.
        folder: folder to read from instead of the hub.
        offline: ask nobody, only show.
    """

    root: Path | None = None
    fingerprint: str | None = None
    folder: Path | None = None
    offline: bool = False


def store_of(session: Session) -> TrustStore:
    """Return the node's copy of the repository."""
    return TrustStore(session.settings.home, audience=session.settings.hub.audience)


def trusted(session: Session, client: HubClient) -> NodeTrust | None:
    """Return what the officers say, fresh if the hub can be asked; None on a node that pinned no root.

    Raises:
        KimError: whatever is wrong with the repository; ``trust_expired`` too if nobody could be asked and
            what is known has run out; ``unsupported_version`` if the officers no longer want this release
            of the program. A hub that is away is no reason not to sign; before anything is sent, the caller
            asks :meth:`NodeTrust.require_fresh`.
    """
    store = store_of(session)
    if not store.pinned:
        return None
    try:
        found = store.refresh(HubSource(client), now=session.clock.now())
    except KimError as error:
        if error.code not in HUB_IS_AWAY | {"node_locked"}:
            raise
        known = store.load()
        if known is None:
            raise
        found = known
    found.require_valid(session.clock.now())
    if not found.policy.accepts_client(program_version()):
        oldest = found.policy.oldest_client
        raise kim_error(
            "unsupported_version",
            Text(f"Der Hub verlangt kim-node ab {oldest}.", f"The hub demands kim-node {oldest} or later."),
        )
    return found


def known_trust(session: Session) -> NodeTrust | None:
    """Return what was verified last, for commands that send nothing; nobody is asked."""
    store = store_of(session)
    return store.load() if store.pinned else None


def sealing_key(trust: NodeTrust | None, now: datetime) -> SealingKey | None:
    """Return the key that deliveries are sealed with; None where the officers do not want that.

    Raises:
        KimError: ``sealing_key_missing`` if they want it and no key of the hub holds at this moment: nothing
            is signed then, and nothing travels in the open.
    """
    if trust is None or not trust.policy.sealed:
        return None
    key = trust.hub_keys.sealing_key_at(now)
    if key is None:
        raise kim_error("sealing_key_missing")
    return key


def show_trust(session: Session, choices: Choices) -> int:
    """Pin, refresh and show.

    Args:
        session: the configured node.
        choices: options.

    Returns:
        0.

    Raises:
        KimError: as :meth:`TrustStore.pin` and :meth:`TrustStore.refresh`.
    """
    store = store_of(session)
    if choices.offline:
        found = store.load()
        if found is None:
            raise kim_error("no_trust_repository")
    elif choices.folder is not None:
        found = _bring(session, store, FolderSource(choices.folder), choices)
    else:
        with session.hub(most_attempts=_ATTEMPTS) as client:
            found = _bring(session, store, HubSource(client), choices)
    _show(session, found)
    return 0


def _bring(session: Session, store: TrustStore, source: TrustSource, choices: Choices) -> NodeTrust:
    if choices.root is not None or choices.fingerprint is not None:
        if choices.fingerprint is None:
            raise kim_error(
                "bad_request",
                Text(
                    "Zu --root gehört --root-fingerprint: der Fingerabdruck aus dem Anmeldebrief.",
                    "--root needs --root-fingerprint: the fingerprint from the enrolment letter.",
                ),
                pointer="--root-fingerprint",
            )
        root = (
            read_root_file(choices.root)
            if choices.root is not None
            else store.find_root(source, fingerprint=choices.fingerprint)
        )
        store.pin(root, fingerprint=choices.fingerprint)
    found = store.refresh(source, now=session.clock.now())
    session.logbook.write("trust.refreshed", {"version": str(found.targets_version)})
    return found


def read_root_file(path: Path) -> bytes:
    """Read a file with a root.

    Raises:
        KimError: ``file_unreadable``.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise kim_error(
            "file_unreadable", Text(f"{path} ist nicht lesbar.", f"{path} cannot be read.")
        ) from error


def _show(session: Session, found: NodeTrust) -> None:
    console, node = session.console, session.settings.node
    entry = found.directory.node(node)
    keys = [] if entry is None else [key for key in entry.keys if key.holds_at(session.clock.now())]
    console.result(
        {
            "root_fingerprint": found.root_fingerprint,
            "versions": {"root": found.root_version, "targets": found.targets_version},
            "expires": {role: moment.isoformat() for role, moment in found.expires.items()},
            "checked_at": found.checked_at.isoformat(),
            "nodes": len(found.directory.nodes),
            "sealed": found.policy.sealed,
            "registered": entry is not None,
            "keys": [{"use": key.use.value, "fingerprint": key.public_key.fingerprint()} for key in keys],
        }
    )
    console.say(
        Text(
            f"Geprüft am {_moment(found.checked_at)}: Fassung {found.targets_version} mit "
            f"{len(found.directory.nodes)} Knoten.",
            f"Checked on {_moment(found.checked_at)}: version {found.targets_version} with "
            f"{len(found.directory.nodes)} {'node' if len(found.directory.nodes) == 1 else 'nodes'}.",
        )
    )
    console.say(
        Text(
            f"  Fingerabdruck der Wurzel   {found.root_fingerprint}",
            f"  Fingerprint of the root    {found.root_fingerprint}",
        )
    )
    for role, moment in found.expires.items():
        name, day = _ROLES[role], _moment(moment)
        console.say(Text(f"  {name.de:26} gilt bis {day}", f"  {name.en:26} until {day}"))
    if entry is None:
        console.say(Text("Dieser Knoten ist noch nicht eingetragen.", "This node is not entered yet."))
    for key in keys:
        use = "Liefern" if key.use is KeyPurpose.SIGN else "Bezeugen"
        day = _moment(key.not_after)
        fingerprint = key.public_key.fingerprint()
        console.say(
            Text(
                f"  Schlüssel zum {use}: {fingerprint}, gilt bis {day}",
                f"  Key to {key.use.value}: {fingerprint}, until {day}",
            )
        )


def _moment(moment: datetime) -> str:
    return f"{local(moment):%Y-%m-%d %H:%M}"
