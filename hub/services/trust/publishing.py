"""Publish what enough officers have signed: files, tables and log, in an order that survives a power cut.

One transaction brings nodes and keys into the tables; before it ends the new files are written, and nobody
reads them yet. Then the pointer is switched. If the process dies in between, whoever looks next switches it
(:func:`heal`): the tables may be ahead of the files for a moment, never the other way round.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from tuf.api.metadata import Metadata, Root, Targets

from hub.clock import Clock
from hub.services.enrolment.entering import OFFICERS, enter_directory
from hub.services.trust.change_file import ChangeFile, merged
from hub.services.trust.documents import digest
from hub.services.trust.repository import Repository
from hub.services.trust.settling import check_bench, settled_by
from hub.services.trust.signing import Review, review
from hub.services.trust.verifying import require, targets_signatures
from hub.settings import HubSettings
from hub.store.tables.trust import PublishedTrust
from hub.store.unit_of_work import Database, UnitOfWork
from protocol.errors import kim_error
from protocol.texts import Text
from protocol.transparency.events import EventKind, LogEvent
from protocol.trust.targets import published_name


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published: versions, and how many changes of the directory."""

    root_version: int
    targets_version: int
    changes: int


def publish(
    settings: HubSettings, database: Database, clock: Clock, files: Sequence[ChangeFile], *, now: dt.datetime
) -> Publication:
    """Publish a change that was signed, in one or several copies of its file.

    Args:
        settings: of the hub.
        database: of the hub.
        clock: the hub's; events are written down with its time.
        files: copies of one change file.
        now: the machine's time; judges the lifetimes of what is signed.

    Raises:
        KimError: `no_trust_repository`, `trust_conflict` if something else was published meanwhile or the
            copies differ, `trust_threshold`, `wrong_audience`, and what :func:`review` raises.
    """
    repository = Repository(settings)
    repository.require()
    with repository.alone():
        return _publish(repository, settings, database, clock, merged(list(files)), now=now)


def _publish(
    repository: Repository,
    settings: HubSettings,
    database: Database,
    clock: Clock,
    file: ChangeFile,
    *,
    now: dt.datetime,
) -> Publication:
    heal(repository, database, now=now)
    # 1. It follows what is published here, and nothing else.
    published = repository.targets_bytes() if repository.is_published else None
    # A process that died before its transaction ended may have left the very root that is published now.
    left = [] if file.root is None else [file.root]
    follows = repository.roots() in ([*file.roots], [*file.roots, *left])
    if not follows or file.published != published:
        raise kim_error("trust_conflict")
    # 2. All that an officer checks, the hub checks as well.
    judged = review(file, None, now=now)
    # 3. Enough officers have signed each part; what stays has to hold under new officers too.
    for signatures in (judged.root_signatures, judged.targets_signatures):
        if signatures is not None:
            require(signatures)
    if judged.targets is None:
        require(targets_signatures(judged.root_now, repository.targets()))
    # 4. It is about this hub.
    if judged.after is not None and judged.after.directory.audience != settings.audience:
        raise _other_hub(settings.audience)
    with database.write() as unit:
        version = _record(unit, repository, judged, at=clock.now())
        _write_files(repository, judged)
    repository.adopt_online_key(judged.root_now)
    repository.point_to(version, now=now)
    return Publication(judged.root_now.signed.version, version, len(judged.changes))


def _write_files(repository: Repository, judged: Review) -> None:
    if judged.root is not None and judged.file.root is not None:
        repository.add_root(judged.root, judged.file.root)
    if judged.targets is not None and judged.file.targets is not None and judged.after is not None:
        repository.add_targets(judged.targets, judged.file.targets, judged.after)


def _record(unit: UnitOfWork, repository: Repository, judged: Review, *, at: dt.datetime) -> int:
    root_version = judged.root_now.signed.version
    if judged.targets is None or judged.after is None:
        version = repository.targets().signed.version
        unit.trust.set_root_version(version, root_version)
        unit.audit("trust.root_published", f"root {root_version}", at=at, actor=OFFICERS)
        _log(unit, root_version, judged.root_now, at=at)
        return version
    version, after = judged.targets.signed.version, judged.after
    if judged.before is None:
        check_bench(unit, after.directory)
    enter_directory(unit, after.directory, at=at)
    unit.trust.add(
        PublishedTrust(
            targets_version=version,
            root_version=root_version,
            published_at=at,
            directory_sha256=digest(after.directory.to_bytes()),
            hub_keys=after.hub_keys,
            policy=after.policy,
        )
    )
    staged = unit.trust.staged()
    unit.trust.settle(
        [item.id for item in staged if settled_by(after.directory, item.change)], targets_version=version
    )
    signed = judged.targets_signatures.signed if judged.targets_signatures else ()
    unit.audit(
        "trust.published",
        f"version {version}",
        at=at,
        actor=OFFICERS,
        detail={"root": root_version, "changes": len(judged.changes), "signed": list(signed)},
    )
    if judged.root is not None:
        _log(unit, root_version, judged.root, at=at)
    _log(unit, version, judged.targets, at=at)
    return version


def _log(
    unit: UnitOfWork, version: int, metadata: Metadata[Root] | Metadata[Targets], *, at: dt.datetime
) -> None:
    # The digest is of what the officers have signed: whoever holds the metadata can compare.
    unit.log(
        LogEvent(
            at=at,
            kind=EventKind.TRUST_PUBLISHED.value,
            id=published_name(metadata.signed.type, version),
            revision=version,
            out_sha256=digest(metadata.signed_bytes),
        )
    )


def heal(repository: Repository, database: Database, *, now: dt.datetime) -> bool:
    """Switch the pointer if a process died between transaction and switch; return whether it had."""
    with database.read() as unit:
        current = unit.trust.current()
    if current is None:
        return False
    behind = not repository.is_published or repository.targets().signed.version < current.targets_version
    # Officers may have signed for a new key of the hub just before.
    if repository.adopt_online_key(repository.root()) or behind:
        repository.point_to(current.targets_version, now=now)
        return True
    return False


def _other_hub(audience: str) -> Exception:
    return kim_error(
        "wrong_audience",
        Text(
            f"Die Dokumente sind nicht für den Hub „{audience}“.",
            f"The documents are not for the hub '{audience}'.",
        ),
        remedy=Text("audience in hub.toml prüfen.", "Check audience in hub.toml."),
    )
