"""Small catalogues that a person can check by hand, built through the real reader."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from protocol.catalogue import Catalogue, DimensionUse, Indicator
from protocol.catalogue_file import parse_catalogue


def use_of(indicator: Indicator, dimension: str) -> DimensionUse:
    """Return the use of a dimension that the indicator has."""
    found = indicator.dimension_use(dimension)
    assert found is not None, (indicator.id, dimension)
    return found


def _name(text: str) -> dict[str, str]:
    return {"de": text, "en": text}


def codelist(
    list_id: str, parents: dict[str, str | None], *, total: str | None = "_T", **marks: dict[str, Any]
) -> dict[str, Any]:
    """A codelist as in the file: code → parent; ``rule`` and ``merge_with`` map codes to their marks."""
    codes = []
    for code, parent in parents.items():
        row: dict[str, Any] = {"id": code, "name": _name(code)}
        if parent is not None:
            row["parent"] = parent
        for mark, values in marks.items():
            if code in values:
                row[mark] = values[code]
        codes.append(row)
    return {"id": list_id, "name": _name(list_id), "total": total, "codes": codes}


def indicator(indicator_id: str, tables: list[list[str]], **changes: Any) -> dict[str, Any]:
    """An additive count; dimensions are those its tables name, codelist ``CL_<dimension>``."""
    dimensions = list(dict.fromkeys(d for table in tables for d in table))
    multi = changes.pop("multi_response", ())
    row: dict[str, Any] = {
        "id": indicator_id,
        "dataset": "D",
        "name": _name(indicator_id),
        "definition": _name(indicator_id),
        "unit": "CASES",
        "type": "count",
        "decimals": 0,
        "stock_or_flow": "flow",
        "region_additivity": "sum",
        "time_additivity": "sum",
        "frequencies": ["Q"],
        "dimensions": [{"id": d, "codelist": f"CL_{d}", "additive": d not in multi} for d in dimensions],
        "tables": tables,
        "rule": "R5",
        "reporting_unit": "area",
        "denominator": None,
        "may_be_negative": False,
    }
    return row | changes


def catalogue_of(
    codelists: list[dict[str, Any]],
    indicators: list[dict[str, Any]],
    *,
    identities: list[dict[str, Any]] | None = None,
    rules: Sequence[dict[str, Any]] = (),
    frequencies: Mapping[str, Sequence[str]] | None = None,
    plausibility: Sequence[dict[str, Any]] = (),
) -> Catalogue:
    """A catalogue with the rules R5 (min 5), R10 (min 10, no zeros), R0 (none) and further ones.

    Args:
        codelists: from :func:`codelist`.
        indicators: from :func:`indicator`.
        identities: as in the file.
        rules: further rules.
        frequencies: dataflows and their frequencies; one ``D`` by quarter if omitted.
        plausibility: as in the file.
    """
    return parse_catalogue(
        json.dumps(
            {
                "catalogue": {"id": "T", "version": "0", "agency": "T", "status": _name("test")},
                "rules": [
                    {"id": "R0", "kind": "none"},
                    {"id": "R5", "kind": "frequency", "min_contributors": 5, "zero_publishable": True},
                    {"id": "R10", "kind": "frequency", "min_contributors": 10, "zero_publishable": False},
                    *rules,
                ],
                "denominators": [],
                "datasets": [
                    {
                        "id": dataset,
                        "name": _name(dataset),
                        "version": "1.0.0",
                        "frequencies": list(delivered),
                        "due_days": 30,
                    }
                    for dataset, delivered in (frequencies or {"D": ["Q"]}).items()
                ],
                "indicators": indicators,
                "identities": identities or [],
                "derived": [],
                "plausibility": list(plausibility),
                "codelists": codelists,
            }
        ).encode()
    )


def two_by_three() -> Catalogue:
    """One indicator ``N`` over A {a1, a2} x B {b1, b2, b3} with all margins: 12 cells."""
    return catalogue_of(
        [
            codelist("CL_A", {"_T": None, "a1": "_T", "a2": "_T"}),
            codelist("CL_B", {"_T": None, "b1": "_T", "b2": "_T", "b3": "_T"}),
        ],
        [indicator("N", [["A", "B"]])],
    )


_FLOW_TERMS: list[dict[str, Any]] = [
    {"sign": 1, "indicator": "OPEN"},
    {"sign": -1, "indicator": "OPEN", "lag": 1},
    {"sign": -1, "indicator": "OPENED"},
    {"sign": 1, "indicator": "CLOSED"},
]
_HIDDEN_TERMS: list[dict[str, Any]] = [
    {"sign": 1, "indicator": "OPEN", "lag": 1},
    {"sign": 1, "indicator": "OPENED"},
    {"sign": -1, "indicator": "OPEN"},
    {"sign": -1, "indicator": "CLOSED"},
]


def stocks_and_flows(*codes: str, leavers: str = "by group") -> Catalogue:
    """Stocks ``OPEN``, newcomers ``OPENED`` and leavers ``CLOSED`` by A, tied from quarter to quarter.

    Args:
        codes: leaves of A.
        leavers: ``"by group"``: delivered by A; ``"in total"``: only their total is, and the catalogue says
            what follows for the groups (``flow_hidden``); ``"in total, naive"``: it does not say so.
    """
    grouped = leavers == "by group"
    common = {"severity": "error", "certain": False, "text": _name("v")}
    flow = {"id": "V", "kind": "flow", "dimensions": ["A"] if grouped else [], "terms": _FLOW_TERMS}
    hidden = {"id": "H", "kind": "flow_hidden", "dimensions": [], "groups": [["A"]], "terms": _HIDDEN_TERMS}
    return catalogue_of(
        [codelist("CL_A", {"_T": None, **dict.fromkeys(codes, "_T")})],
        [
            indicator("OPEN", [["A"]], stock_or_flow="stock"),
            indicator("OPENED", [["A"]]),
            indicator("CLOSED", [["A"] if grouped else []]),
        ],
        identities=[common | flow, *([common | hidden] if leavers == "in total" else [])],
    )
