"""Answers of the statistics API: domain objects in, JSON-ready members out.

Numbers are JSON numbers, dates ISO 8601; names stand in German and English side by side. A withheld value
is null with its status codes, never 0.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from hub.services.statistics.cells import merged_into
from hub.services.statistics.deliveries import AreaStatus, DatasetDelivery
from hub.services.statistics.derived_listing import DerivedItem
from hub.services.statistics.figures import Figure
from hub.services.statistics.listing import ListedFigure
from hub.services.statistics.reading import Reading
from hub.services.statistics.releases import Release
from hub.services.statistics.subjects import subject_of
from hub.store.tables.statistics_rows import ReleaseRow
from protocol.catalogue import DerivedIndicator, DerivedTerm, DimensionUse, Indicator
from protocol.observations import CellState
from protocol.periods import Period
from protocol.regions import areas_by_id
from protocol.texts import Text

Document = dict[str, Any]


def text(names: Text) -> Document:
    """Return both languages."""
    return {"de": names.de, "en": names.en}


def release_reference(reading: Reading) -> Document | None:
    """Return what an answer rests on, or None before the first release."""
    release = reading.release
    if release is None:
        return None
    return {
        "number": release.number,
        "created_at": release.created_at.isoformat(),
        "catalogue_version": release.catalogue_version,
        "catalogue_sha256": reading.catalogue.sha256,
    }


def indicator(reading: Reading, item: Indicator) -> Document:
    """Return an indicator with its dimensions and the periods published."""
    denominator = reading.catalogue.denominators.get(item.denominator or "")
    return {
        "id": item.id,
        "dataset": item.dataset,
        "name": text(item.name),
        "definition": text(item.definition),
        "unit": item.unit,
        "decimals": item.decimals,
        "frequencies": list(item.frequencies),
        "reporting_unit": item.reporting_unit,
        "may_be_negative": item.may_be_negative,
        "stock_or_flow": item.stock_or_flow,
        "region_additivity": item.region_additivity,
        "time_additivity": item.time_additivity,
        "denominator": None
        if denominator is None
        else {"id": denominator.id, "name": text(denominator.name), "date": denominator.date},
        "dimensions": [_dimension(use) for use in item.dimensions],
        "tables": [list(table) for table in item.tables],
        "periods": [str(p) for p in reading.release.periods(item.dataset)] if reading.release else [],
    }


def _dimension(use: DimensionUse) -> Document:
    return {
        "id": use.id,
        "name": text(use.codelist.name),
        "additive": use.additive,
        "total": use.codelist.total,
        "codes": [
            {
                "id": code.id,
                "name": text(code.name),
                "parent": code.parent,
                "includes": [text(name) for name in merged_into(use, code)],
            }
            for code in use.codelist.published
        ],
    }


def region(reading: Reading, region_id: str) -> Document:
    """Return a reporting area or an aggregate with its populations."""
    areas = areas_by_id()
    leaves = [areas[leaf] for leaf in reading.tree.leaves_of(region_id)]
    own = areas.get(region_id)
    return {
        "id": region_id,
        "official_key": own.official_key if own else None,
        "name": text(reading.tree.name(region_id)),
        "kind": "area" if own else "aggregate",
        "parent": reading.tree.parents.get(region_id),
        "areas": [leaf.id for leaf in leaves],
        "population": sum(leaf.population for leaf in leaves),
        "foreign_population": sum(leaf.foreign_population for leaf in leaves),
        "population_date": leaves[0].population_date,
    }


def period(reading: Reading, release: Release, item: Period) -> Document:
    """Return a period with the dataflows published for it."""
    return {
        "id": str(item),
        "frequency": item.freq,
        "first_day": item.first_day.isoformat(),
        "last_day": item.last_day.isoformat(),
        "datasets": [
            {
                "dataset": dataset,
                "delivered": len(release.cubes[dataset, item].areas),
                "expected": len(areas_by_id()),
            }
            for dataset in reading.catalogue.datasets
            if (dataset, item) in release.cubes
        ],
    }


def release(row: ReleaseRow, *, current: int | None) -> Document:
    """Return a release; ``current`` is the number of the published one."""
    return {
        "number": row.number,
        "created_at": row.created_at.isoformat(),
        "note": row.note,
        "quarantined": row.quarantined,
        "current": row.number == current,
    }


def delivery(row: AreaStatus, item: DatasetDelivery, item_period: Period) -> Document:
    """Return the state of one dataflow of one area and period."""
    return {
        "ref_area": row.area.id,
        "time_period": str(item_period),
        "dataset": item.dataset.id,
        "state": item.state.value,
        "revision": item.revision,
        "since": item.since.isoformat() if item.since else None,
        "due": item.due.isoformat(),
        "problem": item.problem.code if item.problem else None,
        "series_break": item.series_break is not None,
        "to_confirm": len(item.findings),
        "audit": item.audit.value if item.audit else None,
        "cells": item.secrecy.cells if item.secrecy else None,
        "withheld": item.secrecy.withheld if item.secrecy else None,
    }


def observation(item: ListedFigure, *, series_break: bool) -> Document:
    """Return the figure of a reporting area: a value, or null and why.

    Args:
        item: the figure.
        series_break: whether the series begins anew with it.
    """
    obs_status, conf_status = item.figure.wire
    count = item.figure.count
    return {
        **_identity(item),
        "value": None if count is None or count.lower is None else number(count.lower),
        "obs_status": obs_status,
        "conf_status": conf_status,
        "series_break": series_break,
    }


def total(item: ListedFigure, *, series_breaks: int) -> Document:
    """Return the figure of an aggregate: guaranteed limits and what they rest on.

    Args:
        item: the figure.
        series_breaks: number of its areas whose series begins anew with it.
    """
    count, coverage = item.figure.count, item.figure.coverage
    lower, upper = (None, None) if count is None else (count.lower, count.upper)
    return {
        **_identity(item),
        "lower": None if lower is None else number(lower),
        "upper": None if upper is None else number(upper),
        "exact": count is not None and count.exact,
        **_coverage(item.figure),
        "population_coverage": _share(coverage.population_share) if coverage else int(count is not None),
        "series_breaks": series_breaks,
    }


def derived_indicator(reading: Reading, item: DerivedIndicator) -> Document:
    """Return a rate or median: how it is computed, and the periods for which it can be."""
    subject = subject_of(reading.catalogue, item.id)
    return {
        "id": item.id,
        "name": text(item.name),
        "unit": item.unit,
        "decimals": subject.decimals,
        "kind": item.kind.value,
        "datasets": list(subject.datasets),
        "scale": item.scale,
        "numerator": [_term(term) for term in item.numerator],
        "denominator": [_term(term) for term in item.denominator],
        "min_denominator": item.min_denominator,
        "distribution": item.indicator,
        "dimensions": [_dimension(use) for use in subject.dimensions],
        "periods": [str(p) for p in reading.periods_of(subject)],
    }


def _term(term: DerivedTerm) -> Document:
    return {
        "sign": term.sign,
        "indicator": term.indicator,
        "population": term.denominator,
        "dimensions": dict(term.codes),
    }


def derived(item: DerivedItem) -> Document:
    """Return a derived figure: its limits, equal where it is known, or null and why.

    Limits are rounded outwards to the decimals of the indicator, so they stay guaranteed.
    """
    obs_status, conf_status = item.figure.wire
    # Of a region with missing deliveries pages show the areas that delivered; limits here are of the whole.
    count = None if item.figure.partial else item.figure.count
    lower, upper = (None, None) if count is None else (count.lower, count.upper)
    exact = count is not None and count.exact
    decimals = item.subject.decimals
    return {
        "indicator": item.subject.id,
        "ref_area": item.region,
        "freq": item.period.freq,
        "time_period": str(item.period),
        "dimensions": dict(item.codes),
        "derived": True,
        "lower": _rounded(lower, ROUND_HALF_UP if exact else ROUND_FLOOR, decimals),
        "upper": _rounded(upper, ROUND_HALF_UP if exact else ROUND_CEILING, decimals),
        "exact": exact,
        "obs_status": obs_status,
        "conf_status": conf_status,
        **_coverage(item.figure),
    }


def _coverage(figure: Figure) -> Document:
    """Return what a figure rests on; an area or a joint authority is one that delivers or does not."""
    coverage, state = figure.coverage, figure.state
    return {
        "expected": coverage.expected if coverage else 1,
        "delivered": coverage.delivered if coverage else int(state is not CellState.NOT_DELIVERED),
        "withheld": coverage.withheld if coverage else int(state is CellState.SUPPRESSED),
    }


def _rounded(value: Decimal | None, rounding: str, decimals: int) -> int | float | None:
    if value is None:
        return None
    return number(value.quantize(Decimal(1).scaleb(-decimals), rounding=rounding))


def _identity(item: ListedFigure) -> Document:
    return {
        "indicator": item.indicator.id,
        "ref_area": item.region,
        "freq": item.period.freq,
        "time_period": str(item.period),
        "dimensions": dict(item.codes),
    }


def number(value: Decimal) -> int | float:
    """Return a JSON number: whole where the value is whole."""
    return int(value) if value == value.to_integral_value() else float(value)


def _share(value: Decimal) -> float:
    return float(value.quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP))
