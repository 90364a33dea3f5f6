"""Checks what the key officers have signed, from the root in the letter down to every document (SPEC P-119).

The repository is a folder in the layout of `/trust/`. Whoever holds the fingerprint of a root needs to
believe nobody else: neither the hub that served it, nor the way by which it came. Nothing is remembered
between two runs, so whether there is something newer elsewhere is not known; the versions are said.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from protocol.errors import KimError, kim_error
from protocol.texts import Text
from protocol.trust import Directory, differences, parse_directory, parse_hub_keys, parse_policy
from protocol.trust.fingerprints import same_fingerprint
from protocol.trust.metadata import FileInfo, Metadata, Role, parse_metadata, require_signed
from protocol.trust.targets import DIRECTORY, HUB_KEYS, POLICY, published_name
from protocol.verify.trail import Trail

#: A gap among the roots is noticed where a later one lies within so many numbers.
_MOST_MISSING: Final = 256

#: Reads a file by its path below `/trust/`; None if it is not there.
Reader = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Signed:
    """What enough officers have signed.

    Attributes:
        hub: bytes of `keys/hub.json`.
        directory: bytes of `keys/directory.json`.
        root_version: newest root.
        targets_version: version of the documents.
        since: the first version from which on every change was checked.
        versions: SHA-256 of what was signed, by the name under which the log says that it was published
            (`trust/<role>/<version>`, the role being `root` or `targets`): every root from the pinned one on,
            every version from `since` on.
    """

    hub: bytes
    directory: bytes
    root_version: int
    targets_version: int
    since: int
    versions: Mapping[str, str]


def check_officers(trail: Trail, read: Reader, *, fingerprint: str, at: datetime) -> Signed:
    """Check a copy of the officers' repository, offline.

    1. the root with the pinned fingerprint is there, and enough of its own officers have signed it;
    2. every later root follows it without a gap, signed by enough officers of the one before and its own, and
       none lets fewer people decide than it says (P-150);
    3. the newest root has not expired;
    4. the hub's pointer is signed by the key that the officers gave it, and points to these documents;
    5. enough officers have signed the documents' version, it has not expired, and no newer one that they
       have signed lies beside it;
    6. the documents are the ones that were signed, in their form, and of one hub;
    7. as far as earlier versions are there: enough officers had signed each, and nothing that was decided is
       undone from one to the next (P-145).

    Args:
        trail: collects what is found.
        read: reads a file of the copy.
        fingerprint: of a root, as a person got it from the officers.
        at: the moment for which lifetimes are judged.

    Returns:
        What they have signed.

    Raises:
        KimError: ``no_trust_repository``, ``trust_root_mismatch``, ``trust_threshold``, ``trust_rollback``,
            ``trust_expired``, ``trust_altered``, ``trust_change_refused``, ``file_missing``, and what the
            documents' readers raise.
    """
    roots = _roots(trail, read, fingerprint)
    newest = roots[-1]
    # 3.
    _require_alive(newest, at)
    # 4.
    version = _pointed_version(trail, read, newest, at)
    # 5.
    targets = _metadata(read, Role.TARGETS, version)
    require_signed(targets, newest, Role.TARGETS)
    _require_alive(targets, at)
    if _is_signed_by_any(_optional(read, Role.TARGETS, version + 1), roots):
        raise kim_error("trust_rollback")
    trail.passes(
        f"Genug Schlüsselbeauftragte haben Fassung {version} der Dokumente unterschrieben; sie gilt bis "
        f"{targets.expires:%d.%m.%Y}.",
        f"Enough key officers have signed version {version} of the documents; it holds until "
        f"{targets.expires:%Y-%m-%d}.",
    )
    # 6.
    hub, data, policy = (_document(read, targets, path) for path in (HUB_KEYS, DIRECTORY, POLICY))
    directory = parse_directory(data)
    audiences = {parse_hub_keys(hub).audience, directory.audience, parse_policy(policy).audience}
    if len(audiences) != 1:
        raise kim_error("wrong_audience")
    trail.passes(
        f"hub.json, directory.json und policy.json sind die unterschriebenen, für {directory.audience}.",
        f"hub.json, directory.json and policy.json are those signed, for {directory.audience}.",
    )
    # 7.
    history = _history(trail, read, roots, targets, directory)
    since = history[-1].version
    trail.facts["root"], trail.facts["targets"], trail.facts["since"] = newest.version, version, since
    versions = {
        published_name(item.role, item.version): hashlib.sha256(item.signed_bytes).hexdigest()
        for item in (*roots, *history)
    }
    return Signed(hub, data, newest.version, version, since, versions)


def _roots(trail: Trail, read: Reader, fingerprint: str) -> list[Metadata]:
    """Return the roots from the pinned one on."""
    there = _root_numbers(read)
    if not there:
        raise kim_error("no_trust_repository")
    # 1.
    for number in there:
        first = _metadata(read, Role.ROOT, number)
        if same_fingerprint(fingerprint, first.fingerprint):
            break
    else:
        raise kim_error("trust_root_mismatch")
    require_signed(first, first, Role.ROOT)
    roots = [first]
    # 2.
    for number in range(first.version + 1, there[-1] + 1):
        root = _metadata(read, Role.ROOT, number)
        require_signed(root, roots[-1], Role.ROOT)
        require_signed(root, root, Role.ROOT)
        roots.append(root)
    german = f"Die Wurzel {first.version} hat den genannten Fingerabdruck; "
    english = f"Root {first.version} has the fingerprint named; "
    if len(roots) == 1:
        trail.passes(f"{german}eine neuere liegt nicht bei.", f"{english}no newer one is here.")
    else:
        trail.passes(
            f"{german}bis zur Wurzel {roots[-1].version} haben jedes Mal die alten und die neuen "
            "Schlüsselbeauftragten unterschrieben.",
            f"{english}up to root {roots[-1].version} old and new key officers have signed each time.",
        )
    return roots


def _root_numbers(read: Reader) -> list[int]:
    """Return the versions of the roots that are there."""
    found: list[int] = []
    number = 1
    while number <= (found[-1] if found else 0) + _MOST_MISSING:
        if read(_name(Role.ROOT, number)) is not None:
            found.append(number)
        number += 1
    return found


def _pointed_version(trail: Trail, read: Reader, root: Metadata, at: datetime) -> int:
    """Return the version of the documents that the hub's pointer names."""
    timestamp = _read(read, "metadata/timestamp.json", Role.TIMESTAMP)
    require_signed(timestamp, root, Role.TIMESTAMP)
    data = _bytes(read, _name(Role.SNAPSHOT, timestamp.pointed))
    _require_bytes(data, timestamp.files["snapshot.json"])
    snapshot = _metadata(read, Role.SNAPSHOT, timestamp.pointed)
    require_signed(snapshot, root, Role.SNAPSHOT)
    end = min(timestamp.expires, snapshot.expires)
    if end <= at:
        # The officers' signatures do not end with it; only nobody says any more that they are the newest.
        trail.remark(
            f"Der Zeiger des Hubs galt bis {end:%d.%m.%Y %H:%M} UTC: Ob die Schlüsselbeauftragten danach "
            "etwas Neueres unterschrieben haben, ist hier nicht bekannt.",
            f"The hub's pointer held until {end:%Y-%m-%d %H:%M} UTC: whether the key officers have signed "
            "something newer since is not known here.",
        )
    return snapshot.pointed


def _history(
    trail: Trail, read: Reader, roots: Sequence[Metadata], newest: Metadata, directory: Directory
) -> list[Metadata]:
    """Go back through the versions that are there; return those that are checked, the newest first."""
    checked, later, version = [newest], directory, newest.version
    while (targets := _optional(read, Role.TARGETS, version - 1)) is not None:
        data = read(_target_name(targets, DIRECTORY))
        if data is None:
            break
        if not _is_signed_by_any(targets, roots):
            if roots[0].version > 1:
                break  # by officers before those that are believed here
            raise kim_error("trust_threshold")
        _require_bytes(data, targets.files[DIRECTORY])
        earlier = parse_directory(data)
        differences(earlier, later)
        checked.append(targets)
        later, version = earlier, version - 1
    if version > 1:
        trail.remark(
            f"Der Verlauf des Verzeichnisses ist ab Fassung {version} geprüft; frühere liegen nicht bei.",
            f"The history of the directory is checked from version {version} on; earlier ones are not here.",
        )
    if len(checked) > 1:
        trail.passes(
            f"Von Fassung {version} bis {newest.version} hat das Verzeichnis nichts zurückgenommen.",
            f"From version {version} to {newest.version} the directory has taken nothing back.",
        )
    return checked


def _is_signed_by_any(metadata: Metadata | None, roots: Sequence[Metadata]) -> bool:
    """Whether enough officers of one of these roots have signed."""
    if metadata is None:
        return False
    for root in roots:
        try:
            require_signed(metadata, root, Role.TARGETS)
        except KimError:
            continue
        return True
    return False


def _metadata(read: Reader, role: Role, version: int) -> Metadata:
    return _read(read, _name(role, version), role, version=version)


def _optional(read: Reader, role: Role, version: int) -> Metadata | None:
    return None if read(_name(role, version)) is None else _metadata(read, role, version)


def _read(read: Reader, name: str, role: Role, *, version: int | None = None) -> Metadata:
    found = parse_metadata(_bytes(read, name), role)
    if version is not None and found.version != version:
        raise kim_error("trust_rollback")
    return found


def _document(read: Reader, targets: Metadata, path: str) -> bytes:
    data = _bytes(read, _target_name(targets, path))
    _require_bytes(data, targets.files[path])
    return data


def _target_name(targets: Metadata, path: str) -> str:
    """Return where a document lies: its digest stands before the last part (consistent snapshots)."""
    if path not in targets.files:
        raise kim_error("trust_document_invalid", pointer=f"/{path}")
    folder, separator, last = path.rpartition("/")
    return f"targets/{folder}{separator}{targets.files[path].sha256}.{last}"


def _require_bytes(data: bytes, said: FileInfo) -> None:
    digest = hashlib.sha256(data).hexdigest()
    if len(data) != said.length or not hmac.compare_digest(digest, said.sha256):
        raise kim_error("trust_altered")


def _require_alive(metadata: Metadata, at: datetime) -> None:
    if metadata.expires <= at:
        what, end = f"{metadata.role} {metadata.version}", metadata.expires
        raise kim_error(
            "trust_expired",
            Text(
                f"{what} galt bis {end:%d.%m.%Y}. Für einen früheren Zeitpunkt: --at.",
                f"{what} held until {end:%Y-%m-%d}. For an earlier moment: --at.",
            ),
        )


def _name(role: Role, version: int) -> str:
    return f"metadata/{version}.{role}.json"


def _bytes(read: Reader, name: str) -> bytes:
    data = read(name)
    if data is None:
        raise kim_error("file_missing", Text(f"{name} fehlt.", f"{name} is missing."))
    return data
