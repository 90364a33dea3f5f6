"""The description of the statistics API (OpenAPI 3.1), written from the same table that answers requests."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from hub.api.statistics.csv_form import MEDIA_TYPE as CSV
from hub.api.statistics.csv_form import columns_of
from hub.api.statistics.operations import Operation, operations
from hub.api.statistics.parameters import dimensions_of
from hub.api.statistics.schemas import SCHEMAS, members_of, ref
from protocol.catalogue_file import load_catalogue
from protocol.problem_documents import MEDIA_TYPE

PREFIX: Final = "/api/v1"
_WHY: Final = {
    400: "A parameter is unknown or malformed; `pointer` names it.",
    404: "No such indicator, area, period, release or page.",
}


@cache
def openapi_document() -> dict[str, Any]:
    """Return the description as a JSON-ready document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "KIM-Datenverbund: statistics",
            "version": "1.0.0",
            "summary": "Published figures on municipal integration management in Nordrhein-Westfalen",
            "description": (
                "Read-only. Values of 54 reporting areas, and totals as guaranteed intervals with their "
                "coverage. A withheld value is null, never 0. Every answer names its release; with "
                "`release=` an earlier one stays readable. Names are German and English side by side."
            ),
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": PREFIX}],
        "paths": {f"/{operation.id}": {"get": _operation(operation)} for operation in operations()},
        "components": {"schemas": SCHEMAS},
    }


def _csv(operation: Operation) -> dict[str, Any]:
    if operation.item is None:
        return {}
    columns = ",".join(columns_of(members_of(operation.item), dimensions_of(load_catalogue())))
    text = f"RFC 4180, UTF-8, header line: {columns}. The next page is in the Link header."
    return {CSV: {"schema": {"type": "string", "description": text}}}


def _operation(operation: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {
        "200": {
            "description": operation.summary,
            "headers": {
                "ETag": {
                    "description": "digest of the answer",
                    "required": True,
                    "schema": {"type": "string"},
                },
                "Cache-Control": {"required": True, "schema": {"type": "string"}},
            },
            "content": {"application/json": {"schema": operation.schema}, **_csv(operation)},
        },
        "304": {"description": "Unchanged since the answer with the ETag that was sent."},
    }
    for status in operation.problems:
        responses[str(status)] = {
            "description": _WHY[status],
            "content": {MEDIA_TYPE: {"schema": ref("Problem")}},
        }
    return {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": f"{operation.text.en}\n\n{operation.text.de}",
        "parameters": [parameter.description() for parameter in operation.parameters],
        "responses": responses,
    }
