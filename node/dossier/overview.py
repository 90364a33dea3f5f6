"""Many deliveries summed up: by dataflow, area and frequency, in the words of the paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from node.dossier.document import Dossier, Entry
from node.dossier.phrases import VERDICTS, short_period
from protocol.nouns import whole
from protocol.observations import CellState
from protocol.periods import Period


def dataflows(dossier: Dossier) -> list[list[Entry]]:
    """Group the deliveries by dataflow, area and frequency, in the order of the paper."""
    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in dossier.entries:
        slot = entry.slot
        groups.setdefault((slot.dataset_id, slot.area, slot.period.freq), []).append(entry)
    return list(groups.values())


def totals(entries: Sequence[Entry], language: str) -> tuple[str, ...]:
    """Count cells, those shown, zeros, those withheld and the sensitive ones among these."""
    sheets = [entry.sheet for entry in entries if entry.sheet is not None]
    if not sheets:
        return ("–",) * 5
    size = sum(sheet.size for sheet in sheets)
    withheld, missing, zeros = (
        sum(sheet.cells.get(state, 0) for sheet in sheets)
        for state in (CellState.SUPPRESSED, CellState.NOT_DELIVERED, CellState.ZERO)
    )
    sensitive = [entry.sensitive for entry in entries if entry.sensitive is not None]
    counted = (size - missing, size - withheld - missing, zeros, withheld)
    return (
        *(whole(count, language) for count in counted),
        whole(sum(sensitive), language) if sensitive else "–",
    )


def audits(entries: Sequence[Entry], language: str) -> str:
    """Say what the audit found about some deliveries."""
    found = dict.fromkeys(VERDICTS[entry.verdict].in_(language) for entry in entries if entry.verdict)
    return ", ".join(found) or "–"


def standings(entries: Sequence[Entry], language: str) -> str:
    """Say how some deliveries stand; with numbers where they differ."""
    found = Counter(entry.standing.in_(language) for entry in entries)
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(f"{whole(number, language)} {standing}" for standing, number in found.items())


def span(entries: Iterable[Entry]) -> tuple[Period, ...]:
    """Return the first and the last period of some deliveries; years only if there is nothing else."""
    periods = sorted({entry.period for entry in entries}, key=lambda period: period.last_day)
    quarters = [period for period in periods if period.quarter is not None] or periods
    return tuple(dict.fromkeys((quarters[0], quarters[-1]))) if quarters else ()


def name(group: Sequence[Entry], language: str) -> str:
    """Name the dataflow of a group, the area if it is not the node's own, and how many there are."""
    first = group[0]
    area = f" ({first.slot.area})" if first.area is not None else ""
    return f"{first.dataset.in_(language)}{area}"


def periods(group: Sequence[Entry]) -> str:
    """Write the first and the last period of a group, as short as a table needs it."""
    return " – ".join(short_period(period) for period in span(group))
