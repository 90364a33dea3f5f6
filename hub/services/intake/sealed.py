"""Sealed deliveries: which are taken, and where one is opened: on its way into the sandbox, in memory only.

Who announces, receives and completes sees the sealed bytes, and so does whoever copies the hub's disk: they
are the evidence. Salt and table exist in the process that feeds the sandbox, and in its child.
"""

from pathlib import Path

from hub.services.context import HubContext
from hub.store.records import Submission
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import kim_error
from protocol.sealing import open_payload
from protocol.statement import VERSIONS, SubmissionStatement, parse_statement
from protocol.texts import Text


def require_agreed_form(context: HubContext, unit: UnitOfWork, statement: SubmissionStatement) -> None:
    """Raise unless a statement has a form that this hub takes, sealed as the officers want it (SPEC P-134).

    Raises:
        KimError: `unsupported_version`, `sealing_required`, `sealing_key_unknown` or `too_large`.
    """
    trust = unit.trust.current()
    accepted = VERSIONS if trust is None else trust.policy.statement_versions
    if trust is not None and trust.policy.sealed and statement.sealed is None:
        raise kim_error("sealing_required", pointer="/v")
    if statement.version not in accepted:
        listed = ", ".join(map(str, accepted))
        raise kim_error(
            "unsupported_version",
            Text(f"Dieser Hub nimmt Fassung {listed}.", f"This hub takes version {listed}."),
            pointer="/v",
        )
    if statement.sealed is not None and not context.sealing.accepts(statement.sealed.kid):
        raise kim_error("sealing_key_unknown", pointer="/sealed/kid")
    if trust is not None and statement.payload.size > trust.policy.max_payload_bytes:
        raise kim_error("too_large", pointer="/payload/size")


def payload_of(context: HubContext, submission: Submission, statement_bytes: bytes) -> Path | bytes:
    """Return what the sandbox is to check: the file with the stored bytes, or what is sealed in them.

    Args:
        context: the hub.
        submission: a received one; its stored bytes are intact.
        statement_bytes: the signed statement.

    Raises:
        KimError: `sealed_unreadable`: the node's fault.
        SealingLockedError: the hub's keys cannot be opened.
        FileNotFoundError: the key is gone.
    """
    path = context.blobs.path(submission.payload_sha256)
    statement = parse_statement(statement_bytes)
    if statement.sealed is None:
        return path
    return open_payload(path.read_bytes(), statement, context.sealing.secret(statement.sealed.kid))
