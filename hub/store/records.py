"""What the store hands out: frozen records, never rows of the driver."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hub.domain.enrolment import EnrolmentKind, EnrolmentState, InvitationState
from hub.domain.ids import Sha256, SubmissionId
from hub.domain.states import AuditVerdict, KeyStatus, KeyUse, NodeStatus, SubmissionState
from hub.domain.uploads import ChunkPlan

#: How a cube's inputs mark what was granted, where another input is the id of a statement.
GRANTS: Final = "grants:"
#: The dataset whose grants may be imported.
FUNDS: Final = "FUNDS"


@dataclass(frozen=True, slots=True)
class Node:
    """A registered participant and the areas it delivers for; it is listed under the first of them."""

    id: str
    name: str
    areas: tuple[str, ...]
    status: NodeStatus
    registered_at: dt.datetime

    @property
    def area(self) -> str:
        """The area it is listed under."""
        return self.areas[0]


@dataclass(frozen=True, slots=True)
class NodeKey:
    """A public key and whose it is.

    Attributes:
        keyid: digest over purpose and key.
        node_id: whose it is.
        public_key: hex.
        status: whether it may sign, apart from the moments below.
        use: what it may sign.
        not_before: from when on it is valid; None: always was.
        not_after: the first moment at which it is not any more; None: no end.
        revoked_at: when the hub learned that it is revoked.
        compromised_since: of a compromised key: nothing that was received from then on counts.
        reason: `superseded` or `compromised`, if it is revoked.
    """

    keyid: str
    node_id: str
    public_key: str
    status: KeyStatus
    use: KeyUse = KeyUse.SIGN
    not_before: dt.datetime | None = None
    not_after: dt.datetime | None = None
    revoked_at: dt.datetime | None = None
    compromised_since: dt.datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation of one node; field meanings as in `hub.store.models`. It prints nothing of its secret."""

    node_id: str
    name: str
    areas: tuple[str, ...]
    verifier: str = field(repr=False)
    created_at: dt.datetime
    created_by: str
    expires_at: dt.datetime
    state: InvitationState = InvitationState.OPEN
    wrong_tokens: int = 0
    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A request to have keys entered; field meanings as in `hub.store.models`."""

    id: str
    kind: EnrolmentKind
    node_id: str
    name: str
    areas: tuple[str, ...]
    invitation_id: int | None
    envelope_sha256: Sha256
    sign_key: str
    witness_key: str
    old_keyid: str | None
    state: EnrolmentState
    received_at: dt.datetime
    decided_at: dt.datetime | None = None
    decided_by: str | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """What revisions follow each other in: one node's deliveries of one dataset for one area and period."""

    node_id: str
    area: str
    dataset: str
    period: str


@dataclass(frozen=True, slots=True)
class Submission:
    """One submission, from announcement to decision; field meanings as in `hub.store.models`."""

    id: SubmissionId
    node_id: str
    keyid: str
    area: str
    dataset: str
    period: str
    revision: int
    supersedes: str | None
    state: SubmissionState
    envelope_sha256: Sha256
    payload_sha256: Sha256
    payload_size: int
    payload_rows: int
    chunk_bytes: int
    min_contributors: int
    canonical_sha256: Sha256 | None
    bounds_sha256: Sha256 | None
    announced_at: dt.datetime
    state_since: dt.datetime
    received_at: dt.datetime | None
    decided_at: dt.datetime | None
    problem_code: str | None
    problem: Mapping[str, Any] | None
    series_break: str | None
    validated_at: dt.datetime | None
    audit: AuditVerdict | None = None

    @property
    def chain(self) -> Chain:
        """The chain it is a link of."""
        return Chain(self.node_id, self.area, self.dataset, self.period)

    @property
    def plan(self) -> ChunkPlan:
        """How its payload is cut."""
        return ChunkPlan(size=self.payload_size, chunk_bytes=self.chunk_bytes)


@dataclass(frozen=True, slots=True)
class Counted:
    """A submission that counts, or that the hub still owes a decision about.

    Attributes:
        dataset: short id.
        period: wire form.
        area: region id.
        id: statement id.
        ready: accepted, its bounds are known, and the hub's audit has looked at it.
        held: the audit found something that nobody has confirmed: it does not count until then.
    """

    dataset: str
    period: str
    area: str
    id: str
    ready: bool
    held: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a delivery does not fit: how many cells, and the first of them as rows in the grid."""

    rule: str
    cells: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """The first of two people who confirm what is held back: login and reason."""

    login: str
    reason: str


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """What is still to be confirmed or corrected in a delivery that counts.

    Attributes:
        submission: statement id.
        area: region id.
        dataset: short id.
        period: wire form.
        rule: id of the rule.
        cells: how many do not fit.
        rows: the first of them, as rows in the grid of the dataflow.
        first: who has confirmed already, where that takes two; or None.
    """

    submission: SubmissionId
    area: str
    dataset: str
    period: str
    rule: str
    cells: int
    rows: tuple[int, ...]
    first: Voice | None = None


@dataclass(frozen=True, slots=True)
class GrantTable:
    """What was granted in an area and year; field meanings as in `hub.store.models`."""

    area: str
    period: str
    source_sha256: str
    cells_sha256: Sha256
    bounds_sha256: Sha256
    salt: str | None

    @property
    def name(self) -> str:
        """How a cube names it among its inputs."""
        return f"{GRANTS}{self.cells_sha256}"


@dataclass(frozen=True, slots=True)
class StoredCube:
    """A compiled cube without its observations; field meanings as in `hub.store.models`."""

    id: int
    dataset: str
    period: str
    sha256: str
    inputs_sha256: str


@dataclass(frozen=True, slots=True)
class SubmissionEvent:
    """One state change."""

    state: SubmissionState
    at: dt.datetime
    code: str | None


@dataclass(frozen=True, slots=True)
class ReleasedTable:
    """A cube in a release; field meanings as in `hub.store.models`."""

    dataset: str
    period: str
    sha256: str
    inputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReleaseContents:
    """When a release was made, under which catalogue, and its tables by dataset and period."""

    created_at: dt.datetime
    catalogue_sha256: str
    tables: tuple[ReleasedTable, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """A published set of cubes: (dataset, period) → cube id."""

    number: int
    cubes: Mapping[tuple[str, str], int]
