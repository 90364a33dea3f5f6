"""The relational schema, as SQLAlchemy Core tables: state machines, evidence, compiled cubes, releases.

Invariants that the schema itself enforces:

* one submission per (node, area, dataset, period, revision) among those not rejected: a race has one winner;
* one node per area, so no area is merged twice;
* `submission_event`, `audit_event` and `log_leaf` only grow (triggers, see the migrations), the last one
  without gaps;
* a cube is never edited: other inputs make another cube, `published` points to one release.

Values are int64, scaled by the indicator's `decimals`; nothing here is a float. Observations are clustered in
query order: one cube (dataset and period), one cell (row number in the grid of the dataset), then the areas,
so a map is one contiguous read and a time series one seek per period.

It deliberately holds no row of microdata and no private key, and of people only what an account needs.
"""

from hub.store.models.audit_trail import audit_event
from hub.store.models.columns import UtcDateTime, metadata
from hub.store.models.log import log_checkpoint, log_cosignature, log_head, log_leaf
from hub.store.models.nodes import area, enrolment, invitation, node, node_area, node_key, request_nonce
from hub.store.models.people import (
    login_attempt,
    person,
    person_area,
    person_device,
    person_recovery,
    person_session,
    person_ticket,
)
from hub.store.models.releases import (
    cube,
    observation,
    period_state,
    published,
    release,
    release_cube,
    release_flag,
)
from hub.store.models.submissions import (
    grant_table,
    submission,
    submission_chunk,
    submission_event,
    submission_finding,
)
from hub.store.models.trust import trust_change, trust_version

__all__ = [
    "UtcDateTime",
    "area",
    "audit_event",
    "cube",
    "enrolment",
    "grant_table",
    "invitation",
    "log_checkpoint",
    "log_cosignature",
    "log_head",
    "log_leaf",
    "login_attempt",
    "metadata",
    "node",
    "node_area",
    "node_key",
    "observation",
    "period_state",
    "person",
    "person_area",
    "person_device",
    "person_recovery",
    "person_session",
    "person_ticket",
    "published",
    "release",
    "release_cube",
    "release_flag",
    "request_nonce",
    "submission",
    "submission_chunk",
    "submission_event",
    "submission_finding",
    "trust_change",
    "trust_version",
]
