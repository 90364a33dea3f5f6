"""Note which chunks of open uploads are in; their bytes lie in files, and `uploads` says which there are."""

import datetime as dt

import sqlalchemy as sa

from hub.domain.ids import SubmissionId
from hub.store import models

_CHUNK = models.submission_chunk
# Built once: putting a statement together costs SQLAlchemy more than SQLite needs to run it.
_INSERT_CHUNK = _CHUNK.insert()


class Chunks:
    """Chunks on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def add(self, submission: SubmissionId, n: int, *, size: int, sha256: str, at: dt.datetime) -> None:
        """Note that a chunk is stored."""
        self._connection.execute(
            _INSERT_CHUNK,
            {"submission_id": submission, "n": n, "size": size, "sha256": sha256, "stored_at": at},
        )

    def drop(self, submission: SubmissionId) -> None:
        """Forget the chunks, so that they can be sent again."""
        self._connection.execute(_CHUNK.delete().where(_CHUNK.c.submission_id == submission))
