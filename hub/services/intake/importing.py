"""Take a delivery that came as files: through the same door, the same checks and the same states as by HTTP.

Only the proof of who is calling is missing, and nothing rests on it: the statement says who delivers. What
was begun by HTTP may be finished from a stick, and the other way round.
"""

from collections.abc import Callable
from typing import BinaryIO

from hub.services.context import HubContext
from hub.services.intake.announcing import announce
from hub.services.intake.submission_status import status_document, status_of
from hub.services.intake.uploading import complete, receive_chunk
from hub.store.records import Submission
from protocol.bundle import Result, payload_file
from protocol.errors import KimError, kim_error
from protocol.problem_documents import problem_document
from protocol.texts import Text

#: Gives the bytes with a digest, or None if nobody brought them.
Payloads = Callable[[str], BinaryIO | None]


def import_delivery(context: HubContext, envelope: bytes, payloads: Payloads) -> Submission:
    """Take one delivery; again and again, it is taken once.

    Args:
        context: the hub.
        envelope: the signed statement, as it was brought.
        payloads: where the bytes are that it names.

    Returns:
        The submission as it stands now.

    Raises:
        KimError: whatever announcing, receiving and completing refuse; `incomplete_upload` if the bytes were
            not brought.
    """
    announced = announce(context, envelope, sender=None)
    submission = announced.submission
    if announced.missing:
        stream = payloads(submission.payload_sha256)
        if stream is None:
            raise _not_brought(submission.payload_sha256)
        with stream:
            _receive(context, submission, announced.missing, stream)
    return complete(context, submission.id, node_id=submission.node_id)


def result_of(context: HubContext, submission: Submission) -> Result:
    """Return what is written beside the files of a delivery that was taken."""
    status = status_of(context, submission.id, node_id=submission.node_id)
    return Result(context.settings.audience, status_document(status), None)


def refusal_of(context: HubContext, error: KimError) -> Result:
    """Return what is written beside the files of a delivery that was turned away."""
    return Result(context.settings.audience, None, problem_document(error))


def _receive(context: HubContext, submission: Submission, missing: list[list[int]], stream: BinaryIO) -> None:
    plan = submission.plan
    for first, last in missing:
        for n in range(first, last + 1):
            stream.seek(n * submission.chunk_bytes)
            body = stream.read(plan.length_of(n))
            receive_chunk(context, submission.id, n, body=body, node_id=submission.node_id)


def _not_brought(sha256: str) -> KimError:
    name = payload_file(sha256)
    return kim_error(
        "incomplete_upload",
        Text(f"Zur Erklärung fehlt die Datei {name}.", f"The file {name} of the statement is missing."),
        remedy=Text(
            "Die Datei in denselben Ordner legen und noch einmal importieren.",
            "Put the file into the same folder and import again.",
        ),
    )
