"""Accounts: who may log in as what; made, disabled and reset by those who look after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Response, request

from hub.domain.people import Person
from hub.domain.rights import Permission, Role, needs
from hub.services.people.accounts import (
    Invitation,
    NewPerson,
    add_person,
    disable_person,
    people,
    reset_person,
)
from hub.web.answers import html_answer, strict_headers
from hub.web.frame import Frame
from hub.web.numbers import moment_of
from hub.web.people.contexts import Told, WorkFrame, page_query, told_done, told_refusal, work_frame
from hub.web.people.gate import desk, refusal_of, visitor
from hub.web.texts import people as texts
from protocol.errors import KimError, kim_error
from protocol.texts import Text

blueprint = Blueprint("accounts", __name__, url_prefix="/arbeit/konten")
blueprint.after_request(strict_headers)

_TYPED: Final = ("login", "name", "role", "areas")


@dataclass(frozen=True, slots=True)
class PersonLine:
    """An account in the list.

    Attributes:
        login: its login.
        name: of the person.
        role: in words.
        areas: ids of its areas.
        state: in words.
        factor: whether it has a second factor, in words.
        last: when it was used last, or empty.
        disable: where the form that disables it goes; empty if it is disabled.
        reset: where the form that resets it goes.
    """

    login: str
    name: str
    role: str
    areas: str
    state: str
    factor: str
    last: str
    disable: str
    reset: str


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Context of `people.html`.

    Attributes:
        frame: what stands around the page.
        work: what every page of the workspace has.
        people: all accounts.
        roles: id and words of the roles.
        action: where the form for a new account goes.
        typed: what was typed into it, if it was refused.
    """

    frame: Frame
    work: WorkFrame
    people: tuple[PersonLine, ...]
    roles: tuple[tuple[str, str], ...]
    action: str
    typed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """Context of `invitation.html`: the one-time link, shown once, and the way back."""

    frame: Frame
    work: WorkFrame
    link: str
    back: str


@blueprint.get("")
@needs(Permission.PEOPLE_MANAGE)
def people_page() -> Response:
    """Show all accounts."""
    return _people(None)


@blueprint.post("")
@needs(Permission.PEOPLE_MANAGE)
def post_person() -> Response:
    """Make an account."""
    typed = {name: request.form.get(name, "") for name in _TYPED}
    try:
        if typed["role"] not in set(Role):
            raise kim_error("bad_request", pointer="/role")
        wanted = NewPerson(typed["login"], typed["name"], Role(typed["role"]), tuple(typed["areas"].split()))
        invitation = add_person(desk(), wanted, actor=visitor().actor)
    except KimError as error:
        return _people(told_refusal(refusal_of(error)), status=error.problem.status, typed=typed)
    return _invitation(invitation)


@blueprint.post("/<login>/sperren")
@needs(Permission.PEOPLE_MANAGE)
def post_disable(login: str) -> Response:
    """Disable an account."""
    try:
        person = disable_person(desk(), login, actor=visitor().actor)
    except KimError as error:
        return _people(told_refusal(refusal_of(error)), status=error.problem.status)
    return _people(told_done(texts.PERSON_WAS_DISABLED, person.login))


@blueprint.post("/<login>/zuruecksetzen")
@needs(Permission.PEOPLE_MANAGE)
def post_reset(login: str) -> Response:
    """Give somebody a new one-time link."""
    second_factor = request.form.get("second_factor") == "yes"
    return _invitation(reset_person(desk(), login, actor=visitor().actor, second_factor=second_factor))


def state_of(person: Person) -> Text:
    """Return whether an account is in use, was made and not used yet, or is disabled."""
    if not person.active:
        return texts.PERSON_DISABLED
    return texts.PERSON_ACTIVE if person.has_password or person.has_provider else texts.PERSON_INVITED


def _people(told: Told | None, *, status: int = 200, typed: Mapping[str, str] | None = None) -> Response:
    query = page_query("/arbeit/konten")
    language = query.language
    lines = [
        PersonLine(
            login=one.login,
            name=one.name,
            role=texts.ROLES[one.role].in_(language),
            areas=" ".join(one.areas),
            state=state_of(one).in_(language),
            factor=(texts.PERSON_YES if one.has_second_factor else texts.PERSON_NO).in_(language),
            last=moment_of(one.last_login_at, language) if one.last_login_at else "",
            disable=query.to(f"/arbeit/konten/{one.login}/sperren").url() if one.active else "",
            reset=query.to(f"/arbeit/konten/{one.login}/zuruecksetzen").url(),
        )
        for one in people(desk())
    ]
    frame, work = work_frame(texts.WORK_PEOPLE, told)
    page = PeoplePage(
        frame=frame,
        work=work,
        people=tuple(lines),
        roles=tuple((role.value, text.in_(language)) for role, text in texts.ROLES.items()),
        action=query.url(),
        typed=typed or dict.fromkeys(_TYPED, ""),
    )
    return html_answer("people.html", page, status=status, forms=True)


def _invitation(invitation: Invitation) -> Response:
    query = page_query("/arbeit/konten")
    frame, work = work_frame(texts.INVITATION_TITLE.in_(query.language).format(invitation.person.name))
    base = (desk().settings.public_url or request.host_url).rstrip("/")
    page = InvitationPage(frame, work, f"{base}/einladung/{invitation.token}", query.url())
    return html_answer("invitation.html", page, forms=True)
