"""Uploads: a submission while its bytes come in, and what may have changed since it was announced.

Each is read in one question: asked one by one, chunks, key, node and period cost more than checking the
signature (ADR 0029).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from hub.domain.ids import SubmissionId
from hub.domain.states import KeyStatus, NodeStatus, PeriodState, SubmissionState
from hub.store import models
from hub.store.records import Submission
from hub.store.tables.submissions import submission_of

_T, _CHUNK = models.submission, models.submission_chunk
_KEY, _NODE, _PERIOD = models.node_key, models.node, models.period_state
_THIS = _T.c.id == sa.bindparam("id")
# A row for each chunk that is in, or one.
_UPLOAD = (
    sa.select(_T, _CHUNK.c.n.label("chunk_number"), _CHUNK.c.sha256.label("chunk_sha256"))
    .select_from(_T.outerjoin(_CHUNK, _CHUNK.c.submission_id == _T.c.id))
    .where(_THIS)
)
_STANDING = (
    sa.select(_T.c.state, _KEY.c.status, _NODE.c.status, _PERIOD.c.state)
    .select_from(
        _T.outerjoin(_KEY, _KEY.c.keyid == _T.c.keyid)
        .outerjoin(_NODE, _NODE.c.id == _T.c.node_id)
        .outerjoin(_PERIOD, sa.and_(_PERIOD.c.dataset == _T.c.dataset, _PERIOD.c.period == _T.c.period))
    )
    .where(_THIS)
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A submission and its bytes.

    Attributes:
        submission: as it stands.
        chunks: number → digest of the chunks that are in.
    """

    submission: Submission
    chunks: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """What may change about a submission between its announcement and its last byte.

    Attributes:
        state: of the submission.
        key_status: of the key that signed the statement; None if it is not known any more.
        node_status: of the node that sends it.
        is_closed: whether deliveries for its period are no longer taken.
    """

    state: SubmissionState
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
        chunks = {row.chunk_number: row.chunk_sha256 for row in rows if row.chunk_number is not None}
        stored = rows[0]._asdict()
        del stored["chunk_number"], stored["chunk_sha256"]
        return Upload(submission_of(stored), chunks)

    def standing(self, submission: SubmissionId) -> Standing:
        """Return where an announced submission stands.

        Raises:
            sqlalchemy.exc.NoResultFound: nobody announced it.
        """
        state, key, node, period = self._connection.execute(_STANDING, {"id": submission}).one()
        return Standing(
            SubmissionState(state),
            key_status=None if key is None else KeyStatus(key),
            node_status=None if node is None else NodeStatus(node),
            is_closed=period == PeriodState.CLOSED,
        )
