"""Copy the repository into a folder that travels, for nodes without a line to the hub.

The copy's timestamp lives as long as its snapshot, at most a week: a stick is not read within a day. Whoever
holds an old copy can keep an offline node at that state for so long, and no longer.
"""

import datetime as dt
import shutil
from pathlib import Path

from hub.services.trust.repository import SNAPSHOT_LIFE, Repository
from protocol.errors import kim_error


def export(repository: Repository, folder: Path, *, now: dt.datetime) -> int:
    """Copy what is served into `folder`, as `kim-node trust --from` reads it; return the number of files.

    Raises:
        KimError: `no_trust_repository` before the first publication; `already_exists` if the folder is not
            empty.
    """
    if not repository.is_published:
        raise kim_error("no_trust_repository")
    if folder.exists() and any(folder.iterdir()):
        raise kim_error("already_exists")
    with repository.alone():
        return _export(repository, folder, now=now)


def _export(repository: Repository, folder: Path, *, now: dt.datetime) -> int:
    repository.point_to(repository.targets().signed.version, now=now)
    number = 0
    for name, source in repository.files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        number += 1
    version = repository.timestamp().signed.snapshot_meta.version
    snapshot = (repository.metadata / f"{version}.snapshot.json").read_bytes()
    timestamp = repository.signed_timestamp(version, snapshot, expires=now + SNAPSHOT_LIFE)
    (folder / "metadata" / "timestamp.json").write_bytes(timestamp)
    # The hub's own pointer gets the number of the copy's: a node that read the stick finds the hub no older.
    repository.renew_timestamp(now=now)
    return number
