"""The audit trail: who did what, filtered, and as a file; that somebody took the file stands in it, too."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from hub.domain.rights import Permission, needs
from hub.services.people.desk import PeopleDesk
from hub.store.tables.audit_trail import AuditEvent, AuditFilter
from hub.web.answers import html_answer, strict_headers
from hub.web.exports.csv_file import MEDIA_TYPE
from hub.web.exports.table import harmless
from hub.web.frame import Frame
from hub.web.numbers import moment_of
from hub.web.page_query import refused_parameter
from hub.web.people.contexts import WorkFrame, page_query, work_frame
from hub.web.people.gate import desk, visitor
from hub.web.texts import people as texts

blueprint = Blueprint("audit", __name__, url_prefix="/arbeit")
blueprint.after_request(strict_headers)

_PAGE: Final = 100
_BATCH: Final = 1000
_GERMANY: Final = ZoneInfo("Europe/Berlin")
_FIRST_YEAR, _LAST_YEAR = 2000, 2999
_COLUMNS: Final = ("id", "at", "actor", "action", "subject", "detail")
_ASKED: Final = ("actor", "action", "subject", "since", "until")


@dataclass(frozen=True, slots=True)
class EventLine:
    """One act: when, who, what, of what, and the details as names and texts."""

    at: str
    actor: str
    action: str
    subject: str
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Context of `audit.html`.

    Attributes:
        frame: what stands around the page.
        work: what every page of the workspace has.
        asked: the filter as typed, by parameter.
        actions: what can be asked for.
        events: the newest first.
        older: address of the next page, or empty.
        export: address of all of them as CSV.
        here: address of the form.
        language: of the page, if it is not German.
    """

    frame: Frame
    work: WorkFrame
    asked: Mapping[str, str]
    actions: tuple[str, ...]
    events: tuple[EventLine, ...]
    older: str
    export: str
    here: str
    language: str


@blueprint.get("/protokoll")
@needs(Permission.AUDIT_READ)
def audit_page() -> Response:
    """Show what happened."""
    query = page_query()
    asked = {name: request.args.get(name, "").strip() for name in _ASKED}
    wanted = _filter(asked)
    with desk().database.read() as unit:
        found = unit.trail.page(wanted, before=_before(), limit=_PAGE + 1)
        actions = unit.trail.actions()
    given = {name: value for name, value in asked.items() if value}
    language = "" if query.language == "de" else query.language
    more = {**given, "before": str(found[_PAGE - 1].id)} if len(found) > _PAGE else {}
    frame, work = work_frame(texts.WORK_AUDIT)
    page = AuditPage(
        frame=frame,
        work=work,
        asked=asked,
        actions=tuple(actions),
        events=tuple(_line(event, query.language) for event in found[:_PAGE]),
        older=_address(request.path, more | ({"lang": language} if language else {})) if more else "",
        export=_address("/arbeit/protokoll.csv", given),
        here=request.path,
        language=language,
    )
    return html_answer("audit.html", page, forms=True)


@blueprint.get("/protokoll.csv")
@needs(Permission.AUDIT_READ)
def audit_export() -> Response:
    """Send everything that fits, and write down that it was sent."""
    asked = {name: request.args.get(name, "").strip() for name in _ASKED}
    wanted, here, actor = _filter(asked), desk(), visitor().actor
    with here.database.write() as unit:
        names = sorted(name for name, value in asked.items() if value)
        unit.audit("audit.exported", "csv", at=here.clock.now(), actor=actor, detail={"filtered_by": names})
    response = Response(_csv(here, wanted), content_type=MEDIA_TYPE)
    response.headers["Content-Disposition"] = 'attachment; filename="kim-protokoll.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _csv(here: PeopleDesk, wanted: AuditFilter) -> Iterator[bytes]:
    """Yield the file in batches: a trail of years does not lie in the memory."""
    yield _row(_COLUMNS)
    before: int | None = None
    while True:
        with here.database.read() as unit:
            batch = unit.trail.page(wanted, before=before, limit=_BATCH)
        if not batch:
            return
        before = batch[-1].id
        for event in batch:
            detail = json.dumps(event.detail, ensure_ascii=False, sort_keys=True)
            yield _row(
                (str(event.id), event.at.isoformat(), event.actor, event.action, event.subject, detail)
            )


def _row(values: Iterable[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow([harmless(value) for value in values])
    return text.getvalue().encode("utf-8")


def _filter(asked: Mapping[str, str]) -> AuditFilter:
    until = _day("until", asked["until"])
    return AuditFilter(
        actor=asked["actor"],
        action=asked["action"],
        subject=asked["subject"],
        since=_day("since", asked["since"]),
        until=until + dt.timedelta(days=1) if until else None,
    )


def _day(name: str, text: str) -> dt.datetime | None:
    """Return the beginning of a day in Germany."""
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise refused_parameter(name) from None
    # Beyond these, days and offsets are added to what no calendar holds any more.
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise refused_parameter(name)
    return dt.datetime.combine(day, dt.time(), _GERMANY)


def _before() -> int | None:
    text = request.args.get("before", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise refused_parameter("before")
    return int(text)


def _line(event: AuditEvent, language: str) -> EventLine:
    details = tuple(
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in sorted(event.detail.items())
    )
    at = moment_of(event.at, language, seconds=True)
    return EventLine(at, event.actor, event.action, event.subject, details)


def _address(path: str, parameters: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(parameters)}" if parameters else path
