"""From the export to true figures: read, map, check, count. Nothing here is protected yet.

Invariant: what could not be mapped blocks the counting of what is delivered; it is never counted as
something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aggregation.tabulate import tabulate
from node import sources
from node.clock import Clock, local
from node.mapping import CodeMapping
from node.pipeline.stopwatch import Stopwatch
from node.quality import Prepared, prepare, require_ended, require_mapped
from node.settings import Settings
from protocol.catalogue import Catalogue
from protocol.errors import KimError
from protocol.periods import Period

DATASETS: Final = ("CASES", "PERSONS")

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Figures:
    """True figures of one area.

    Attributes:
        counts: by period (in order of time) and dataset, aligned with the dataset's grid.
        not_ended: periods asked for that had not ended when the file was exported, with the reason.
    """

    counts: Mapping[tuple[Period, str], IntArray] = field(repr=False)
    not_ended: Mapping[Period, KimError]


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
        cases = next(spec for spec in settings.sources if spec.holds == "cases")
        raw = sources.read_source(cases)
        return prepare(raw, area=settings.area, mapping=mapping, catalogue=catalogue)


def split_by_end(
    prepared: Prepared, periods: Sequence[Period], *, clock: Clock
) -> tuple[tuple[Period, ...], Mapping[Period, KimError]]:
    """Split periods into those that had ended when the file was exported, and the others with the reason.

    A file that does not say when it was exported counts as exported today.
    """
    exported: date = prepared.export_date or local(clock.now()).date()
    ended: list[Period] = []
    not_ended: dict[Period, KimError] = {}
    for period in periods:
        try:
            require_ended(period, export_date=exported)
            ended.append(period)
        except KimError as error:
            not_ended[period] = error
    return tuple(ended), not_ended


def count_figures(
    prepared: Prepared,
    *,
    catalogue: Catalogue,
    periods: Sequence[Period],
    clock: Clock,
    stopwatch: Stopwatch,
) -> Figures:
    """Count all datasets for all periods that had ended.

    Args:
        prepared: the facts.
        catalogue: the tables to fill.
        periods: periods asked for, in order of time.
        clock: for a file without an export date.
        stopwatch: told about stage ``tabulate``.

    Returns:
        The figures.

    Raises:
        KimError: ``unknown_code`` while something is not mapped.
    """
    require_mapped(prepared.unmapped)
    ended, not_ended = split_by_end(prepared, periods, clock=clock)
    with stopwatch.measuring("tabulate"):
        by_dataset = {
            dataset: tabulate(prepared.facts, catalogue=catalogue, dataset_id=dataset, periods=ended)
            for dataset in (DATASETS if ended else ())
        }
    counts = {
        (period, dataset): by_dataset[dataset][period].values for period in ended for dataset in DATASETS
    }
    return Figures(counts, not_ended)
