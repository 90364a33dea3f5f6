"""From the sources to true figures: read, map, check, count. Nothing here is protected yet.

Invariant: what could not be mapped blocks the counting of what is delivered; it is never counted as
something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aggregation.facts import Facts
from aggregation.tabulate import fact_table, tabulate
from aggregation.tabulation import Tabulation
from node import sources
from node.clock import Clock, local
from node.mapping import CodeMapping
from node.pipeline.programme import Slot, programme
from node.pipeline.stopwatch import Stopwatch
from node.quality import Prepared, prepare, require_ended, require_mapped
from node.settings import Settings
from protocol.catalogue import Catalogue
from protocol.errors import KimError
from protocol.periods import Period

#: Which fact tables a source fills, where they are not called like what it holds.
_TABLES_OF: Final[Mapping[str, frozenset[str]]] = {
    "cases": frozenset({"cases", "contacts", "involvements", "referrals"})
}


@dataclass(frozen=True, slots=True)
class Figures:
    """True figures of a node.

    Attributes:
        tables: what was counted for each delivery that is due, in the order of delivery.
        not_ended: deliveries whose period had not ended when the file was exported, with the reason.
    """

    tables: Mapping[Slot, Tabulation] = field(repr=False)
    not_ended: Mapping[Slot, KimError]


def read_sources(settings: Settings, catalogue: Catalogue, *, stopwatch: Stopwatch) -> Prepared:
    """Read all sources, map their texts to codes and sort out what cannot be counted.

    Args:
        settings: where the sources are and what their local texts mean.
        catalogue: the codelists.
        stopwatch: told about stage ``read``.

    Returns:
        Facts, findings, quarantine and what could not be mapped.

    Raises:
        KimError: ``source_missing``, ``wrong_encoding``, ``no_header``, ``missing_column``,
            ``empty_source``, ``wrong_area``, ``config_invalid``.
    """
    with stopwatch.measuring("read"):
        mapping = CodeMapping(catalogue, settings.mapping)
        read = [(spec, sources.read_source(spec)) for spec in settings.sources]
        return prepare(read, area=settings.area, mapping=mapping, catalogue=catalogue)


def facts_by_area(prepared: Prepared, settings: Settings) -> Mapping[str, Facts]:
    """Return what was prepared by the area it is delivered for, the node's own first."""
    return {settings.area: prepared.facts, **prepared.joint}


def due_slots(
    prepared: Prepared, *, settings: Settings, catalogue: Catalogue, named: Sequence[Period] = ()
) -> tuple[Slot, ...]:
    """Return everything that the node's sources and configuration make due; see :func:`programme`."""
    return programme(catalogue, facts_by_area(prepared, settings), span=settings.periods, named=named)


def split_by_end(
    prepared: Prepared, slots: Sequence[Slot], *, catalogue: Catalogue, clock: Clock
) -> tuple[tuple[Slot, ...], Mapping[Slot, KimError]]:
    """Split deliveries into those whose period had ended at the export, and the others with the reason.

    Every source that a dataflow is counted from must have been exported behind the end of the period. A
    source that does not say when it was exported counts as exported today.
    """
    today = local(clock.now()).date()
    ended: list[Slot] = []
    not_ended: dict[Slot, KimError] = {}
    for slot in slots:
        tables = {fact_table(indicator) for indicator in catalogue.dataset(slot.dataset_id).indicators}
        joint = slot.area if slot.area in prepared.joint else None
        try:
            for source in prepared.sources:
                if source.area == joint and tables & _TABLES_OF.get(source.holds, {source.holds}):
                    require_ended(
                        slot.period,
                        export_date=source.export_date or today,
                        source=source.name if len(prepared.sources) > 1 else None,
                    )
            ended.append(slot)
        except KimError as error:
            not_ended[slot] = error
    return tuple(ended), not_ended


def count_figures(
    prepared: Prepared,
    *,
    settings: Settings,
    catalogue: Catalogue,
    clock: Clock,
    stopwatch: Stopwatch,
    named: Sequence[Period] = (),
) -> Figures:
    """Count everything that is due.

    Args:
        prepared: the facts.
        settings: area, sources and span.
        catalogue: the tables to fill.
        clock: for a file without an export date.
        stopwatch: told about stage ``tabulate``.
        named: periods named on the command line, in order of time; all of the configured span if none.

    Returns:
        The figures.

    Raises:
        KimError: ``unknown_code`` while something is not mapped.
    """
    require_mapped(prepared.unmapped)
    facts = facts_by_area(prepared, settings)
    slots = programme(catalogue, facts, span=settings.periods, named=named)
    ended, not_ended = split_by_end(prepared, slots, catalogue=catalogue, clock=clock)
    periods: dict[tuple[str, str], list[Period]] = {}
    for slot in ended:
        periods.setdefault((slot.area, slot.dataset_id), []).append(slot.period)
    with stopwatch.measuring("tabulate"):
        counted = {
            Slot(area, dataset_id, period): table
            for (area, dataset_id), due in periods.items()
            for period, table in tabulate(
                facts[area], catalogue=catalogue, dataset_id=dataset_id, periods=due
            ).items()
        }
    return Figures({slot: counted[slot] for slot in ended}, not_ended)
