"""The page that leads from a figure to the signed statements behind it, and to their places in the log."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlencode

from hub.services.context import HubContext
from hub.services.extracts.evidence import Trace, TracedDelivery, trace
from hub.services.statistics import Statistics
from hub.services.statistics.report import IndicatorReport
from hub.web import numbers
from hub.web.frame import Frame, Link, frame_of
from hub.web.page_query import PageQuery
from hub.web.pages.indicator import read_report, report_wording, subject_words
from hub.web.texts import evidence as texts
from hub.web.wording import Wording
from protocol.errors import kim_error
from protocol.periods import Period
from protocol.regions import LAND, region_tree
from protocol.texts import Text
from protocol.transparency.receipts import SUFFIX


@dataclass(frozen=True, slots=True)
class TableLine:
    """One statewide table behind the figure: its name, and its digest."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One delivery behind the figure.

    Attributes:
        area: name of the area.
        key: id of the area.
        period: name of the period.
        node: who signed it; empty for what no node has signed.
        statement: its id; empty likewise.
        statement_url: address of the signed statement.
        revision: number of the revision.
        received: the day on which it came in.
        accepted: the day on which it was accepted.
        index: place in the log; empty if the log is younger.
        receipt_url: address of the receipt; empty likewise.
        receipt: what the receipt's link says to those who hear it.
        remark: what is to be said in place of all that.
    """

    area: str
    key: str
    period: str
    node: str = ""
    statement: str = ""
    statement_url: str = ""
    revision: str = ""
    received: str = ""
    accepted: str = ""
    index: str = ""
    receipt_url: str = ""
    receipt: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class EvidencePage:
    """Context of `evidence.html`.

    Attributes:
        frame: what stands around the page.
        subject: the chosen cell in words.
        region: name of the region.
        period: name of the period.
        figure: the figure as a sentence part.
        back: the page of the figure.
        release: where the release stands in the log.
        tables: the statewide tables behind it.
        caption: caption of the table of deliveries.
        deliveries: the deliveries behind it.
        evidence_url: the evidence of this figure.
        whole_url: the evidence of the release.
        command: the command that verifies this figure; empty for a derived one.
        whole_command: the command that verifies the release.
    """

    frame: Frame
    subject: str
    region: str
    period: str
    figure: str
    back: Link
    release: str
    tables: tuple[TableLine, ...]
    caption: str
    deliveries: tuple[DeliveryLine, ...]
    evidence_url: str
    whole_url: str
    command: str
    whole_command: str


def evidence_page(
    statistics: Statistics, context: HubContext, subject: str, query: PageQuery
) -> EvidencePage:
    """Read and word the page.

    Raises:
        KimError: as :func:`hub.web.pages.indicator.read_report`.
    """
    with statistics.reading(query.release) as reading:
        report = read_report(reading, subject, query)
        release = reading.release
        if release is None:
            raise kim_error("not_found")
        wording = report_wording(report, query).counting()
        region = query.area or LAND
        shown = report.chosen if report.chosen is not None else report.headline
        figure = query.to(
            f"/indikator/{report.subject.id}",
            period=query.period,
            codes=query.codes,
            area=query.area,
        )
        trail = (
            Link(wording.say(report.subject.name), figure.url()),
            Link(wording.say(texts.EVIDENCE_TITLE), query.url(), current=True),
        )
        frame = frame_of(statistics, query, reading=reading, page="figures", trail=trail)
        described = subject_words(report, wording)
        sentence = wording.sentence(shown.figure)
    found = trace(
        context, release.number, datasets=report.subject.datasets, period=str(report.period), region=region
    )
    evidence = f"/extracts/{release.number}/evidence.json"
    own = urlencode({"dataset": report.subject.dataset, "period": str(report.period), "area": region})
    return EvidencePage(
        frame=frame,
        subject=described,
        region=wording.say(region_tree().name(region)),
        period=wording.say(numbers.period_name(report.period)),
        figure=sentence,
        back=Link(described, figure.url()),
        release=_release(found, wording),
        tables=tuple(
            TableLine(f"{dataset} {period}", sha256) for (dataset, period), sha256 in found.tables.items()
        ),
        caption=_caption(len(found.deliveries), wording),
        deliveries=tuple(_line(item, release.number, wording) for item in found.deliveries),
        evidence_url=f"{evidence}?{own}",
        whole_url=evidence,
        command=_command(report, region),
        whole_command="kim-verify release evidence.json --trust trust",
    )


def _line(item: TracedDelivery, release: int, wording: Wording) -> DeliveryLine:
    say = wording.say
    area = say(region_tree().name(item.area))
    period = say(numbers.period_name(Period.parse(item.period)))
    if item.identity is None:
        return DeliveryLine(area, item.area, period, remark=say(texts.EVIDENCE_GRANTED))
    address = f"/extracts/{release}/statements/{item.identity}"
    logged = item.index is not None

    def day(moment: dt.datetime | None) -> str:
        return "" if moment is None else numbers.day_of(moment, wording.language)

    return DeliveryLine(
        area=area,
        key=item.area,
        period=period,
        node=item.node,
        statement=item.identity,
        statement_url=f"{address}.dsse.json",
        revision=str(item.revision),
        received=day(item.received),
        accepted=day(item.accepted),
        index=str(item.index) if logged else "",
        receipt_url=f"{address}{SUFFIX}" if logged else "",
        receipt=say(texts.EVIDENCE_RECEIPT_OF).format(area, period),
        remark="" if logged else say(texts.EVIDENCE_UNLOGGED),
    )


def _release(found: Trace, wording: Wording) -> str:
    if found.index is None:
        return wording.say(texts.EVIDENCE_RELEASE_UNLOGGED).format(found.release)
    return wording.say(texts.EVIDENCE_RELEASE).format(found.release, found.index)


def _caption(number: int, wording: Wording) -> str:
    one: Text = texts.EVIDENCE_CAPTION_ONE
    return wording.say(one if number == 1 else texts.EVIDENCE_CAPTION).format(number)


def _command(report: IndicatorReport, region: str) -> str:
    if report.subject.derived is not None:
        return ""
    codes = "".join(f" {name}={code}" for name, code in report.cell.codes.items())
    question = f"{report.subject.id} {report.period} {region}{codes}"
    return f"kim-verify explain evidence.json {question} --trust trust"
