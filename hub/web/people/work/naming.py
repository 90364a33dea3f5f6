"""What the pages of the work call an area, a dataflow and a period."""

from __future__ import annotations

from flask import current_app

from hub.services.context import EXTENSION, HubContext
from hub.services.statistics import EXTENSION as STATISTICS
from hub.services.statistics import Statistics
from hub.web.numbers import period_name
from hub.web.people.contexts import page_query
from protocol.periods import Period
from protocol.regions import AUTHORITY_AREAS, areas_by_id, region_tree


def hub_context() -> HubContext:
    """Return the hub that this application belongs to."""
    context: HubContext = current_app.extensions[EXTENSION]
    return context


def statistics() -> Statistics:
    """Return what this application publishes."""
    found: Statistics = current_app.extensions[STATISTICS]
    return found


def area_name(area: str) -> str:
    """Return an area's name with its id; a joint authority is named by the areas it decides for."""
    found = areas_by_id().get(area)
    if found is None and area in AUTHORITY_AREAS:
        return f"{region_tree().name(area).in_(page_query().language)} ({area})"
    return f"{found.name} ({area})" if found else area


def flow_name(dataset: str) -> str:
    """Return a dataflow's name, in the page's language."""
    return hub_context().catalogue.dataset(dataset).name.in_(page_query().language)


def period_text(period: str) -> str:
    """Return a period in words, in the page's language."""
    return period_name(Period.parse(period)).in_(page_query().language)
