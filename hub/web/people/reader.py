"""Who reads a page, as its head shows it: name, the way to the work and out, or the way in."""

from __future__ import annotations

from dataclasses import dataclass

from flask_wtf.csrf import generate_csrf

from hub.domain.people import Stage
from hub.domain.rights import Permission
from hub.web.page_query import PageQuery
from hub.web.people.gate import visitor
from hub.web.people.session import browser
from hub.web.texts import people as texts

_WORK = (
    Permission.DELIVERIES_READ,
    Permission.DELIVERIES_OWN,
    Permission.NODES_READ,
    Permission.AUDIT_READ,
    Permission.PEOPLE_MANAGE,
)


@dataclass(frozen=True, slots=True)
class Reader:
    """What `base.html` shows of who reads.

    Attributes:
        name: of the person, or empty.
        role: of the account in words, or empty.
        bench: whether this is a test bench, and the page says so.
        work: address of the work, or empty for those who have none here.
        account: address of one's own account, or empty.
        sign_in: address of the login, or empty.
        sign_out: where the form that logs out goes, or empty.
        token: what forms carry, or empty where there are none.
    """

    name: str
    role: str
    bench: bool
    work: str
    account: str
    sign_in: str
    sign_out: str
    token: str


def nobody() -> Reader:
    """Return whom a page shows that must not ask who is reading."""
    return Reader("", "", bench=False, work="", account="", sign_in="", sign_out="", token="")


def reader_of(query: PageQuery, *, forms: bool = False) -> Reader:
    """Return what the page shows of who sends the present request.

    Args:
        query: the page, for links.
        forms: the page holds forms, so its reader gets a token even before a login.
    """
    who = visitor()
    if forms:
        browser().begin()
    person = who.person
    language = query.language

    def to(path: str) -> str:
        return PageQuery(language=language, path=path).url()

    works = person is None or who.stage is Stage.FULL
    return Reader(
        name=person.name if person else "",
        role=texts.ROLES[person.role].in_(language) if person else "",
        bench=who.bench,
        work=to("/arbeit") if works and any(who.may(permission) for permission in _WORK) else "",
        account=to("/konto") if who.may(Permission.ACCOUNT) else "",
        sign_in=to("/anmelden") if person is None and not who.bench else "",
        sign_out=to("/abmelden") if person else "",
        token=generate_csrf() if forms or person else "",
    )
