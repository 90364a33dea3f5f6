"""The node protocol, `/v1`: announce, send chunks, complete, look up.

The guard knows who is calling before a view runs, and a node sees and touches its own submissions only. An id
that was never announced is `not_found`, and so is another node's, and anything that is no id.
"""

from collections.abc import Iterable
from typing import Final

from flask import Blueprint, Response, current_app, jsonify, request

from hub.api.request_guard import caller
from hub.domain import ids
from hub.domain.rights import Permission, needs
from hub.services.context import EXTENSION, HubContext
from hub.services.intake.announcing import announce
from hub.services.intake.submission_status import heads_of, status_document, status_of
from hub.services.intake.uploading import cancel, complete, receive_chunk
from hub.store.records import Finding, Submission
from protocol.dsse import PAYLOAD_TYPE_SUBMISSION
from protocol.errors import kim_error
from protocol.request_signatures import CLIENT_HEADER

blueprint = Blueprint("submissions", __name__, url_prefix="/v1")

_OCTETS: Final = frozenset({"application/octet-stream", "application/vnd.apache.arrow.stream"})


def _context() -> HubContext:
    context: HubContext = current_app.extensions[EXTENSION]
    return context


@blueprint.post("/submissions")
@needs(Permission.NODE)
def post_submission() -> tuple[Response, int]:
    """Take an announcement: 201 for a new statement, 200 with its present state for a known one."""
    if request.mimetype != PAYLOAD_TYPE_SUBMISSION:
        raise kim_error("unsupported_media_type", pointer="/headers/Content-Type")
    context = _context()
    answer = announce(
        context,
        _body(context.settings.max_envelope_bytes),
        sender=caller().node,
        program=request.headers.get(CLIENT_HEADER, ""),
    )
    body = {
        **_summary(answer.submission),
        "missing": answer.missing,
        "chunk": answer.submission.chunk_bytes,
        "problem": answer.submission.problem,
    }
    return _fresh(body), 201 if answer.created else 200


@blueprint.put("/submissions/<submission_id>/chunks/<number>")
@needs(Permission.NODE)
def put_chunk(submission_id: str, number: str) -> Response:
    """Take chunk `number`: 204, again and again, as long as the bytes are the same."""
    identity = ids.submission_id(submission_id)
    if not (number.isascii() and number.isdigit() and len(number) <= 6):
        raise kim_error("not_found")
    if request.mimetype not in _OCTETS:
        raise kim_error("unsupported_media_type", pointer="/headers/Content-Type")
    context = _context()
    body = _body(context.settings.chunk_bytes)
    receive_chunk(context, identity, int(number), body=body, node_id=caller().node.id)
    return Response(status=204, headers={"Cache-Control": "no-store"})


@blueprint.post("/submissions/<submission_id>/complete")
@needs(Permission.NODE)
def post_complete(submission_id: str) -> tuple[Response, int]:
    """Finish an upload: 202, the decision follows."""
    identity, node_id = ids.submission_id(submission_id), caller().node.id
    return _fresh(_summary(complete(_context(), identity, node_id=node_id))), 202


@blueprint.delete("/submissions/<submission_id>")
@needs(Permission.NODE)
def delete_submission(submission_id: str) -> Response:
    """Take an upload back before it is complete: 204, again and again."""
    cancel(_context(), ids.submission_id(submission_id), node_id=caller().node.id)
    return Response(status=204, headers={"Cache-Control": "no-store"})


@blueprint.get("/submissions/<submission_id>")
@needs(Permission.NODE)
def get_submission(submission_id: str) -> Response:
    """Show where a submission stands and how it got there."""
    status = status_of(_context(), ids.submission_id(submission_id), node_id=caller().node.id)
    return _fresh(status_document(status))


@blueprint.get("/nodes/<node_id>/heads")
@needs(Permission.NODE)
def get_heads(node_id: str) -> Response:
    """Show the newest submission of each chain of the calling node, as a list."""
    if node_id != caller().node.id:
        raise kim_error("not_found")
    heads = heads_of(_context(), node_id)
    return _fresh(
        [
            {
                "area": head.area,
                "dataset": head.dataset,
                "period": head.period,
                "revision": head.revision,
                **_summary(head),
                "confirm": _confirm(findings),
            }
            for head, findings in heads
        ]
    )


def _body(most: int) -> bytes:
    """Return the body; more than `most` bytes are refused by their announced length, before reading."""
    length = request.content_length
    if length is not None and length > most:
        raise kim_error("too_large")
    return request.get_data()


def _summary(submission: Submission) -> dict[str, str]:
    return {"id": submission.id, "state": submission.state}


def _confirm(findings: Iterable[Finding]) -> list[dict[str, str | int]]:
    return [{"rule": finding.rule, "cells": finding.cells} for finding in findings]


def _fresh(body: object) -> Response:
    response = jsonify(body)
    response.headers["Cache-Control"] = "no-store"
    return response
