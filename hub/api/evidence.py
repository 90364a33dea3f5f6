"""Evidence of a release: one document, or the statements and receipts one by one. Everybody may have it."""

from __future__ import annotations

import re
import threading
from typing import Final

from flask import Blueprint, Response, current_app, request

from hub.api.extracts import RELEASE_NUMBER
from hub.domain import ids
from hub.domain.rights import Permission, needs
from hub.services.context import EXTENSION, HubContext
from hub.services.extracts.evidence import (
    Wanted,
    areas_behind,
    evidence_of,
    receipt_of_acceptance,
    statement_of,
)
from protocol.dsse import PAYLOAD_TYPE_SUBMISSION
from protocol.errors import KimError, kim_error
from protocol.evidence import MEDIA_TYPE, TableRecord
from protocol.transparency.receipts import MEDIA_TYPE as RECEIPT
from protocol.transparency.receipts import SUFFIX

blueprint = Blueprint("evidence", __name__, url_prefix=f"/extracts/<{RELEASE_NUMBER}:number>")

#: Making evidence of a whole release takes seconds, and anybody may ask: others are to be answered meanwhile.
_TURNS: Final = threading.BoundedSemaphore(2)
#: What may be asked for, and how it is spelt.
_PARAMETERS: Final = {
    "dataset": re.compile(r"[A-Z][A-Z0-9_]{0,31}", re.ASCII),
    "period": re.compile(r"[0-9]{4}(?:-Q[1-4])?", re.ASCII),
    "area": re.compile(r"NW[0-9X]{1,9}", re.ASCII),
}


@blueprint.get("/evidence.json")
@needs(Permission.PUBLIC)
def get_evidence(number: int) -> Response:
    """Send the evidence of a release, whole or for some tables and areas (`dataset`, `period`, `area`).

    It is not kept by caches: as witnesses confirm newer states of the log, it is proven under those.
    """
    context = _context()
    wanted = _wanted(context)
    if not _TURNS.acquire(blocking=False):
        raise kim_error("busy")
    try:
        data = evidence_of(context, number, wanted)
    finally:
        _TURNS.release()
    return _file(data, MEDIA_TYPE, name=f"kim-nrw-release-{number}-evidence.json")


@blueprint.get("/statements/<identity>.dsse.json")
@needs(Permission.PUBLIC)
def get_statement(number: int, identity: str) -> Response:
    """Send a signed statement that the release cites."""
    found = ids.submission_id(identity)
    return _file(statement_of(_context(), number, found), PAYLOAD_TYPE_SUBMISSION, name=f"{found}.dsse.json")


@blueprint.get(f"/statements/<identity>{SUFFIX}")
@needs(Permission.PUBLIC)
def get_receipt(number: int, identity: str) -> Response:
    """Send the receipt that a statement which the release cites was accepted."""
    found = ids.submission_id(identity)
    return _file(receipt_of_acceptance(_context(), number, found), RECEIPT, name=f"{found}{SUFFIX}")


def _context() -> HubContext:
    context: HubContext = current_app.extensions[EXTENSION]
    return context


def _wanted(context: HubContext) -> Wanted | None:
    chosen: dict[str, str] = {}
    for name, pattern in _PARAMETERS.items():
        text = request.args.get(name)
        if text is not None:
            if not pattern.fullmatch(text):
                raise _refused(name)
            chosen[name] = text
    if not chosen:
        return None
    areas = areas_behind(context.tree, chosen["area"]) if "area" in chosen else None

    def wanted(table: TableRecord, area: str) -> bool:
        return (
            chosen.get("dataset", table.dataset) == table.dataset
            and chosen.get("period", table.period) == table.period
            and (areas is None or area in areas)
        )

    return wanted


def _file(data: bytes, media_type: str, *, name: str) -> Response:
    response = Response(data, mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-cache"
    return response


def _refused(name: str) -> KimError:
    return kim_error("bad_request", pointer=name)
