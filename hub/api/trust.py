"""`/trust/`: the officers' repository, read-only, for everybody and unsigned: it is what trust begins with.

Only names of the agreed form are looked up; there is no path in them that could lead elsewhere. All files but
the pointer have version or digest in their names and never change.
"""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, current_app, request

from hub.domain.rights import Permission, needs
from hub.services.context import EXTENSION, HubContext
from hub.services.trust.repository import Repository
from protocol.errors import kim_error

blueprint = Blueprint("trust", __name__)

_POINTER: Final = "timestamp.json"
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
#: A proxy may not keep the pointer: what it keeps looks like somebody holding back newer states.
_NEVER: Final = "no-cache"


@blueprint.get("/trust/metadata/<name>")
@needs(Permission.PUBLIC)
def get_trust_metadata(name: str) -> Response:
    """Send the metadata of a role."""
    return _send("metadata", name)


@blueprint.get("/trust/targets/<path:name>")
@needs(Permission.PUBLIC)
def get_trust_target(name: str) -> Response:
    """Send a document that the officers have signed."""
    return _send("targets", name)


def _send(kind: str, name: str) -> Response:
    context: HubContext = current_app.extensions[EXTENSION]
    path = Repository(context.settings).served(kind, name)
    if path is None:
        raise kim_error("not_found")
    response = Response(path.read_bytes(), mimetype="application/json")
    response.headers["Cache-Control"] = _NEVER if name == _POINTER else _FOR_GOOD
    response.add_etag()
    response.make_conditional(request)
    return response
