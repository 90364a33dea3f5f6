"""The way in and out: password, second factor, one-time link."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, redirect, request
from markupsafe import Markup
from werkzeug.wrappers import Response as Redirect

from hub.domain.people import Person, Stage
from hub.domain.rights import Permission, needs
from hub.doors import DOOR_LIMIT, limiter
from hub.services.people.accounts import invited
from hub.services.people.second_factor import begin_enrolment, confirm_enrolment, give_code
from hub.services.people.sessions import Admission, end_session
from hub.services.people.signing_in import choose_password, sign_in
from hub.web.answers import html_answer, strict_headers
from hub.web.frame import Frame
from hub.web.people.contexts import FormPart, page_query, plain_frame, told_refusal
from hub.web.people.gate import desk, next_step, refusal_of, visitor
from hub.web.people.qr import qr_code
from hub.web.people.session import browser
from hub.web.texts import people as texts
from protocol.errors import KimError, kim_error
from protocol.texts import Text

blueprint = Blueprint("sign_in", __name__)
blueprint.after_request(strict_headers)

#: Where a login may lead: pages of this hub, and nothing that a browser could read as another host.
_ONWARD: Final = re.compile(r"/(arbeit|konto|lieferungen)(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class SignInPage:
    """Context of `sign_in.html`.

    Attributes:
        frame: what stands around the page.
        form: the form.
        provider: address of the login at the provider, or empty.
        login: what was typed as login, or empty.
    """

    frame: Frame
    form: FormPart
    provider: str
    login: str


@dataclass(frozen=True, slots=True)
class CodePage:
    """Context of `code.html`: the frame and the form."""

    frame: Frame
    form: FormPart


@dataclass(frozen=True, slots=True)
class FactorPage:
    """Context of `factor.html`.

    Attributes:
        frame: what stands around the page.
        form: the form.
        needed: whether the role demands it.
        qr: the QR code, an SVG element.
        secret: the key in groups of four, to be typed.
    """

    frame: Frame
    form: FormPart
    needed: bool
    qr: Markup
    secret: str


@dataclass(frozen=True, slots=True)
class CodesPage:
    """Context of `codes.html`: a title, the recovery codes, shown once, and where it goes on."""

    frame: Frame
    title: str
    codes: tuple[str, ...]
    onward: str


@dataclass(frozen=True, slots=True)
class WelcomePage:
    """Context of `welcome.html`.

    Attributes:
        frame: what stands around the page.
        form: the form.
        intro: the sentence with the login.
        login: of the account, for password managers.
        provider: address that binds the account to the provider's, or empty.
    """

    frame: Frame
    form: FormPart
    intro: str
    login: str
    provider: str


@blueprint.get("/anmelden")
@needs(Permission.SIGN_IN)
def sign_in_page() -> Response | Redirect:
    """The form; who has logged in goes on."""
    who = visitor()
    if who.bench or who.person is not None:
        return redirect(page_query(next_step(who)).url(), 303)
    return _sign_in_form(None)


@blueprint.post("/anmelden")
@needs(Permission.SIGN_IN)
@limiter.limit(DOOR_LIMIT)
def post_sign_in() -> Response | Redirect:
    """Log in with a password."""
    login, session = request.form.get("login", ""), browser()
    try:
        admission = sign_in(
            desk(),
            login,
            request.form.get("password", ""),
            old=session.token,
            device=session.device,
            network=request.remote_addr or "",
        )
    except KimError as error:
        return _sign_in_form(refusal_of(error), login=login)
    return admitted(admission)


@blueprint.get("/anmelden/code")
@needs(Permission.SIGN_IN)
def code_page() -> Response | Redirect:
    """Ask for the second factor."""
    if _waiting() is None:
        return redirect(page_query("/anmelden").url(), 303)
    return _code_form(None)


@blueprint.post("/anmelden/code")
@needs(Permission.SIGN_IN)
@limiter.limit(DOOR_LIMIT)
def post_code() -> Response | Redirect:
    """Finish a login with the second factor."""
    person, session = _waiting(), browser()
    if person is None or session.token is None:
        raise kim_error("login_required")
    try:
        admission = give_code(
            desk(),
            person,
            request.form.get("code", ""),
            old=session.token,
            device=session.device,
            network=request.remote_addr or "",
        )
    except KimError as error:
        return _code_form(refusal_of(error))
    return admitted(admission)


@blueprint.get("/anmelden/faktor")
@needs(Permission.SIGN_IN)
def factor_page() -> Response | Redirect:
    """Show the secret for an authenticator."""
    who = visitor()
    if who.person is None or who.person.has_second_factor:
        return redirect(page_query("/anmelden").url(), 303)
    return _factor_form(who.person, None)


@blueprint.post("/anmelden/faktor")
@needs(Permission.SIGN_IN)
@limiter.limit(DOOR_LIMIT)
def post_factor() -> Response:
    """Take an authenticator into use."""
    person, session = visitor().person, browser()
    if person is None or session.token is None:
        raise kim_error("login_required")
    if person.has_second_factor:
        raise kim_error("forbidden")
    try:
        admission, codes = confirm_enrolment(
            desk(),
            person,
            request.form.get("code", ""),
            old=session.token,
            device=session.device,
            network=request.remote_addr or "",
        )
    except KimError as error:
        return _factor_form(person, refusal_of(error))
    session.replace(admission.token, admission.device)
    return codes_answer(codes, page_query(_onward()).url())


def codes_answer(codes: tuple[str, ...], onward: str) -> Response:
    """Show recovery codes, this one time."""
    title = texts.CODES_TITLE.in_(page_query().language)
    return html_answer("codes.html", CodesPage(plain_frame(title), title, codes, onward), forms=True)


@blueprint.get("/einladung/<token>")
@needs(Permission.SIGN_IN)
@limiter.limit(DOOR_LIMIT)
def welcome_page(token: str) -> Response:
    """Let somebody choose a password with a one-time link."""
    return _welcome_form(invited(desk(), token), token, None)


@blueprint.post("/einladung/<token>")
@needs(Permission.SIGN_IN)
@limiter.limit(DOOR_LIMIT)
def post_welcome(token: str) -> Response | Redirect:
    """Choose a password, and log in."""
    person = invited(desk(), token)
    password, session = request.form.get("password", ""), browser()
    try:
        if password != request.form.get("repeated", ""):
            raise kim_error("bad_request", texts.PASSWORDS_DIFFER, remedy=texts.PASSWORD_HINT)
        admission = choose_password(desk(), token, password, old=session.token, device=session.device)
    except KimError as error:
        return _welcome_form(person, token, refusal_of(error))
    return admitted(admission)


@blueprint.post("/abmelden")
@needs(Permission.SIGN_IN)
def sign_out() -> Redirect:
    """Log out."""
    session = browser()
    if session.token is not None:
        end_session(desk(), session.token)
    session.end()
    return redirect(page_query("/").url(), 303)


def admitted(admission: Admission) -> Redirect:
    """Give the browser its new session and lead it on: to the second factor if that is owed."""
    browser().replace(admission.token, admission.device)
    if admission.stage is Stage.PASSWORD:
        path = "/anmelden/code" if admission.person.has_second_factor else "/anmelden/faktor"
        return redirect(_keeping_onward(path), 303)
    return redirect(page_query(_onward()).url(), 303)


def _waiting() -> Person | None:
    """Return whose login waits for a code."""
    who = visitor()
    person = who.person if who.stage is Stage.PASSWORD else None
    return person if person is not None and person.has_second_factor else None


def _onward() -> str:
    """Return where the login leads, among the pages of this hub."""
    wish = request.args.get("weiter", "")
    return wish if _ONWARD.fullmatch(wish) else "/arbeit"


def _keeping_onward(path: str) -> str:
    address, wish = page_query(path).url(), request.args.get("weiter", "")
    if not _ONWARD.fullmatch(wish):
        return address
    return f"{address}{'&' if '?' in address else '?'}weiter={wish}"


def _part(title: Text | str, action: str, error: KimError | None) -> FormPart:
    label = title if isinstance(title, str) else title.in_(page_query().language)
    return FormPart(label, action, told_refusal(error) if error else None)


def _status(error: KimError | None) -> int:
    return error.problem.status if error else 200


def _sign_in_form(error: KimError | None, *, login: str = "") -> Response:
    form = _part(texts.SIGN_IN, _keeping_onward("/anmelden"), error)
    provider = page_query("/anmelden/ministerium").url() if desk().settings.oidc_issuer else ""
    page = SignInPage(plain_frame(form.title), form, provider, login)
    return html_answer("sign_in.html", page, status=_status(error), forms=True)


def _code_form(error: KimError | None) -> Response:
    form = _part(texts.CODE_TITLE, _keeping_onward("/anmelden/code"), error)
    page = CodePage(plain_frame(form.title), form)
    return html_answer("code.html", page, status=_status(error), forms=True)


def _factor_form(person: Person, error: KimError | None) -> Response:
    form = _part(texts.FACTOR_TITLE, _keeping_onward("/anmelden/faktor"), error)
    enrolment = begin_enrolment(desk(), person, session=browser().token or "")
    groups = [enrolment.secret[start : start + 4] for start in range(0, len(enrolment.secret), 4)]
    page = FactorPage(
        frame=plain_frame(form.title),
        form=form,
        needed=person.needs_second_factor,
        qr=qr_code(enrolment.uri),
        secret=" ".join(groups),
    )
    return html_answer("factor.html", page, status=_status(error), forms=True)


def _welcome_form(person: Person, token: str, error: KimError | None) -> Response:
    query = page_query()
    form = _part(texts.WELCOME_TITLE.in_(query.language).format(person.name), query.url(), error)
    provider = query.to(f"/einladung/{token}/ministerium").url() if desk().settings.oidc_issuer else ""
    page = WelcomePage(
        frame=plain_frame(form.title),
        form=form,
        intro=texts.WELCOME_INTRO.in_(query.language).format(person.login),
        login=person.login,
        provider=provider,
    )
    return html_answer("welcome.html", page, status=_status(error), forms=True)
