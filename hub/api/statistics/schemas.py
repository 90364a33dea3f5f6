"""Shapes of the answers, as JSON Schema (OpenAPI 3.1 takes it unchanged).

Every object is closed (``additionalProperties: false``) and names what is always present, so that the
description cannot fall behind what `documents` writes: a test validates every answer against it.
"""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]

STRING: Final[Schema] = {"type": "string"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
BOOLEAN: Final[Schema] = {"type": "boolean"}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
DAY: Final[Schema] = {"type": "string", "format": "date"}
CURSOR: Final[Schema] = {
    "type": "string",
    "description": "value of `cursor` for the next page (its address is in the Link header); null at the end",
}
SHARE: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}


def nullable(schema: Schema) -> Schema:
    """Return a schema that also takes null."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    return {**schema, "type": [schema["type"], "null"]}


def listed(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def closed(optional: dict[str, Schema] | None = None, /, **required: Schema) -> Schema:
    """Return the schema of an object whose members are all known."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def ref(name: str) -> Schema:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def envelope(items: Schema) -> Schema:
    """Return the schema of an answer: the release it rests on, and a list."""
    return closed(release=nullable(ref("ReleaseReference")), demo=BOOLEAN, data=listed(items))


def paged(items: Schema) -> Schema:
    """Return the schema of an answer that may have a next page."""
    return closed(
        release=nullable(ref("ReleaseReference")), demo=BOOLEAN, data=listed(items), next=nullable(CURSOR)
    )


_DIMENSIONS: Final[Schema] = {
    "type": "object",
    "additionalProperties": STRING,
    "description": "Code per dimension of the indicator; _T is the total.",
}
_VALUE: Final[Schema] = {"type": "number"}
_CONF_STATUS: Final[Schema] = {
    "enum": ["F", "C", "S"],
    "description": "C: withheld by the node, S: by the hub",
}

SCHEMAS: Final[dict[str, Schema]] = {
    "Text": closed(de=STRING, en=STRING),
    "ReleaseReference": closed(
        number={"type": "integer", "minimum": 1},
        created_at=MOMENT,
        catalogue_version=STRING,
        catalogue_sha256=STRING,
    ),
    "Code": closed(id=STRING, name=ref("Text"), parent=nullable(STRING), includes=listed(ref("Text"))),
    "Dimension": closed(
        id=STRING,
        name=ref("Text"),
        additive={**BOOLEAN, "description": "false: several answers possible, codes do not add up"},
        total=nullable(STRING),
        codes=listed(ref("Code")),
    ),
    "Denominator": closed(id=STRING, name=ref("Text"), date=DAY),
    "Indicator": closed(
        id=STRING,
        dataset=STRING,
        name=ref("Text"),
        definition=ref("Text"),
        unit=STRING,
        decimals=COUNT,
        frequencies={
            "type": "array",
            "items": {"enum": ["Q", "A"]},
            "description": "in which it is delivered; the year of anything else is computed, if it adds up",
        },
        reporting_unit={"enum": ["area", "authority"]},
        may_be_negative=BOOLEAN,
        stock_or_flow={"enum": ["stock", "flow"]},
        region_additivity={"enum": ["sum", "max_sum"]},
        time_additivity={"enum": ["sum", "last", "none"]},
        denominator=nullable(ref("Denominator")),
        dimensions=listed(ref("Dimension")),
        tables=listed(listed(STRING)),
        periods=listed(STRING),
    ),
    "Area": closed(
        id=STRING,
        official_key=nullable(STRING),
        name=ref("Text"),
        kind={"enum": ["area", "aggregate"]},
        parent=nullable(STRING),
        areas=listed(STRING),
        population=COUNT,
        foreign_population=COUNT,
        population_date=DAY,
    ),
    "Period": closed(
        id=STRING,
        frequency={"enum": ["Q", "A"]},
        first_day=DAY,
        last_day=DAY,
        datasets=listed(closed(dataset=STRING, delivered=COUNT, expected=COUNT)),
    ),
    "Release": closed(
        number={"type": "integer", "minimum": 1},
        created_at=MOMENT,
        note=STRING,
        quarantined=COUNT,
        current=BOOLEAN,
    ),
    "Delivery": closed(
        ref_area=STRING,
        time_period=STRING,
        dataset=STRING,
        state={"enum": ["delivered", "accepted", "in_check", "not_due", "missing", "held", "rejected"]},
        revision=COUNT,
        since=nullable(MOMENT),
        due={**DAY, "description": "last day on which it is in time"},
        problem=nullable(STRING),
        series_break=BOOLEAN,
        to_confirm={**COUNT, "description": "rules that its figures do not fit and nobody has confirmed yet"},
        audit={
            "enum": ["safe", "open", "confirmed", "unknown", "by_rule", None],
            "description": "what the hub's own audit of the withheld cells says; null: nothing yet",
        },
        cells=nullable(COUNT),
        withheld=nullable(COUNT),
    ),
    "Observation": closed(
        indicator=STRING,
        ref_area=STRING,
        freq={"enum": ["Q", "A"]},
        time_period=STRING,
        dimensions=_DIMENSIONS,
        value={**nullable(_VALUE), "description": "null unless the value is published; never 0 for secret"},
        obs_status={"enum": ["A", "Q", "L", "M", "O"]},
        conf_status=_CONF_STATUS,
        series_break={**BOOLEAN, "description": "true: not comparable with the periods before"},
    ),
    "Total": closed(
        indicator=STRING,
        ref_area=STRING,
        freq={"enum": ["Q", "A"]},
        time_period=STRING,
        dimensions=_DIMENSIONS,
        lower={
            **nullable(_VALUE),
            "description": "the figure is at least this; null if nothing is certain (repayments may hide)",
        },
        upper={**nullable(_VALUE), "description": "the figure is at most this; null if open upwards"},
        exact=BOOLEAN,
        expected=COUNT,
        delivered=COUNT,
        withheld={**COUNT, "description": "delivered areas that withhold this cell"},
        population_coverage=SHARE,
        series_breaks={**COUNT, "description": "areas whose series begins anew with this period"},
    ),
    "DerivedIndicator": closed(
        id=STRING,
        name=ref("Text"),
        unit=STRING,
        decimals=COUNT,
        kind={"enum": ["ratio", "grouped_median"]},
        datasets=listed(STRING),
        scale={"type": "integer", "minimum": 1, "description": "factor of a ratio (100 for percent)"},
        numerator=listed(ref("Term")),
        denominator=listed(ref("Term")),
        min_denominator={**nullable(COUNT), "description": "below this denominator there is no figure"},
        distribution={**nullable(STRING), "description": "indicator whose classes a median is taken of"},
        dimensions=listed(ref("Dimension")),
        periods=listed(STRING),
    ),
    "Term": closed(
        sign={"enum": [1, -1]},
        indicator=nullable(STRING),
        population=nullable(STRING),
        dimensions=_DIMENSIONS,
    ),
    "DerivedFigure": closed(
        indicator=STRING,
        ref_area=STRING,
        freq={"enum": ["Q", "A"]},
        time_period=STRING,
        dimensions=_DIMENSIONS,
        derived={"const": True},
        lower={**nullable(_VALUE), "description": "the figure is at least this; null beside a status"},
        upper={**nullable(_VALUE), "description": "the figure is at most this; null if open upwards"},
        exact={**BOOLEAN, "description": "the limits are equal: the figure, rounded"},
        obs_status={"enum": ["A", "Q", "L", "M", "O"]},
        conf_status=_CONF_STATUS,
        expected=COUNT,
        delivered=COUNT,
        withheld=COUNT,
    ),
    "Problem": {
        "type": "object",
        "description": "Problem details (RFC 9457); German in the standard members by default.",
        "properties": {
            "type": STRING,
            "title": STRING,
            "title_en": STRING,
            "status": {"type": "integer"},
            "detail": STRING,
            "detail_en": STRING,
            "code": STRING,
            "retry": STRING,
            "remedy": STRING,
            "remedy_en": STRING,
            "instance": STRING,
            "pointer": {**STRING, "description": "name of the parameter to correct"},
        },
        "required": ["type", "title", "status", "code", "remedy"],
    },
}


def members_of(name: str) -> list[str]:
    """Return the members that every object of a component has, in order."""
    return list(SCHEMAS[name]["required"])
