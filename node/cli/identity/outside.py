"""`kim-node witness`: a witness of the hub's log that is no node, at an auditor's or a supervisory authority.

It has a folder with a key, the root of the officers, and what it remembers of the log; no cases, no journal,
and no entry in the directory. Officers name its key in the hub's keys, and from then on no receipt is final
without a witness from outside (SPEC P-109). What it does at each call is what a node does as a witness
(`node.witness`): read all that is new, verify it against what it remembers, keep it durably, only then sign.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from node.cli.identity.trusting import read_root_file
from node.cli.terminal.console import Console
from node.clock import Clock, SystemClock
from node.durable_files import PRIVATE_FOLDER_MODE, create_private_file, write_error
from node.hub_client import HubClient
from node.keystore import ensure_key, load_key
from node.settings import Environment, HubSettings, KeyFile, check_hub_url
from node.settings.key_files import passphrase_file
from node.trust import HubSource, TrustStore
from node.witness import LogWatch, Visit, WitnessKey, WitnessStore
from protocol.errors import KimError, kim_error
from protocol.keys import KeyPurpose
from protocol.problems import PROBLEMS
from protocol.texts import Text
from protocol.transparency.cosignatures import Witness
from protocol.transparency.notes import check_name
from protocol.verify.anchors import log_key_of

_FILE: Final = "witness.toml"
_TEMPLATE: Final = """\
# Zeuge des Protokolls, der kein Knoten ist. / Witness of the log that is no node.
name = "{name}"
hub = "{hub}"
audience = "{audience}"
"""
_FORBIDDEN: Final = frozenset('"\\')


@dataclass(frozen=True, slots=True)
class NewWitness:
    """What a witness is set up with; None for one that stands.

    Attributes:
        name: under which it signs.
        hub: address of the hub.
        audience: name of the hub.
        fingerprint: of the officers' root, as they say it.
        root: file with that root; fetched by its fingerprint if omitted.
    """

    name: str
    hub: str
    audience: str
    fingerprint: str
    root: Path | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a witness keeps what it has.

    Attributes:
        folder: of the witness.
        name: under which it signs.
        hub: where it reads, and hands in.
    """

    folder: Path
    name: str
    hub: HubSettings

    @property
    def key(self) -> KeyFile:
        config = self.folder / _FILE
        given = Environment.read().credentials
        return KeyFile(
            self.folder / "witness.pem", passphrase_file(config, configured=None, credentials=given)
        )


def witness(console: Console, folder: Path, new: NewWitness | None) -> int:
    """Set a witness up, or look at the log once and sign what was seen.

    Args:
        console: where it is said.
        folder: of the witness.
        new: to set one up.

    Returns:
        0; else the exit code of what keeps it from signing.

    Raises:
        KimError: ``config_invalid``, ``already_exists``; what is wrong with key, root or store.
    """
    clock = SystemClock()
    folder = folder.resolve()
    if new is not None:
        _set_up(console, folder, new, clock)
        return 0
    return _look(console, _read(folder), clock)


def _set_up(console: Console, folder: Path, new: NewWitness, clock: Clock) -> None:
    wrong = check_hub_url(new.hub)
    if wrong is not None:
        raise kim_error("config_invalid", wrong, pointer="--hub")
    for option, text in (("--name", new.name), ("--audience", new.audience), ("--hub", new.hub)):
        if not text.isprintable() or _FORBIDDEN & set(text):
            raise kim_error("config_invalid", pointer=option)
    try:
        check_name(new.name)
    except KimError as error:
        raise kim_error(
            "config_invalid",
            Text(
                "Im Namen eines Zeugen stehen weder Leerzeichen noch +, etwa zeuge.aufsicht.example.",
                "A witness's name has neither spaces nor +, for instance witness.authority.example.",
            ),
            pointer="--name",
        ) from error
    try:
        folder.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
        place = _Place(folder, new.name, _settings(new.hub.rstrip("/"), new.audience))
        own = Witness(new.name, ensure_key(place.key, purpose=KeyPurpose.WITNESS).public, outside=True)
        vkey = str(own.vkey)
        store = TrustStore(folder, audience=new.audience)
        with _client(place, clock) as client:
            source = HubSource(client)
            root = (
                store.find_root(source, fingerprint=new.fingerprint)
                if new.root is None
                else read_root_file(new.root)
            )
        store.pin(root, fingerprint=new.fingerprint)
        content = _TEMPLATE.format(name=new.name, hub=place.hub.url, audience=new.audience)
        create_private_file(folder / _FILE, content.encode())
    except FileExistsError as error:
        raise kim_error("already_exists") from error
    except OSError as error:
        raise write_error(error, folder) from error
    console.result({"folder": str(folder), "name": new.name, "vkey": vkey})
    console.say(
        Text(
            "Eingerichtet. Diesen Prüfschlüssel auf einem zweiten Weg den Schlüsselbeauftragten geben; sie "
            "tragen ihn mit kim-hub trust propose --add-witness ein:",
            "Set up. Give this verifier key to the key officers on a second way; they enter it with kim-hub "
            "trust propose --add-witness:",
        )
    )
    console.say(f"  {vkey}")


def _look(console: Console, place: _Place, clock: Clock) -> int:
    key = load_key(place.key, purpose=KeyPurpose.WITNESS)
    own = Witness(place.name, key.public, outside=True)
    trust = TrustStore(place.folder, audience=place.hub.audience)
    store = WitnessStore(place.folder / "log", clock=clock)
    with _client(place, clock) as client:
        known = trust.refresh(HubSource(client), now=clock.now())
        known.require_valid(clock.now())
        is_named = any(one.vkey == str(own.vkey) for one in known.hub_keys.outside_witnesses)
        watch = LogWatch(
            store,
            client,
            node=place.name,
            log=log_key_of(known.hub_keys),
            clock=clock,
            key=WitnessKey(place.name, key) if is_named else None,
        )
        visit = watch.visit(frozenset, keys=frozenset)
    _show(console, store, visit, is_named=is_named)
    if store.alarms():
        return PROBLEMS["log_contradicts"].exit_code
    return 0 if visit.problem is None else visit.problem.exit_code


def _show(console: Console, store: WitnessStore, visit: Visit, *, is_named: bool) -> None:
    size = 0 if visit.state is None else visit.state.checkpoint.size
    alarms = store.alarms()
    console.result(
        {
            "size": size,
            "new_entries": visit.new_entries,
            "named": is_named,
            "signed": visit.signed,
            "problem": None if visit.problem is None else visit.problem.code,
            "alarms": [{"kind": one.kind.value, "at": one.at, "file": one.file} for one in alarms],
        }
    )
    if visit.problem is not None:
        console.say(visit.problem.detail)
    elif visit.signed:
        console.say(Text(f"Geprüft und unterschrieben: Stand {size}.", f"Verified and signed: state {size}."))
    elif is_named:
        console.say(
            Text(
                f"Geprüft: Stand {size}. Die Unterschrift nahm der Hub nicht an; der nächste Aufruf "
                "versucht es wieder.",
                f"Verified: state {size}. The hub did not take the signature; the next call tries again.",
            )
        )
    else:
        console.say(
            Text(
                f"Geprüft: Stand {size}. Die Schlüsselbeauftragten haben diesen Zeugen noch nicht "
                "eingetragen.",
                f"Verified: state {size}. The key officers have not entered this witness yet.",
            )
        )
    for alarm in alarms:
        console.say(Text(f"ALARM: {alarm.title.de}", f"ALARM: {alarm.title.en}"))
        if alarm.file:
            proof = store.folder / alarm.file
            console.say(Text(f"  Beleg: {proof}", f"  Proof: {proof}"))
        console.say(Text(f"  → {alarm.remedy.de}", f"  → {alarm.remedy.en}"))


def _read(folder: Path) -> _Place:
    try:
        found: dict[str, Any] = tomllib.loads((folder / _FILE).read_text(encoding="utf-8"))
        name, hub, audience = (str(found[key]) for key in ("name", "hub", "audience"))
    except (OSError, ValueError, KeyError) as error:
        raise kim_error(
            "config_invalid",
            Text(
                f"{folder} ist nicht der Ordner eines Zeugen. Eingerichtet wird er mit --name, --hub, "
                "--audience und --root-fingerprint.",
                f"{folder} is not the folder of a witness. It is set up with --name, --hub, --audience and "
                "--root-fingerprint.",
            ),
        ) from error
    if (wrong := check_hub_url(hub)) is not None:
        raise kim_error("config_invalid", wrong, pointer="/hub")
    return _Place(folder, name, _settings(hub, audience))


def _settings(url: str, audience: str) -> HubSettings:
    """Return the settings of a connection with the patience that nodes have unless told otherwise."""
    return HubSettings(
        url=url,
        audience=audience,
        ca_bundle=None,
        connect_timeout_seconds=10,
        read_timeout_seconds=60,
        attempts=2,
        decision_timeout_seconds=0,
    )


def _client(place: _Place, clock: Clock) -> HubClient:
    """Return a connection that signs no requests: a witness brings what proves itself."""
    return HubClient(place.hub, node=place.name, clock=clock, key=None)


def as_wished(
    *, name: str | None, hub: str | None, audience: str | None, fingerprint: str | None, root: Path | None
) -> NewWitness | None:
    """Return what the options ask for: nothing new without any of them.

    Raises:
        KimError: ``config_invalid`` if only some are there.
    """
    if not any((name, hub, audience, fingerprint, root)):
        return None
    if name is None or hub is None or audience is None or fingerprint is None:
        raise kim_error(
            "config_invalid",
            Text(
                "Zum Einrichten gehören --name, --hub, --audience und --root-fingerprint zusammen.",
                "To set up, --name, --hub, --audience and --root-fingerprint belong together.",
            ),
        )
    return NewWitness(name, hub, audience, fingerprint, root)
