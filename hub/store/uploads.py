"""Uploads: a submission with all that decides about it while its bytes come in, read in one question.

Each step of an upload asks the same: what was announced, which chunks are in, whether key, node and period
are still what they were. Asked one by one this costs more than checking the signature (ADR 0029).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from hub.domain.ids import SubmissionId
from hub.domain.states import KeyStatus, NodeStatus, PeriodState
from hub.store import models
from hub.store.records import Submission
from hub.store.submissions import submission_of

_T, _CHUNK, _PERIOD = models.submission, models.submission_chunk, models.period_state
_BESIDE = (
    _CHUNK.c.n.label("chunk_number"),
    _CHUNK.c.sha256.label("chunk_sha256"),
    models.node_key.c.status.label("key_status"),
    models.node.c.status.label("node_status"),
    _PERIOD.c.state.label("period_state"),
)
# A row for each chunk that is in, or one.
_UPLOAD = (
    sa.select(_T, *_BESIDE)
    .select_from(
        _T.outerjoin(_CHUNK, _CHUNK.c.submission_id == _T.c.id)
        .outerjoin(models.node_key, models.node_key.c.keyid == _T.c.keyid)
        .outerjoin(models.node, models.node.c.id == _T.c.node_id)
        .outerjoin(_PERIOD, sa.and_(_PERIOD.c.dataset == _T.c.dataset, _PERIOD.c.period == _T.c.period))
    )
    .where(_T.c.id == sa.bindparam("id"))
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A submission, and what decides about its upload.

    Attributes:
        submission: as it stands.
        chunks: number → digest of the chunks that are in.
        key_status: of the key that signed the statement; None if it is not known any more.
        node_status: of the node that sends it.
        is_closed: whether deliveries for its period are no longer taken.
    """

    submission: Submission
    chunks: Mapping[int, str]
    key_status: KeyStatus | None
    node_status: NodeStatus | None
    is_closed: bool


class Uploads:
    """Uploads on one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def get(self, submission: SubmissionId) -> Upload | None:
        """Return the upload of the submission with this statement id, whatever its state."""
        rows = self._connection.execute(_UPLOAD, {"id": submission}).all()
        if not rows:
            return None
        first = rows[0]
        stored = first._asdict()
        for column in _BESIDE:
            del stored[column.name]
        return Upload(
            submission_of(stored),
            {row.chunk_number: row.chunk_sha256 for row in rows if row.chunk_number is not None},
            key_status=None if first.key_status is None else KeyStatus(first.key_status),
            node_status=None if first.node_status is None else NodeStatus(first.node_status),
            is_closed=first.period_state == PeriodState.CLOSED,
        )
