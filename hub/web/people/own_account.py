"""One's own account: what it may, its password, its sessions, its recovery codes."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, request

from hub.domain.people import Person
from hub.domain.rights import Permission, needs
from hub.doors import DOOR_LIMIT, limiter
from hub.services.people.second_factor import new_recovery_codes, recovery_codes_left
from hub.services.people.sessions import end_other_sessions, sessions_of
from hub.services.people.signing_in import change_password
from hub.web.answers import html_answer, strict_headers
from hub.web.frame import Frame
from hub.web.numbers import moment_of
from hub.web.people.contexts import Told, page_query, plain_frame, told_done, told_refusal
from hub.web.people.gate import desk, refusal_of, visitor
from hub.web.people.session import browser
from hub.web.people.sign_in import codes_answer
from hub.web.texts import people as texts
from protocol.errors import KimError, kim_error
from protocol.regions import areas_by_id

blueprint = Blueprint("own_account", __name__, url_prefix="/konto")
blueprint.after_request(strict_headers)


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session: when it began, when it was used last, whether it is this one."""

    began: str
    seen: str
    current: bool


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Context of `account.html`.

    Attributes:
        frame: what stands around the page.
        told: what came of the form that was sent, or None.
        person: whose account it is.
        role: in words.
        areas: names of the areas it sees.
        by: how its person logs in.
        factor: state of the second factor.
        factor_url: where one is set up, or empty if there is one.
        sessions: all of them, the newest first.
        password_url: where the form for the password goes; empty if there is none.
        sessions_url: where the form that ends sessions goes.
        codes_url: where the form for new recovery codes goes; empty without a second factor.
    """

    frame: Frame
    told: Told | None
    person: Person
    role: str
    areas: tuple[str, ...]
    by: str
    factor: str
    factor_url: str
    sessions: tuple[SessionLine, ...]
    password_url: str
    sessions_url: str
    codes_url: str


@blueprint.get("")
@needs(Permission.ACCOUNT)
def account_page() -> Response:
    """Show the account."""
    return _answer(None)


@blueprint.post("/kennwort")
@needs(Permission.ACCOUNT)
@limiter.limit(DOOR_LIMIT)
def post_password() -> Response:
    """Change the password."""
    session, new = browser(), request.form.get("password", "")
    try:
        if new != request.form.get("repeated", ""):
            raise kim_error("bad_request", texts.PASSWORDS_DIFFER, remedy=texts.PASSWORD_HINT)
        admission = change_password(
            desk(),
            _person(),
            request.form.get("current", ""),
            new,
            old=session.token or "",
            device=session.device,
            network=request.remote_addr or "",
        )
    except KimError as error:
        return _answer(told_refusal(refusal_of(error)), status=error.problem.status)
    session.replace(admission.token, admission.device)
    return _answer(told_done(texts.PASSWORD_CHANGED))


@blueprint.post("/sitzungen")
@needs(Permission.ACCOUNT)
def post_sessions() -> Response:
    """End all other sessions."""
    end_other_sessions(desk(), _person(), browser().token or "")
    return _answer(told_done(texts.SESSIONS_ENDED))


@blueprint.post("/codes")
@needs(Permission.ACCOUNT)
@limiter.limit(DOOR_LIMIT)
def post_codes() -> Response:
    """Make new recovery codes."""
    code, network = request.form.get("code", ""), request.remote_addr or ""
    try:
        codes = new_recovery_codes(desk(), _person(), code, network=network)
    except KimError as error:
        return _answer(told_refusal(refusal_of(error)), status=error.problem.status)
    return codes_answer(codes, page_query("/konto").url())


def _person() -> Person:
    person = visitor().person
    if person is None:
        raise kim_error("login_required")
    return person


def _answer(told: Told | None, *, status: int = 200) -> Response:
    query, person = page_query("/konto"), _person()
    language = query.language
    left = recovery_codes_left(desk(), person)
    page = AccountPage(
        frame=plain_frame(texts.ACCOUNT.in_(language)),
        told=told,
        person=person,
        role=texts.ROLES[person.role].in_(language),
        areas=tuple(areas_by_id()[a].name if a in areas_by_id() else a for a in person.areas),
        by=(texts.BY_PROVIDER if person.has_provider else texts.BY_PASSWORD).in_(language),
        factor=(texts.FACTOR_ON if person.has_second_factor else texts.FACTOR_OFF).in_(language).format(left),
        factor_url="" if person.has_second_factor else query.to("/anmelden/faktor").url(),
        sessions=tuple(
            SessionLine(moment_of(one.began, language), moment_of(one.seen, language), one.current)
            for one in sessions_of(desk(), person, browser().token or "")
        ),
        password_url=query.to("/konto/kennwort").url() if person.has_password else "",
        sessions_url=query.to("/konto/sitzungen").url(),
        codes_url=query.to("/konto/codes").url() if person.has_second_factor else "",
    )
    return html_answer("account.html", page, status=status, forms=True)
