"""The log, `/log`: signed state and tiles for anybody; and what nodes bring and fetch, under `/v1`.

Tiles and entries never change: they may be kept by every cache on the way, for ever.
"""

from typing import Final

from flask import Blueprint, Response, current_app, request

from hub.api.request_guard import caller, unsigned
from hub.domain import ids
from hub.domain.rights import Permission, needs
from hub.doors import DOOR_LIMIT, limiter, was_refused
from hub.services.context import EXTENSION, HubContext
from hub.services.transparency.reading import newest_checkpoint, tile_bytes
from hub.services.transparency.receipts import receipt_of
from hub.services.transparency.witnessing import take_cosignatures
from protocol.errors import KimError, kim_error
from protocol.transparency.notes import MAX_NOTE_BYTES
from protocol.transparency.receipts import MEDIA_TYPE
from protocol.transparency.tiles import Tile

blueprint = Blueprint("log", __name__)

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_TEXT: Final = "text/plain"


def _context() -> HubContext:
    context: HubContext = current_app.extensions[EXTENSION]
    return context


@blueprint.get("/log/checkpoint")
@needs(Permission.PUBLIC)
def get_checkpoint() -> Response:
    """Show the newest signed state of the log, with cosignatures."""
    return _answer(newest_checkpoint(_context()), media=MEDIA_TYPE, cache="no-cache")


@blueprint.get("/log/tile/<level>/<path:place>")
@needs(Permission.PUBLIC)
def get_tile(level: str, place: str) -> Response:
    """Show a tile of hashes, or a bundle of entries (level `entries`)."""
    try:
        tile = Tile.parse(level, place)
    except KimError:
        raise kim_error("not_found") from None
    return _answer(tile_bytes(_context(), tile), media="application/octet-stream", cache=_FOR_EVER)


@blueprint.get("/v1/submissions/<submission_id>/receipt")
@needs(Permission.NODE)
def get_receipt(submission_id: str) -> Response:
    """Give the receipt of the newest event of a submission; `?stage=received` of the first one."""
    stage = request.args.get("stage")
    if stage not in (None, "received"):
        raise kim_error("bad_request", pointer="/query/stage")
    receipt = receipt_of(
        _context(),
        ids.submission_id(submission_id),
        node_id=caller().node.id,
        first=stage is not None,
    )
    return _answer(receipt, media=MEDIA_TYPE, cache="no-store")


@blueprint.post("/v1/witness")
@needs(Permission.NODE)
@unsigned  # a witness from outside has no key for requests; what it brings is judged by its own signature
@limiter.limit(DOOR_LIMIT, deduct_when=was_refused)
def post_witness() -> Response:
    """Take a signed state with cosignatures: 204."""
    if request.mimetype != _TEXT:
        raise kim_error("unsupported_media_type", pointer="/headers/Content-Type")
    if (request.content_length or 0) > MAX_NOTE_BYTES:
        raise kim_error("too_large")
    take_cosignatures(_context(), request.get_data(cache=False))
    return Response(status=204, headers={"Cache-Control": "no-store"})


def _answer(data: bytes, *, media: str, cache: str) -> Response:
    return Response(data, content_type=media, headers={"Cache-Control": cache})
