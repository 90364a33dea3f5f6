"""Who may do what, as one table; each view names the permission it needs, and nothing else decides.

Invariants: what is in no row is forbidden; a view without a mark is served to nobody once there are accounts
(`hub.web.people.gate`). The table in the documentation is rendered from `RIGHTS`; a test compares the two and
walks every route as every role.

Public statistics are public. The node protocol is authenticated by what nodes sign, not by accounts: a
person's session opens nothing there.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar


class Role(StrEnum):
    """What an account is for. An account has one role for good; who has two tasks has two accounts.

    `ministry`: runs the statistics: asks back, closes periods. `officer`: stands for the directory of nodes
    and keys. `auditor`: reads what everybody did. `municipality`: sees the deliveries of its own areas.
    `researcher`: reads what is published. `admin`: looks after accounts, and after nothing else.
    """

    MINISTRY = "ministry"
    OFFICER = "officer"
    AUDITOR = "auditor"
    MUNICIPALITY = "municipality"
    RESEARCHER = "researcher"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a view needs.

    `public`: nothing, anybody may read it. `sign_in`: nothing, it is how one logs in. `node`: a signature of
    a node (or the self-signed first request of an enrolment), checked elsewhere. `account`: any account,
    about itself only. `work`: the page that leads to all others. `deliveries.read`, `deliveries.own`: what
    was delivered and what does not fit, of all areas or of the account's own. `findings.confirm`,
    `periods.close`, `nodes.suspend`: acts. `nodes.read`: the directory. `audit.read`: who did what.
    `people.manage`: accounts.
    """

    PUBLIC = "public"
    SIGN_IN = "sign_in"
    NODE = "node"
    ACCOUNT = "account"
    WORK = "work"
    DELIVERIES_READ = "deliveries.read"
    DELIVERIES_OWN = "deliveries.own"
    FINDINGS_CONFIRM = "findings.confirm"
    PERIODS_CLOSE = "periods.close"
    NODES_READ = "nodes.read"
    NODES_SUSPEND = "nodes.suspend"
    AUDIT_READ = "audit.read"
    PEOPLE_MANAGE = "people.manage"


_P = Permission

#: Needs no account: the request is judged by other means, or not at all.
OPEN: Final = frozenset({_P.PUBLIC, _P.SIGN_IN, _P.NODE})

_ANYBODY: Final = frozenset({_P.ACCOUNT, _P.WORK})

RIGHTS: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.MINISTRY: frozenset(
            {
                *_ANYBODY,
                _P.DELIVERIES_READ,
                _P.DELIVERIES_OWN,
                _P.FINDINGS_CONFIRM,
                _P.PERIODS_CLOSE,
                _P.NODES_READ,
            }
        ),
        Role.OFFICER: frozenset({*_ANYBODY, _P.NODES_READ, _P.NODES_SUSPEND, _P.AUDIT_READ}),
        Role.AUDITOR: frozenset(
            {*_ANYBODY, _P.DELIVERIES_READ, _P.DELIVERIES_OWN, _P.NODES_READ, _P.AUDIT_READ}
        ),
        Role.MUNICIPALITY: frozenset({*_ANYBODY, _P.DELIVERIES_OWN}),
        Role.RESEARCHER: _ANYBODY,
        Role.ADMIN: frozenset({*_ANYBODY, _P.PEOPLE_MANAGE}),
    }
)

#: Must have a second factor before anything else.
TWO_FACTORS: Final = frozenset({Role.OFFICER, Role.ADMIN})

#: What a test bench leaves open to whoever sits at the machine: everything that needs no account.
BENCH: Final = frozenset({*Permission} - {_P.ACCOUNT, _P.PEOPLE_MANAGE})


def allows(role: Role, permission: Permission) -> bool:
    """Whether an account of this role may do that."""
    return permission in OPEN or permission in RIGHTS[role]


def rights_table() -> str:
    """Return the table in Markdown, for the documentation."""
    lines = [
        "| | " + " | ".join(Role) + " |",
        "|---|" + "---|" * len(Role),
    ]
    for permission in Permission:
        if permission not in OPEN:
            marks = ("yes" if permission in RIGHTS[role] else "" for role in Role)
            lines.append(f"| `{permission}` | " + " | ".join(marks) + " |")
    return "\n".join(lines)


_MARK: Final = "kim_permission"
_View = TypeVar("_View", bound=Callable[..., object])


def needs(permission: Permission) -> Callable[[_View], _View]:
    """Mark a view with the permission it needs; the gate reads the mark.

    Example:
        @blueprint.get("/lieferungen")
        @needs(Permission.PUBLIC)
        def deliveries() -> Response: ...
    """

    def mark(view: _View) -> _View:
        setattr(view, _MARK, permission)
        return view

    return mark


def needed_by(view: Callable[..., object]) -> Permission | None:
    """Return the permission that a view was marked with, or None."""
    found: Permission | None = getattr(view, _MARK, None)
    return found
