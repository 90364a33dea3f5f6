"""What a reader must know about an indicator: definition, why a total is a range, what a rate refers to."""

from __future__ import annotations

from aggregation.derived import terms_of
from hub.services.statistics import Reading
from hub.services.statistics.report import IndicatorReport
from hub.services.statistics.subjects import Subject
from hub.web.texts import figures as texts
from hub.web.texts import layout
from hub.web.wording import Wording
from protocol.observations import CellState


def definition_of(subject: Subject, wording: Wording) -> str:
    """What is counted, or how a derived figure is computed."""
    if subject.indicator is not None:
        return wording.say(subject.indicator.definition)
    return wording.say(texts.DEFINITIONS[subject.id])


def remarks_of(reading: Reading, report: IndicatorReport, wording: Wording) -> tuple[str, ...]:
    """Say everything that limits what the figure means, most important first."""
    return (
        *_why_open(report, wording),
        *_why_interval(report, wording),
        *_sources(reading, report, wording),
        *_years(report, wording),
        *_denominator(report, wording),
    )


def names_of(names: list[str], wording: Wording, *, most: int = 6) -> str:
    """Return a list of names; beyond ``most`` only how many more there are."""
    if len(names) <= most:
        return ", ".join(names)
    return wording.say(layout.AND_MORE).format(", ".join(names[: most - 1]), len(names) - most + 1)


def _why_open(report: IndicatorReport, wording: Wording) -> list[str]:
    say = wording.say
    coverage = report.headline.figure.coverage
    if coverage is None or coverage.complete or report.headline.figure.empty:
        return []
    # An area may deliver its dataflow and yet not collect this figure.
    missing = [i.area.name for i in report.areas if i.figure.state is CellState.NOT_DELIVERED]
    if not missing:
        return []
    if report.headline.figure.partial:
        return [say(texts.WHY_PARTIAL).format(names_of(missing, wording))]
    remarks = [say(texts.WHY_OPEN).format(names_of(missing, wording))]
    if report.denominator:
        rate = wording.rating().sentence(report.headline.figure)
        remarks.append(say(texts.OPEN_RATE).format(rate, say(texts.PER_THOUSAND[report.denominator.id])))
    return remarks


def _why_interval(report: IndicatorReport, wording: Wording) -> list[str]:
    interval = wording.counting().of(report.headline.figure)
    coverage = report.headline.figure.coverage
    if interval is None:
        unbounded = report.headline.figure.count is not None and report.headline.figure.count.unbounded
        return [wording.say(texts.WHY_NO_FLOOR)] if unbounded else []
    if interval.exact:
        return []
    if report.subject.distinct:
        return [wording.say(texts.WHY_DISTINCT)]
    if interval.lower is None:
        return [wording.say(texts.WHY_NO_FLOOR)]
    if coverage is not None and coverage.withheld:
        return [wording.say(texts.WHY_INTERVAL if interval.upper is not None else texts.WHY_LOWER)]
    return []


def _sources(reading: Reading, report: IndicatorReport, wording: Wording) -> list[str]:
    subject, say = report.subject, wording.say
    if subject.by_authority:
        return [say(texts.BY_AUTHORITY)]
    if subject.derived is None:
        return []
    names: dict[str, None] = {}
    for term in terms_of(reading.catalogue, subject.derived):
        if term.indicator is not None:
            names[say(reading.catalogue.indicators[term.indicator].name)] = None
        elif term.denominator is not None:
            population = reading.catalogue.denominators[term.denominator]
            names[f"{say(population.name)} ({say(population.source)})"] = None
    return [say(texts.DERIVED_FROM).format("; ".join(names)), say(texts.DERIVED_AREAS)]


def _years(report: IndicatorReport, wording: Wording) -> list[str]:
    indicator = report.subject.indicator
    if indicator is None or report.period.freq != "A":
        return []
    if "A" in indicator.frequencies:
        return [wording.say(texts.DELIVERED_YEAR)] if "Q" in indicator.frequencies else []
    text = texts.COMPUTED_YEAR.get(indicator.time_additivity)
    return [wording.say(text)] if text else []


def _denominator(report: IndicatorReport, wording: Wording) -> list[str]:
    denominator, say = report.denominator, wording.say
    if denominator is None:
        return []
    base = say(texts.DENOMINATOR).format(say(denominator.name), say(denominator.source))
    caution = texts.DENOMINATOR_CAUTION.get(denominator.id)
    remarks = [f"{base} {say(caution)}" if caution else base]
    if report.cell.codes:
        remarks.append(say(texts.DENOMINATOR_OF_CELL))
    return remarks
