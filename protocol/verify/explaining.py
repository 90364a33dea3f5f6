"""From a published figure to the signed statements behind it.

The figure is looked up in the release's own CSV file; the statements are those of the areas that its region
consists of, in the tables that the release cites. What is shown is verified as in `releases`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from protocol.catalogue_file import load_catalogue
from protocol.errors import KimError, kim_error
from protocol.evidence import TableRecord
from protocol.observations import label_of
from protocol.regions import region_tree
from protocol.strict_json import JsonValue
from protocol.texts import Text
from protocol.verify.anchors import Anchors
from protocol.verify.releases import CitedStatement, check_release
from protocol.verify.trail import Trail

_TOTALS = frozenset({"_T", "_Z"})
#: Columns in front of the dimensions and behind them in a release's CSV files.
_KEY = ("INDICATOR", "FREQ", "TIME_PERIOD", "REF_AREA")
_FIRST_MEASURE = "OBS_VALUE"
_CODES = ("OBS_STATUS", "CONF_STATUS")
_MEASURES = (_FIRST_MEASURE, "LOWER", "UPPER", *_CODES)
_NUMBER = re.compile(r"(?:-?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:e[+-]?[0-9]{1,2})?)?")
_CODE = re.compile(r"[A-Z_]{0,8}")


@dataclass(frozen=True, slots=True)
class Question:
    """Which figure is to be explained.

    Attributes:
        indicator: id of a delivered indicator.
        period: wire form.
        region: reporting area or aggregate.
        codes: dimension → code; dimensions not named stand at their total.
    """

    indicator: str
    period: str
    region: str
    codes: Mapping[str, str] = field(default_factory=dict)

    @property
    def dataset(self) -> str:
        """The dataflow that the indicator is delivered in.

        Raises:
            KimError: ``unknown_indicator``.
        """
        return load_catalogue().indicator(self.indicator).dataset

    @property
    def leaves(self) -> tuple[str, ...]:
        """The areas whose deliveries may be in the figure: those of the region, and authorities among them.

        Raises:
            KimError: ``unknown_area``.
        """
        tree = region_tree()
        own = tree.leaves_of(self.region)
        # What a joint authority decides is delivered for an aggregate, in place of its areas.
        joint = [name for name, members in tree.members.items() if set(members) <= set(own)]
        return (*own, *(name for name in joint if name not in own))


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One row of a release's file.

    Attributes:
        region: reporting area or aggregate.
        value: as it stands there, or empty.
        lower: likewise.
        upper: likewise.
        status: SDMX status of the observation.
        confidential: SDMX status of confidentiality.
    """

    region: str
    value: str
    lower: str
    upper: str
    status: str
    confidential: str

    @property
    def text(self) -> Text:
        """The figure for people."""
        if self.value:
            return Text(_plain(self.value), _plain(self.value))
        if self.lower and self.upper:
            between = _plain(self.lower), _plain(self.upper)
            return Text("zwischen {} und {}".format(*between), "between {} and {}".format(*between))
        if self.lower or self.upper:
            limit = _plain(self.lower or self.upper)
            at_least = bool(self.lower)
            return Text(
                f"{'mindestens' if at_least else 'höchstens'} {limit}",
                f"{'at least' if at_least else 'at most'} {limit}",
            )
        return label_of(self.status, self.confidential) or Text("kein Wert", "no value")

    @property
    def members(self) -> dict[str, JsonValue]:
        """The same for machines."""
        return {
            "area": self.region,
            "value": self.value or None,
            "lower": self.lower or None,
            "upper": self.upper or None,
            "obs_status": self.status,
            "conf_status": self.confidential,
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """A figure and what it rests on.

    Attributes:
        question: what was asked.
        figure: the published figure; None without the release's file.
        parts: figures of single areas, by area; empty without the file.
        statements: the statements behind it, verified.
        files: SHA-256 of the list of the release's files, as the log names it; None if that is not proven.
    """

    question: Question
    figure: PublishedFigure | None
    parts: Mapping[str, PublishedFigure]
    statements: tuple[CitedStatement, ...]
    files: str | None


def explain(
    trail: Trail, evidence: bytes, anchors: Anchors, question: Question, *, figures: bytes | None = None
) -> Explanation:
    """Verify what a figure rests on. That ``figures`` are the release's own is for the caller to check.

    Args:
        trail: collects what is found.
        evidence: of the release; it may be limited to what is asked.
        anchors: what is believed; with a directory.
        question: which figure.
        figures: the release's CSV file of the dataflow.

    Raises:
        KimError: ``unknown_indicator``, ``unknown_area``; ``not_found`` if the release has no such figure;
            what does not hold.
    """
    dataset, leaves = question.dataset, question.leaves

    def wanted(table: TableRecord, area: str) -> bool:
        return table.place == (dataset, question.period) and area in leaves

    release = check_release(trail, evidence, anchors, wanted=wanted)
    if release.record.table(dataset, question.period) is None:
        raise _no_figure()
    found = dict(_figures(figures, question, leaves)) if figures is not None else {}
    if figures is not None and question.region not in found:
        raise _no_figure()
    figure = found.get(question.region)
    parts = {name: item for name, item in found.items() if name != question.region}
    trail.facts["figure"] = None if figure is None else figure.members
    trail.facts["parts"] = [item.members for item in parts.values()]
    trail.facts["cited"] = [item.members for item in release.statements]
    return Explanation(question, figure, parts, release.statements, release.files)


def _figures(data: bytes, question: Question, leaves: Sequence[str]) -> Iterator[tuple[str, PublishedFigure]]:
    try:
        rows = csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""))
        names = list(rows.fieldnames or ())
        dimensions = names[len(_KEY) : names.index(_FIRST_MEASURE)]
    except (UnicodeDecodeError, ValueError, csv.Error):
        raise _no_file() from None
    if tuple(names[: len(_KEY)]) != _KEY or not set(_MEASURES) <= set(names):
        raise _no_file()
    if unknown := question.codes.keys() - set(dimensions):
        raise kim_error(
            "bad_request",
            Text(
                f"Diese Gliederung gibt es hier nicht: {', '.join(sorted(unknown))}.",
                f"There is no such breakdown here: {', '.join(sorted(unknown))}.",
            ),
        )
    regions = {question.region, *leaves}
    for row in _read(rows):
        fits = (row["INDICATOR"], row["TIME_PERIOD"]) == (question.indicator, question.period)
        if not fits or row["REF_AREA"] not in regions:
            continue
        if all(_is_at(row[name], question.codes.get(name)) for name in dimensions):
            yield (
                row["REF_AREA"],
                PublishedFigure(row["REF_AREA"], *(_cell(name, row[name]) for name in _MEASURES)),
            )


def _read(rows: Iterable[dict[str, str]]) -> Iterator[dict[str, str]]:
    try:
        yield from rows
    except csv.Error:
        raise _no_file() from None


def _cell(name: str, text: str | None) -> str:
    """Return what stands in a cell: a number, a code or nothing; anything else never reaches a terminal."""
    if text is None or not (_CODE if name in _CODES else _NUMBER).fullmatch(text):
        raise _no_file()
    return text


def _is_at(code: str, wanted: str | None) -> bool:
    return code == wanted if wanted is not None else code in _TOTALS


def _plain(number: str) -> str:
    """Write a decimal of the file without what a machine added: ``1234.0`` is 1234."""
    text = f"{Decimal(number):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _no_figure() -> KimError:
    return kim_error(
        "not_found",
        Text("Diese Zahl enthält die Veröffentlichung nicht.", "The release does not hold this figure."),
        remedy=Text(
            "Indikator, Gebiet, Zeitraum und Gliederung prüfen; codebook.csv und areas.csv nennen sie.",
            "Check indicator, area, period and breakdown; codebook.csv and areas.csv name them.",
        ),
    )


def _no_file() -> KimError:
    return kim_error(
        "file_unreadable",
        Text("Die CSV-Datei der Veröffentlichung ist unlesbar.", "The release's CSV file cannot be read."),
    )
