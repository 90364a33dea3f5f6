"""Reading the members of a trust document: by type and form, each named once, nothing left over (SPEC P-141).

A refusal carries the pointer of the member and never its content.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar

from protocol import strict_json
from protocol.errors import KimError, kim_error
from protocol.forms import INSTANT, one_line
from protocol.strict_json import JsonValue
from protocol.texts import Text

Choice = TypeVar("Choice", bound=StrEnum)

VERSION: Final = 1

#: One line for a person.
LINE: Final = one_line(200)
RELEASE: Final = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}")


class Members:
    """The members of one object of a trust document.

    Each is taken once; :meth:`finish` refuses what nobody has taken.

    Attributes:
        pointer: of the object.
        whole: the object as it stands, whatever was taken.
    """

    def __init__(self, value: JsonValue, pointer: str = "") -> None:
        """Read ``value``, which stands at ``pointer``.

        Raises:
            KimError: ``trust_document_invalid`` if it is no object.
        """
        if not isinstance(value, dict):
            raise refusal(pointer)
        self._left = dict(value)
        self.whole: Mapping[str, JsonValue] = value
        self.pointer = pointer

    def at(self, name: str) -> str:
        """Return the pointer of a member."""
        return f"{self.pointer}/{name}"

    def _take(self, name: str) -> JsonValue:
        if name not in self._left:
            raise refusal(self.at(name))
        return self._left.pop(name)

    def _took_null(self, name: str) -> bool:
        """Take a ``null``, if one stands there."""
        if name not in self._left or self._left[name] is not None:
            return False
        del self._left[name]
        return True

    def text(self, name: str, pattern: re.Pattern[str] | None = None) -> str:
        """Take a text, of the given form if one is given."""
        value = self._take(name)
        if not isinstance(value, str) or not (pattern is None or pattern.fullmatch(value)):
            raise refusal(self.at(name))
        return value

    def optional_text(self, name: str, pattern: re.Pattern[str] | None = None) -> str | None:
        """Take a text, or None where ``null`` stands."""
        return None if self._took_null(name) else self.text(name, pattern)

    def constant(self, name: str, value: str) -> None:
        """Take a text that this version knows one value of."""
        if self.text(name) != value:
            raise refusal(self.at(name))

    def choice(self, name: str, kind: type[Choice]) -> Choice:
        """Take one of the words of an enumeration."""
        text = self.text(name)
        try:
            return kind(text)
        except ValueError:
            raise refusal(self.at(name)) from None

    def optional_choice(self, name: str, kind: type[Choice]) -> Choice | None:
        """Take one of the words, or None where ``null`` stands."""
        return None if self._took_null(name) else self.choice(name, kind)

    def instant(self, name: str) -> datetime:
        """Take a moment in UTC, whole seconds, ``2026-10-09T08:15:00Z``."""
        return self._as_instant(name, self.text(name, INSTANT))

    def optional_instant(self, name: str) -> datetime | None:
        """Take a moment, or None where ``null`` stands."""
        text = self.optional_text(name, INSTANT)
        return None if text is None else self._as_instant(name, text)

    def _as_instant(self, name: str, text: str) -> datetime:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise refusal(self.at(name)) from None

    def integer(self, name: str, *, least: int, most: int) -> int:
        """Take an integer between two bounds, both included."""
        value = self._take(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise refusal(self.at(name))
        return value

    def flag(self, name: str) -> bool:
        """Take true or false."""
        value = self._take(name)
        if not isinstance(value, bool):
            raise refusal(self.at(name))
        return value

    def data(self, name: str) -> bytes:
        """Take bytes, written as base64 in its only form (SPEC P-06)."""
        text = self.text(name)
        try:
            return strict_json.decode_base64(text)
        except KimError:
            raise refusal(self.at(name)) from None

    def items(self, name: str, *, most: int) -> list[JsonValue]:
        """Take a list; ``too_large`` beyond ``most`` entries."""
        value = self._take(name)
        if not isinstance(value, list):
            raise refusal(self.at(name))
        if len(value) > most:
            raise too_many(self.at(name), most)
        return value

    def texts(self, name: str, pattern: re.Pattern[str], *, most: int) -> tuple[str, ...]:
        """Take a list of texts, each of the given form and none twice."""
        found: list[str] = []
        for number, value in enumerate(self.items(name, most=most)):
            if not isinstance(value, str) or not pattern.fullmatch(value) or value in found:
                raise refusal(f"{self.at(name)}/{number}")
            found.append(value)
        return tuple(found)

    def objects(self, name: str, *, most: int) -> Iterator[Members]:
        """Take a list of objects."""
        for number, value in enumerate(self.items(name, most=most)):
            yield Members(value, f"{self.at(name)}/{number}")

    def inner(self, name: str) -> Members:
        """Take an object."""
        return Members(self._take(name), self.at(name))

    def finish(self) -> None:
        """Refuse members that this version does not know; their names are content and not repeated."""
        if self._left:
            raise refusal(self.pointer)


def read_document(data: bytes, *, max_bytes: int) -> Members:
    """Read a trust document of this version.

    Args:
        data: the target's bytes, as verified.
        max_bytes: larger ones are refused before anything is read.

    Returns:
        Its members, ``v`` already taken.

    Raises:
        KimError: ``too_large``, ``unsupported_version``, or ``trust_document_invalid``.
    """
    try:
        value = strict_json.loads(data, max_bytes=max_bytes)
    except KimError as error:
        if error.code == "too_large":
            raise
        raise kim_error("trust_document_invalid", error.detail, pointer="") from None
    members = Members(value)
    if members.integer("v", least=1, most=strict_json.MAX_INTEGER) != VERSION:
        raise kim_error("unsupported_version", pointer="/v")
    return members


def write_document(members: Mapping[str, object]) -> bytes:
    """Return the bytes of a trust document of this version."""
    return strict_json.dumps({"v": VERSION, **members})


def write_instant(moment: datetime | None) -> str | None:
    """Render a moment as :meth:`Members.instant` reads it."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_whole_second(moment: datetime) -> bool:
    """Whether a moment is aware and survives being written and read."""
    return moment.tzinfo is not None and moment.microsecond == 0


@contextmanager
def placed(pointer: str) -> Iterator[None]:
    """Let a refusal of a part carry the pointer in the whole document."""
    try:
        yield
    except KimError as error:
        raise kim_error(error.code, error.detail, pointer=f"{pointer}{error.pointer or ''}") from None


def refusal(pointer: str, detail: Text | None = None) -> KimError:
    """Return the refusal of a member that has not the agreed form."""
    return kim_error(
        "trust_document_invalid",
        detail
        or Text(
            "Das Vertrauensdokument hat an dieser Stelle nicht die vereinbarte Form.",
            "The trust document does not have the agreed form at this place.",
        ),
        pointer=pointer,
    )


def too_many(pointer: str, most: int) -> KimError:
    """Return the refusal of a list that is too long."""
    return kim_error(
        "too_large",
        Text(f"Mehr als {most} Einträge.", f"More than {most} entries."),
        pointer=pointer,
    )
