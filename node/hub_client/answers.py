"""What the hub says about submissions, as values; answers are checked before anything acts on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from node.hub_client.wording import refusal_of
from protocol.catalogue import AUDIT_RULE
from protocol.errors import KimError, kim_error
from protocol.strict_json import JsonValue
from protocol.submission_states import SubmissionState
from protocol.texts import Text

STATES: Final = frozenset(SubmissionState)
ENROLMENT_STATES: Final = frozenset({"pending", "approved", "active", "refused"})
MAX_CHUNK_BYTES: Final = 1 << 20
_STATEMENT_ID: Final = re.compile(r"[0-9a-f]{64}")
_AREA: Final = re.compile(r"NW[0-9X]{2,12}", re.ASCII)
_DATASET: Final = re.compile(r"[A-Z][A-Z0-9_]{0,31}", re.ASCII)
_RULE: Final = re.compile(r"[A-Z][A-Z0-9_]{0,31}", re.ASCII)
_NOTICE: Final = re.compile(r"(key_expires|key_retiring);days=([0-9]{1,3})", re.ASCII)
_PERIOD: Final = re.compile(r"[0-9A-Z-]{4,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SubmissionView:
    """A submission as the hub sees it.

    Attributes:
        id: statement id.
        state: one of :data:`STATES`.
        missing: ranges of chunk numbers still to be sent, first and last included; ascending and disjoint.
        chunk_bytes: size of a chunk; None where the answer does not say.
        problem: why it was rejected, or None.
    """

    id: str
    state: str
    missing: tuple[tuple[int, int], ...] = ()
    chunk_bytes: int | None = None
    problem: KimError | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The newest revision of one area, dataflow and period that the hub holds for a node.

    Attributes:
        area: its area.
        dataset: its dataflow.
        period: its period.
        revision: number of the revision.
        id: statement id.
        state: one of :data:`STATES`.
        confirm: rules that its figures do not fit, to be confirmed; empty from a hub that does not tell.
    """

    area: str
    dataset: str
    period: str
    revision: int
    id: str
    state: str
    confirm: tuple[str, ...] = ()

    @property
    def held_back(self) -> bool:
        """Whether it was accepted but counts for nothing yet, by the hub's own audit (SPEC P-65)."""
        return AUDIT_RULE in self.confirm


@dataclass(frozen=True, slots=True)
class Notice:
    """What a hub tells a node about the key it uses (SPEC P-157).

    Attributes:
        code: ``key_expires`` or ``key_retiring``.
        days: whole days until it is no longer valid.
    """

    code: str
    days: int


def read_notice(header: str | None) -> Notice | None:
    """Read the field ``Kim-Notice``; what has another form says nothing to this version."""
    form = _NOTICE.fullmatch(header or "")
    return None if form is None else Notice(form[1], int(form[2]))


def enrolment_state(value: JsonValue, *, expected_id: str) -> str:
    """Read how a request to enter keys stands.

    Raises:
        KimError: ``unsupported_version`` if the answer has another form or is about another request.
    """
    state = value.get("state") if isinstance(value, dict) and value.get("id") == expected_id else None
    if not isinstance(state, str) or state not in ENROLMENT_STATES:
        raise _not_understood()
    return state


def submission_view(value: JsonValue, *, expected_id: str) -> SubmissionView:
    """Read the answer about one submission.

    Args:
        value: parsed JSON.
        expected_id: the submission that was asked about.

    Returns:
        The view.

    Raises:
        KimError: ``unsupported_version`` if the answer has another form or is about another submission.
    """
    if not isinstance(value, dict):
        raise _not_understood()
    state, chunk, problem = value.get("state"), value.get("chunk"), value.get("problem")
    if value.get("id") != expected_id or not isinstance(state, str) or state not in STATES:
        raise _not_understood()
    if chunk is not None and not (isinstance(chunk, int) and 1 <= chunk <= MAX_CHUNK_BYTES):
        raise _not_understood()
    if problem is not None and not isinstance(problem, dict):
        raise _not_understood()
    return SubmissionView(
        id=expected_id,
        state=state,
        missing=_ranges(value.get("missing")),
        chunk_bytes=chunk,
        problem=refusal_of(problem) if problem else None,
    )


def heads(value: JsonValue) -> tuple[Head, ...]:
    """Read the list of newest revisions.

    Raises:
        KimError: ``unsupported_version`` if the answer has another form.
    """
    if not isinstance(value, list):
        raise _not_understood()
    return tuple(_head(item) for item in value)


def _head(item: JsonValue) -> Head:
    if not isinstance(item, dict):
        raise _not_understood()
    dataset, period, revision = item.get("dataset"), item.get("period"), item.get("revision")
    area, identity, state = item.get("area"), item.get("id"), item.get("state")
    if not (
        isinstance(area, str)
        and _AREA.fullmatch(area)
        and isinstance(dataset, str)
        and _DATASET.fullmatch(dataset)
        and isinstance(period, str)
        and _PERIOD.fullmatch(period)
        and isinstance(revision, int)
        and isinstance(identity, str)
        and _STATEMENT_ID.fullmatch(identity)
        and isinstance(state, str)
        and state in STATES
    ):
        raise _not_understood()
    return Head(area, dataset, period, revision, identity, state, _rules(item.get("confirm")))


def _rules(value: JsonValue) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _not_understood()
    rules: list[str] = []
    for item in value:
        rule = item.get("rule") if isinstance(item, dict) else None
        if not (isinstance(rule, str) and _RULE.fullmatch(rule)):
            raise _not_understood()
        rules.append(rule)
    return tuple(rules)


def _ranges(value: JsonValue) -> tuple[tuple[int, int], ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _not_understood()
    ranges: list[tuple[int, int]] = []
    for item in value:
        if not (isinstance(item, list) and len(item) == 2):
            raise _not_understood()
        first, last = item
        if not (isinstance(first, int) and isinstance(last, int) and 0 <= first <= last):
            raise _not_understood()
        ranges.append((first, last))
    return _disjoint(ranges)


def _disjoint(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Say the same set of numbers without saying any of them twice."""
    together: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if together and first <= together[-1][1]:
            together[-1] = (together[-1][0], max(together[-1][1], last))
        else:
            together.append((first, last))
    return tuple(together)


def _not_understood() -> KimError:
    return kim_error(
        "unsupported_version",
        Text(
            "Die Antwort des Hubs hat eine Form, die diese Fassung von kim-node nicht kennt.",
            "The answer of the hub has a form that this version of kim-node does not know.",
        ),
    )
