"""Query parameters as data: one table validates requests and writes the OpenAPI description.

A refusal names the parameter and what it may be; it never repeats what was sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from protocol.catalogue import Catalogue
from protocol.codelists import Codelist
from protocol.errors import KimError, kim_error
from protocol.texts import Text

#: Years that :class:`protocol.periods.Period` knows.
PERIOD_PATTERN: Final = r"^(199[0-9]|2[01][0-9]{2})(-Q[1-4])?$"
CURSOR_PATTERN: Final = r"^[A-Za-z0-9_-]{1,80}$"
LARGEST_PAGE: Final = 5000
DEFAULT_PAGE: Final = 1000


class Kind(StrEnum):
    """How a parameter reads: one of a list, text of a form, or a whole number."""

    CHOICE = "choice"
    PATTERN = "pattern"
    INTEGER = "integer"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter.

    Attributes:
        name: its name.
        text: what it selects.
        kind: how it reads.
        many: whether several values may be given, separated by commas.
        choices: permitted values (``CHOICE``).
        pattern: regular expression of the whole value (``PATTERN``).
        least: smallest number (``INTEGER``).
        most: largest number (``INTEGER``).
        default: number used when the parameter is missing, if it has one (``INTEGER``).
        refusal: problem code for a value of the right form that nothing has.
    """

    name: str
    text: Text
    kind: Kind
    many: bool = False
    choices: tuple[str, ...] = ()
    pattern: str = ""
    least: int = 0
    most: int = 0
    default: int | None = None
    refusal: str = "bad_request"

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the parameter's value."""
        one: dict[str, Any]
        if self.kind is Kind.INTEGER:
            one = {"type": "integer", "minimum": self.least, "maximum": self.most}
            if self.default is not None:
                one["default"] = self.default
        elif self.kind is Kind.PATTERN:
            one = {"type": "string", "pattern": self.pattern}
        else:
            one = {"type": "string", "enum": list(self.choices)}
        return {"type": "array", "items": one, "minItems": 1} if self.many else one

    def description(self) -> dict[str, Any]:
        """Return the OpenAPI parameter object."""
        found: dict[str, Any] = {
            "name": self.name,
            "in": "query",
            "description": f"{self.text.en} / {self.text.de}",
            "required": False,
            "schema": self.schema(),
        }
        if self.many:
            # One parameter, values separated by commas.
            found |= {"style": "form", "explode": False}
        return found

    def read(self, text: str) -> tuple[str, ...] | str | int:
        """Return the value.

        Raises:
            KimError: the parameter's refusal, or ``bad_request``, with the name as pointer.
        """
        if self.kind is Kind.INTEGER:
            if not re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) or not self.least <= int(text) <= self.most:
                raise self._refused()
            return int(text)
        values = tuple(text.split(",")) if self.many else (text,)
        for value in values:
            if self.kind is Kind.CHOICE and value not in self.choices:
                raise self._refused(self.refusal)
            if self.kind is Kind.PATTERN and not re.fullmatch(self.pattern, value, re.ASCII):
                raise self._refused()
        return values if self.many else values[0]

    def _refused(self, code: str = "bad_request") -> KimError:
        german, english = self._permitted()
        return kim_error(
            code,
            Text(f"Parameter {self.name}: {german}", f"Parameter {self.name}: {english}"),
            pointer=self.name,
        )

    def _permitted(self) -> tuple[str, str]:
        if self.kind is Kind.INTEGER:
            return (
                f"ganze Zahl von {self.least} bis {self.most}.",
                f"whole number {self.least} to {self.most}.",
            )
        if self.kind is Kind.PATTERN:
            return f"muss {self.pattern} entsprechen.", f"must match {self.pattern}."
        return "Wert steht nicht in der Beschreibung.", "value is not in the description."


def read_parameters(
    parameters: Sequence[Parameter], sent: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...] | str | int]:
    """Read a query string against its table.

    Args:
        parameters: what the operation takes.
        sent: values by name, as often as they were sent.

    Returns:
        Value by name, defaults filled in; parameters not sent and without default are missing.

    Raises:
        KimError: ``bad_request`` for an unknown, repeated or malformed parameter, ``unknown_indicator`` or
            ``unknown_area`` for an id that the catalogue does not have.
    """
    known = {parameter.name: parameter for parameter in parameters}
    if set(sent) - set(known):
        names = ", ".join(known) or "–"
        raise kim_error(
            "bad_request",
            Text(
                f"Ein Parameter ist unbekannt; erlaubt sind: {names}.",
                f"A parameter is unknown; permitted are: {names}.",
            ),
        )
    values: dict[str, tuple[str, ...] | str | int] = {}
    for name, parameter in known.items():
        texts = sent.get(name, ())
        if len(texts) > 1:
            raise kim_error(
                "bad_request",
                Text(
                    f"Parameter {name}: nur einmal angeben, mehrere Werte durch Komma trennen.",
                    f"Parameter {name}: give it once, several values separated by commas.",
                ),
                pointer=name,
            )
        if texts:
            values[name] = parameter.read(texts[0])
        elif parameter.default is not None:
            values[name] = parameter.default
    return values


def dimension_parameters(catalogue: Catalogue) -> tuple[Parameter, ...]:
    """Return one parameter per dimension of the catalogue's indicators, with its published codes."""
    found: dict[str, Codelist] = {}
    for indicator in catalogue.indicators.values():
        for use in indicator.dimensions:
            found.setdefault(use.id, use.codelist)
    return tuple(
        Parameter(
            name=dimension,
            text=codelist.name,
            kind=Kind.CHOICE,
            many=True,
            choices=tuple(code.id for code in codelist.published),
        )
        for dimension, codelist in found.items()
    )


def dimensions_of(catalogue: Catalogue) -> list[str]:
    """Return the ids of all dimensions, in the order of :func:`dimension_parameters`."""
    return [parameter.name for parameter in dimension_parameters(catalogue)]
