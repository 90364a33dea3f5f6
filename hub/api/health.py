"""`/healthz`: the process answers. `/readyz`: it can also work: database, schema, log, signer, sandbox."""

from flask import Blueprint, Response, current_app, jsonify

from hub.domain.rights import Permission, needs
from hub.services.context import EXTENSION, HubContext
from hub.services.operation.readiness import not_ready_because

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@needs(Permission.PUBLIC)
def get_health() -> Response:
    """Answer, always."""
    return jsonify({"status": "ok"})


@blueprint.get("/readyz")
@needs(Permission.PUBLIC)
def get_readiness() -> tuple[Response, int]:
    """Answer 200, or 503 with the parts that fail."""
    context: HubContext = current_app.extensions[EXTENSION]
    failing = not_ready_because(context)
    status = {"status": "not ready" if failing else "ready", "failing": failing}
    return jsonify(status), 503 if failing else 200
