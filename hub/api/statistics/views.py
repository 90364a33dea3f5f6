"""Routes of the statistics API, one per entry of the table; every answer can be cached and revalidated.

An answer that follows from a release asked for by number never changes and may be kept for good; all
others must be revalidated, because the published release may have been switched meanwhile.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, request

from hub.api.statistics import documents
from hub.api.statistics.csv_form import MEDIA_TYPE as CSV
from hub.api.statistics.csv_form import csv_of
from hub.api.statistics.openapi import PREFIX, openapi_document
from hub.api.statistics.operations import Operation, operations
from hub.api.statistics.parameters import dimensions_of, read_parameters
from hub.api.statistics.schemas import members_of
from hub.domain.rights import Permission, needs
from hub.services.statistics import EXTENSION, Statistics
from hub.services.statistics.paging import Cursor

blueprint = Blueprint("statistics", __name__, url_prefix=PREFIX)

JSON: Final = "application/json"
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_REVALIDATE: Final = "public, no-cache"


@blueprint.get("/openapi.json")
@needs(Permission.PUBLIC)
def description() -> Response:
    """The description of this interface."""
    return _answer(openapi_document(), fixed=False)


def _view(operation: Operation) -> Callable[[], Response]:
    @needs(Permission.PUBLIC)
    def view() -> Response:
        values = read_parameters(operation.parameters, request.args.to_dict(flat=False))
        statistics: Statistics = current_app.extensions[EXTENSION]
        number = values.get("release")
        if number is None and "cursor" in values:
            # A later page belongs to the release of the first one.
            number = Cursor.parse(str(values["cursor"])).release
        with statistics.reading(number if isinstance(number, int) else None) as reading:
            found = operation.handler(reading, values)
            document: dict[str, Any] = {
                "release": documents.release_reference(reading),
                "demo": statistics.demo,
                "data": found.data,
            }
            release = reading.release.number if reading.release else None
        if found.paged:
            document["next"] = found.next
        fixed = operation.fixed and "release" in values
        if operation.item is not None and _wants_csv(values.get("format")):
            table = csv_of(
                found.data,
                members=members_of(operation.item),
                dimensions=dimensions_of(statistics.catalogue),
                release=release,
            )
            response = _kept(table, CSV, fixed=fixed)
        else:
            response = _answer(document, fixed=fixed)
        if operation.item is not None:
            response.vary.add("Accept")
        if found.next is not None:
            response.headers["Link"] = f'<{_address_of(found.next)}>; rel="next"'
        return response

    return view


def _address_of(cursor: str) -> str:
    query = {name: value for name, value in request.args.items() if name != "cursor"}
    return f"{request.path}?{urlencode({**query, 'cursor': cursor}, safe=',')}"


def _wants_csv(chosen: object) -> bool:
    if chosen is not None:
        return chosen == "csv"
    return request.accept_mimetypes.best_match([JSON, CSV], default=JSON) == CSV


def _answer(document: dict[str, Any], *, fixed: bool) -> Response:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return _kept(body, JSON, fixed=fixed)


def _kept(body: bytes, media_type: str, *, fixed: bool) -> Response:
    response = Response(body, mimetype=media_type)
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    response.headers["Cache-Control"] = _FOR_GOOD if fixed else _REVALIDATE
    response.make_conditional(request)
    return response


for _item in operations():
    blueprint.add_url_rule(f"/{_item.id}", _item.id, _view(_item), methods=["GET"])
