"""What an officer reads before signing: each change as one sentence, German and English.

Whatever differs between two versions gives a sentence, and an unknown kind of difference a general one:
nothing that is signed goes unmentioned. Names come from the documents and are checked there to be one
harmless line.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from tuf.api.metadata import Root

from hub.services.trust.documents import Documents
from hub.services.trust.officers import name_of
from hub.services.trust.signing import Review
from hub.services.trust.verifying import Signatures, fingerprint
from hub.services.trust.witnessing import witnesses_among
from protocol.keys import KeyPurpose
from protocol.texts import Text
from protocol.trust import (
    AddKey,
    AddNode,
    Change,
    ChangeKey,
    ChangeNode,
    HubKeys,
    KeyEntry,
    KeyStatus,
    NodeStatus,
    Policy,
)
from protocol.trust.officers import fingerprint_of

_USES: Final = {
    KeyPurpose.SIGN: Text("zum Liefern", "for deliveries"),
    KeyPurpose.WITNESS: Text("zum Bezeugen", "for witnessing"),
}
_KEY_STATES: Final = {
    KeyStatus.ACTIVE: Text("gilt", "holds"),
    KeyStatus.RETIRING: Text("läuft aus", "is running out"),
    KeyStatus.REVOKED: Text("entzogen", "revoked"),
}
_NODE_STATES: Final = {
    NodeStatus.ACTIVE: Text("zugelassen", "admitted"),
    NodeStatus.SUSPENDED: Text("gesperrt", "suspended"),
}
_ROLES: Final = {
    "root": Text("über die Beauftragten", "on the officers"),
    "targets": Text("über das Verzeichnis", "on the directory"),
}


def describe(judged: Review) -> list[Text]:
    """Return what a change file changes, sentence by sentence, and what will be wrong then; at least one."""
    lines = [*_of_officers(judged), *_of_documents(judged)] or [
        Text(
            "Inhaltlich ändert sich nichts; die Gültigkeit wird verlängert.",
            "Nothing changes; it is only valid for longer.",
        )
    ]
    after = judged.after
    if after is not None:
        lines += witnesses_among(after.directory.nodes, quorum=after.hub_keys.quorum).lines()
    return lines


def describe_state(judged: Review) -> list[Text]:
    """Return who is in office, what is signed already and what is missing."""
    root = judged.root_now
    lines = [
        Text(
            f"Fingerabdruck der Wurzel: {fingerprint(root)} (Fassung {root.signed.version})",
            f"Fingerprint of the root: {fingerprint(root)} (version {root.signed.version})",
        )
    ]
    for what, signatures in (
        (Text("Beauftragte", "Officers"), judged.root_signatures),
        (Text("Verzeichnis und Richtlinie", "Directory and policy"), judged.targets_signatures),
    ):
        if signatures is not None:
            lines.append(_of_signatures(what, signatures))
    return lines


def describe_officers(root: Root) -> list[Text]:
    """Return who decides on what, with fingerprints, one line each."""
    lines = []
    for role, what in _ROLES.items():
        keyids, threshold = root.roles[role].keyids, root.roles[role].threshold
        lines.append(
            Text(
                f"{threshold} von {len(keyids)} entscheiden {what.de}:",
                f"{threshold} of {len(keyids)} decide {what.en}:",
            )
        )
        names = {keyid: name_of(root.keys[keyid]) for keyid in keyids}
        width = max(map(len, names.values()), default=0)
        for keyid, name in names.items():
            line = f"  {name:{width}}  {fingerprint_of(keyid)}"
            lines.append(Text(line, line))
    return lines


def describe_change(change: Change) -> list[Text]:
    """Return what one change of the directory does."""
    match change:
        case AddNode(entry):
            areas = ", ".join(entry.areas)
            first = Text(
                f"Neuer Knoten {entry.node}: {entry.name} ({areas}).",
                f"New node {entry.node}: {entry.name} ({areas}).",
            )
            return [first, *(_key_line(entry.node, key) for key in entry.keys)]
        case ChangeNode(node, name, areas, status):
            listed, state = ", ".join(areas), _NODE_STATES[status]
            return [
                Text(
                    f"Knoten {node} heißt nun {name}, liefert für {listed} und ist {state.de}.",
                    f"Node {node} is now called {name}, delivers for {listed}, and is {state.en}.",
                )
            ]
        case AddKey(node, key) | ChangeKey(node, key):
            return [_key_line(node, key)]


def _key_line(node: str, key: KeyEntry) -> Text:
    use, state = _USES[key.use], _KEY_STATES[key.status]
    if key.status is KeyStatus.REVOKED:
        since = key.compromised_since
        state = (
            Text(f"{state.de} (ersetzt)", f"{state.en} (superseded)")
            if since is None
            else Text(
                f"{state.de} (kompromittiert seit {_moment(since)})",
                f"{state.en} (compromised since {_moment(since)})",
            )
        )
    return Text(
        f"Schlüssel {use.de} von {node}: {key.public_key.fingerprint()}, {_day(key.not_before)} bis "
        f"{_day(key.not_after)}, {state.de}.",
        f"Key {use.en} of {node}: {key.public_key.fingerprint()}, {_day(key.not_before)} to "
        f"{_day(key.not_after)}, {state.en}.",
    )


def _of_officers(judged: Review) -> Iterator[Text]:
    if judged.root is None:
        return
    new, old = judged.root.signed, judged.root_before.signed if judged.root_before else None
    if old is None:
        yield Text("Erste Wurzel: es gab noch keine Beauftragten.", "First root: there were no officers yet.")
        yield from describe_officers(new)
        return
    for role, what in _ROLES.items():
        before, after = {*old.roles[role].keyids}, {*new.roles[role].keyids}
        for keyid in sorted(before - after):
            name = name_of(old.keys[keyid])
            yield Text(f"{name} entscheidet nicht mehr {what.de}.", f"{name} no longer decides {what.en}.")
        for keyid in sorted(after - before):
            name, print_ = name_of(new.keys[keyid]), fingerprint_of(keyid)
            yield Text(
                f"{name} entscheidet nun mit {what.de} (Fingerabdruck {print_}).",
                f"{name} now decides {what.en} (fingerprint {print_}).",
            )
        if old.roles[role].threshold != new.roles[role].threshold:
            number = new.roles[role].threshold
            yield Text(
                f"Nun müssen {number} gemeinsam {what.de} entscheiden.",
                f"Now {number} have to decide {what.en}.",
            )
    if old.roles["timestamp"].keyids != new.roles["timestamp"].keyids:
        yield Text("Der Hub bekommt einen neuen eigenen Schlüssel.", "The hub gets a new key of its own.")
    for keyid in sorted({*old.keys} & {*new.keys}):
        if old.keys[keyid] != new.keys[keyid]:
            before_name, after_name = name_of(old.keys[keyid]), name_of(new.keys[keyid])
            yield Text(f"{before_name} heißt nun {after_name}.", f"{before_name} is now called {after_name}.")


def _of_documents(judged: Review) -> Iterator[Text]:
    after = judged.after
    if after is None:
        return
    before = judged.before
    for change in judged.changes:
        yield from describe_change(change)
    yield from _of_hub_keys(before.hub_keys if before else None, after.hub_keys)
    yield from _of_policy(before.policy if before else None, after.policy)
    yield from _of_others(before, after)


def _of_hub_keys(before: HubKeys | None, after: HubKeys) -> Iterator[Text]:
    if before is None or before.log_vkey != after.log_vkey:
        vkey = after.log_vkey or "–"
        yield Text(f"Das Protokoll des Hubs hat den Schlüssel {vkey}.", f"The hub's log has the key {vkey}.")
    if before is None or before.quorum != after.quorum:
        number = after.quorum
        yield Text(
            f"Eine Quittung ist mit {number} Zeugen endgültig.",
            f"A receipt is final with {number} witnesses.",
        )
    old = {witness.vkey for witness in before.outside_witnesses} if before else set()
    new = {witness.vkey for witness in after.outside_witnesses}
    for vkey in sorted(new - old):
        yield Text(f"Neuer Zeuge außerhalb der Knoten: {vkey}.", f"New witness that is no node: {vkey}.")
    for vkey in sorted(old - new):
        yield Text(f"Kein Zeuge mehr: {vkey}.", f"No witness any more: {vkey}.")
    known = {key.kid for key in before.sealing_keys} if before else set()
    for key in after.sealing_keys:
        if key.kid not in known:
            yield Text(
                f"Lieferungen werden mit dem Schlüssel {fingerprint_of(key.kid)} versiegelt, "
                f"{_day(key.not_before)} bis {_day(key.not_after)}.",
                f"Deliveries are sealed with the key {fingerprint_of(key.kid)}, {_day(key.not_before)} to "
                f"{_day(key.not_after)}.",
            )
    for gone in sorted(known - {key.kid for key in after.sealing_keys}):
        yield Text(
            f"Der Siegelschlüssel {fingerprint_of(gone)} entfällt.",
            f"The sealing key {fingerprint_of(gone)} is dropped.",
        )
    if before is not None and before != after and _said_of_hub_keys(before) == _said_of_hub_keys(after):
        yield Text("Einzelheiten der Hub-Schlüssel ändern sich.", "Details of the hub's keys change.")


def _said_of_hub_keys(keys: HubKeys) -> object:
    return (
        keys.log_vkey,
        keys.quorum,
        {witness.vkey for witness in keys.outside_witnesses},
        {key.kid for key in keys.sealing_keys},
    )


def _of_policy(before: Policy | None, after: Policy) -> Iterator[Text]:
    if before is None or before.sealed != after.sealed:
        yield (
            Text("Lieferungen müssen versiegelt sein.", "Deliveries have to be sealed.")
            if after.sealed
            else Text(
                "ACHTUNG: Lieferungen müssen NICHT versiegelt sein.",
                "NOTE: deliveries do NOT have to be sealed.",
            )
        )
    for item in fields(Policy):
        old, new = getattr(before, item.name, None), getattr(after, item.name)
        if item.name not in {"audience", "sealed"} and old != new:
            shown = ", ".join(map(str, new)) if isinstance(new, tuple) else new
            line = f"policy.{item.name} = {shown}"
            yield Text(f"Richtlinie: {line}", f"Policy: {line}")


def _of_others(before: Documents | None, after: Documents) -> Iterator[Text]:
    old = before.others if before else {}
    for path in sorted({*old, *after.others}):
        if old.get(path) != after.others.get(path):
            gone = path not in after.others
            yield Text(
                f"Die Datei {path} {'entfällt' if gone else 'ist neu oder geändert'}.",
                f"The file {path} {'is dropped' if gone else 'is new or changed'}.",
            )


def _of_signatures(what: Text, signatures: Signatures) -> Text:
    names = ", ".join(signatures.signed)
    missing = signatures.missing
    return Text(
        f"{what.de}: unterschrieben von {names or 'niemandem'}; "
        + (
            "genug."
            if not missing
            else f"es fehlen noch {missing}."
            if missing > 1
            else "es fehlt noch eine."
        ),
        f"{what.en}: signed by {names or 'nobody'}; " + ("enough." if not missing else f"{missing} missing."),
    )


def _day(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _moment(moment: dt.datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
