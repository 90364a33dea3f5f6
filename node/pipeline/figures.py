"""From the export to true figures: read, map, check, count. Nothing here is protected yet.

Invariant: what could not be mapped blocks the counting of what is delivered; it is never counted as
something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from aggregation.tabulate import tabulate
from aggregation.tabulation import Tabulation
from node import sources
from node.clock import Clock, local
from node.mapping import CodeMapping
from node.pipeline.programme import Slot, facts_by_area, programme
from node.pipeline.stopwatch import Stopwatch
from node.quality import Prepared, prepare, require_ended, require_mapped
from node.settings import Settings
from protocol.catalogue import Catalogue
from protocol.errors import KimError
from protocol.periods import Period

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Figures:
    """True figures of a node.

    Attributes:
        tables: what was counted for each delivery that is due, in the order of delivery.
        not_ended: deliveries whose period had not ended when the file was exported, with the reason.
    """

    tables: Mapping[Slot, Tabulation] = field(repr=False)
    not_ended: Mapping[Slot, KimError]


def read_source(settings: Settings, catalogue: Catalogue, *, stopwatch: Stopwatch) -> Prepared:
    """Read the export, map its texts to codes and sort out what cannot be counted.

    Args:
        settings: where the source is and what its local texts mean.
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


def split_by_end(
    prepared: Prepared, slots: Sequence[Slot], *, clock: Clock
) -> tuple[tuple[Slot, ...], Mapping[Slot, KimError]]:
    """Split deliveries into those whose period had ended at the export, and the others with the reason.

    A file that does not say when it was exported counts as exported today.
    """
    exported: date = prepared.export_date or local(clock.now()).date()
    ended: list[Slot] = []
    not_ended: dict[Slot, KimError] = {}
    for slot in slots:
        try:
            require_ended(slot.period, export_date=exported)
            ended.append(slot)
        except KimError as error:
            not_ended[slot] = error
    return tuple(ended), not_ended


def due_slots(
    prepared: Prepared, *, settings: Settings, catalogue: Catalogue, named: Sequence[Period] = ()
) -> tuple[Slot, ...]:
    """Return everything that the node's sources and configuration make due; see :func:`programme`."""
    facts = facts_by_area(prepared.facts, area=settings.area, sources=settings.sources)
    return programme(catalogue, facts, span=settings.periods, named=named)


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
    facts = facts_by_area(prepared.facts, area=settings.area, sources=settings.sources)
    slots = programme(catalogue, facts, span=settings.periods, named=named)
    ended, not_ended = split_by_end(prepared, slots, clock=clock)
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
