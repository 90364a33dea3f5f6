"""The one door that stands open before a node has a key: its self-signed request; and the change of keys."""

from flask import Blueprint, Response, current_app, jsonify, request

from hub.api.request_guard import unsigned
from hub.domain.rights import Permission, needs
from hub.doors import DOOR_LIMIT, limiter, was_refused
from hub.services.context import EXTENSION, HubContext
from hub.services.enrolment.requesting import Answer, request_enrolment, request_rotation
from protocol.enrolment import PAYLOAD_TYPE_ENROL, PAYLOAD_TYPE_ROTATION
from protocol.errors import kim_error

blueprint = Blueprint("enrolment", __name__, url_prefix="/v1")


@blueprint.post("/enrolments")
@needs(Permission.NODE)
@unsigned  # whoever asks has no key yet that the hub knows; the statement proves itself
@limiter.limit(DOOR_LIMIT, deduct_when=was_refused)
def post_enrolment() -> tuple[Response, int]:
    """Take a request with an invitation: 201 for a new one, 200 with its present state for a known one."""
    context: HubContext = current_app.extensions[EXTENSION]
    return _answer(request_enrolment(context, _body(context, PAYLOAD_TYPE_ENROL)))


@blueprint.post("/rotations")
@needs(Permission.NODE)
def post_rotation() -> tuple[Response, int]:
    """Take a change of keys: 201 for a new one, 200 with its present state for a known one."""
    context: HubContext = current_app.extensions[EXTENSION]
    return _answer(request_rotation(context, _body(context, PAYLOAD_TYPE_ROTATION)))


def _body(context: HubContext, media_type: str) -> bytes:
    if request.mimetype != media_type:
        raise kim_error("unsupported_media_type", pointer="/headers/Content-Type")
    if (request.content_length or 0) > context.settings.max_envelope_bytes:
        raise kim_error("too_large")
    return request.get_data(cache=False)


def _answer(answer: Answer) -> tuple[Response, int]:
    response = jsonify({"id": answer.enrolment.id, "state": answer.enrolment.state})
    response.headers["Cache-Control"] = "no-store"
    return response, 201 if answer.created else 200
