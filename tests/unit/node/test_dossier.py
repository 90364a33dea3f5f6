"""The paper that says what leaves: read from the protected bytes, complete, escaped, in both languages."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import pytest

from node.dossier import Dossier, Entry, make_dossier, read_sheet, render_html, render_text
from node.dossier.sheets import Cell, Sheet
from node.journal import DeliveryState, Journal
from node.keystore import load_key
from node.pipeline import (
    Decision,
    Figures,
    Prospect,
    Prospects,
    Slot,
    Stopwatch,
    Workshop,
    count_figures,
    doubts_of,
    read_sources,
    seal,
)
from node.quality import Prepared
from protocol.catalogue_file import load_catalogue
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.observations import CellState
from protocol.periods import Period
from protocol.texts import Text
from tests.factories.node_home import NodeHome, node_home
from tests.factories.registers import aachen_node
from tests.fakes.node_clock import SteppedClock
from tests.unit.node.exports import AREA

Q1 = Period(2026, 1)
FIRST = Slot(AREA, "CASES", Q1)
VOID = {"meta", "link", "br"}


class Office:
    """A run over two quarters, and the dossier of whatever a test makes of it."""

    def __init__(self, home: NodeHome, journal: Journal) -> None:
        clock = SteppedClock()
        self.home = home
        self.journal = journal
        self.workshop = Workshop(home.settings, load_catalogue(), clock, Stopwatch(clock))
        self.prepared: Prepared = read_sources(
            home.settings, self.workshop.catalogue, stopwatch=self.workshop.stopwatch
        )
        self.figures: Figures = count_figures(
            self.prepared,
            settings=home.settings,
            catalogue=self.workshop.catalogue,
            clock=clock,
            stopwatch=self.workshop.stopwatch,
        )
        self.key = load_key(home.settings.key)
        self.prospects = list(Prospects(self.workshop, journal, self.key.public.keyid).of(self.figures))

    def dossier(self, prospects: list[Prospect] | None = None) -> Dossier:
        return make_dossier(
            self.prospects if prospects is None else prospects,
            prepared=self.prepared,
            workshop=self.workshop,
            journal=self.journal,
        )

    def sheet(self) -> Sheet:
        draft = self.prospects[0].draft
        assert draft is not None
        return read_sheet(
            draft.payload,
            payload_sha256=draft.statement.payload.sha256,
            catalogue=self.workshop.catalogue,
            dataset_id="CASES",
            period=Q1,
            reasons=draft.reasons,
        )


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    home = node_home(tmp_path_factory.mktemp("node"))
    with Journal(home.settings.journal, clock=SteppedClock()) as journal:
        yield Office(home, journal)


@pytest.fixture(scope="module")
def dossier(office: Office) -> Dossier:
    return office.dossier()


def cells_of(sheet: Sheet) -> Iterator[Cell]:
    for indicator in sheet.indicators:
        for table in indicator.tables:
            for line in table.lines:
                yield from line.cells


class Structure(HTMLParser):
    """Checks that tags are balanced; collects tags, attributes and visible text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def test_a_sheet_holds_what_the_bytes_hold(office: Office) -> None:
    sheet, draft = office.sheet(), office.prospects[0].draft
    assert draft is not None

    assert sheet.size == len(draft.table)
    assert sheet.cells[CellState.SUPPRESSED] == draft.withheld.sum()
    assert sum(sheet.reasons.values()) == draft.withheld.sum()
    for cell in cells_of(sheet):
        assert (cell.value is None) == (cell.state is CellState.SUPPRESSED)
        assert (cell.note is not None) == (cell.state is CellState.SUPPRESSED)


def test_every_cell_of_the_delivery_stands_in_a_table(office: Office) -> None:
    sheet = office.sheet()

    # Shared totals stand in several tables, so the tables show at least as many cells as there are.
    assert len(list(cells_of(sheet))) >= sheet.size
    assert [i.indicator.id for i in sheet.indicators] == [
        "CASES_OPENED",
        "CASES_CLOSED",
        "CASES_OPEN",
        "CONTACTS_ONEOFF",
    ]
    assert all(line.depth > 0 for i in sheet.indicators for t in i.tables for line in t.lines[1:])


def test_tables_that_do_not_add_up_say_so(office: Office) -> None:
    opened = office.sheet().indicators[0]

    assert [table.caption.de for table in opened.tables if table.multiple] == ["Handlungsfeld"]


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_page_is_well_formed_and_loads_nothing(dossier: Dossier, language: str) -> None:
    page = render_html(dossier, language=language)
    structure = Structure(page)

    assert structure.open == []
    assert ("lang", language) in structure.attributes
    assert not {"script", "img", "link", "iframe", "object"} & set(structure.tags)
    assert not [value for name, value in structure.attributes if name in {"src", "onclick", "style"}]
    assert all(value.startswith("#") for name, value in structure.attributes if name == "href" and value)
    assert "url(" not in page
    assert "@import" not in page
    assert structure.tags.count("h1") == 1


def test_the_page_names_what_a_data_protection_officer_asks_for(dossier: Dossier, office: Office) -> None:
    text = Structure(render_html(dossier, language="de")).text
    draft = office.prospects[0].draft
    assert draft is not None

    for expected in (
        "Was verlässt das Haus",
        "Rhein-Sieg-Kreis (NW05382)",
        "1. Quartal 2026 – 2. Quartal 2026",
        "http://127.0.0.1:9 (kim-nrw/local)",
        draft.statement.payload.sha256,
        "6 Lieferungen sicher",
        "weniger als 5 Fälle oder Personen",
        "besonders geschützten Merkmalen 10",
        "Geburtsdaten",
        "Zeichenerklärung",
        "Unterschrift",
        "bleibt im Haus",
    ):
        assert expected in text


@pytest.mark.parametrize("language", ["de", "en"])
def test_page_and_text_show_the_same_cells(dossier: Dossier, language: str) -> None:
    page = render_html(dossier, language=language)
    text = render_text(dossier, language=language)
    hidden = sum(
        cell.state is CellState.SUPPRESSED
        for entry in dossier.entries
        if entry.sheet is not None
        for cell in cells_of(entry.sheet)
    )

    assert page.count('<td class="withheld">') == hidden
    assert len(re.findall(r"(?<= )\. [abc](?= |$)", text, re.MULTILINE)) == hidden


def test_no_row_of_the_source_is_quoted(dossier: Dossier) -> None:
    for rendered in (render_html(dossier, language="de"), render_text(dossier, language="de")):
        assert not re.search(r"\bF\d+\b|\bP\d+\b|01\.05\.19\d\d", rendered)


def test_the_english_side_is_english(dossier: Dossier) -> None:
    page = Structure(render_html(dossier, language="en")).text

    assert "What leaves the house" in page
    assert "Cases opened" in page
    assert "insgesamt" not in page.lower()


def test_hostile_names_stay_text(dossier: Dossier) -> None:
    hostile = '<script>alert("x")</script>&'
    page = render_html(replace(dossier, area=hostile, audience=hostile), language="de")

    structure = Structure(page)
    assert "script" not in structure.tags
    assert hostile in structure.text


def test_what_is_blocked_says_why_and_shows_no_figures(office: Office) -> None:
    problem = kim_error(
        "disclosure_unsafe",
        errors=[ErrorItem("/cells/X", "disclosure_unsafe", Text("Zelle folgt aus …", "cell follows from …"))],
    )
    dossier = office.dossier([Prospect(FIRST, Decision.BLOCKED, problem=problem)])

    page, text = render_html(dossier, language="de"), render_text(dossier, language="de")

    assert "Zelle folgt aus …" in page
    assert "Zelle folgt aus …" in text
    for said in (Structure(page).text, " ".join(text.split())):
        assert said.count(problem.problem.title.de) == 1
        assert problem.problem.remedy.de in said
    assert "0 Lieferungen sicher; 1 verlässt das Haus nicht" in page
    assert "Neue Fälle" not in page


def test_a_held_correction_says_how_many_cells_differ(office: Office, tmp_path: Path) -> None:
    prospect = office.prospects[0]
    assert prospect.draft is not None
    with Journal(tmp_path / "journal", clock=SteppedClock()) as journal:
        record = journal.spool(seal(prospect.draft, office.key, workshop=office.workshop))
        journal.observe(record, DeliveryState.ACCEPTED)
        table = office.figures.tables[FIRST]
        changed = replace(table, values=table.values + (table.values == table.values.max()))
        figures = replace(office.figures, tables={FIRST: changed})
        prospects = list(Prospects(office.workshop, journal, "0" * 64).of(figures))
        dossier = make_dossier(prospects, prepared=office.prepared, workshop=office.workshop, journal=journal)

    text = render_text(dossier, language="de")
    assert f"{prospects[0].changed_cells} von 446 Zellen" in text
    assert "zurückgehalten" in text
    assert record.payload_sha256 in text


def test_damaged_bytes_make_no_dossier(office: Office) -> None:
    draft = office.prospects[0].draft
    assert draft is not None
    with pytest.raises(KimError):
        read_sheet(
            draft.payload[:-1],
            payload_sha256="0" * 64,
            catalogue=office.workshop.catalogue,
            dataset_id="CASES",
            period=Q1,
            reasons={},
        )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Dossier]]:
    """A joint authority's node that collects everything but referrals, for the end of a year."""
    home = aachen_node(
        tmp_path_factory.mktemp("aachen"), hub="http://127.0.0.1:9", periods="2025-Q1..2026-Q1"
    )
    text = home.config.read_text(encoding="utf-8")
    home.config.write_text(text + '\n[breaks]\n"2025-Q4" = "Neue <Software>"\n', encoding="utf-8")
    with Journal(home.settings.journal, clock=SteppedClock()) as journal:
        office = Office(home, journal)
        breaks = office.workshop.settings.breaks
        doubts = doubts_of(
            office.figures, area=home.settings.area, catalogue=office.workshop.catalogue, breaks=breaks
        )
        yield (
            office,
            make_dossier(
                office.prospects,
                prepared=office.prepared,
                workshop=office.workshop,
                journal=journal,
                doubts=doubts,
            ),
        )


def entry_of(dossier: Dossier, dataset: str, period: str, area: str = "NW05334X002") -> Entry:
    slot = Slot(area, dataset, Period.parse(period))
    return next(entry for entry in dossier.entries if entry.slot == slot)


def test_one_dataflow_is_read_after_the_other(whole: tuple[Office, Dossier]) -> None:
    entries = whole[1].entries
    order = list(dict.fromkeys(entry.slot.dataset_id for entry in entries))

    assert order == ["CASES", "PERSONS", "STAFFING", "FUNDS", "PROCESSES"]
    persons = [str(entry.period) for entry in entries if entry.slot.dataset_id == "PERSONS"]
    assert persons == ["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4", "2025", "2026-Q1"]


def test_posts_and_euros_are_written_with_their_unit(whole: tuple[Office, Dossier]) -> None:
    page = Structure(render_html(whole[1], language="de")).text
    text = render_text(replace(whole[1], entries=(entry_of(whole[1], "FUNDS", "2025"),)), language="de")

    assert "15,00" in page  # posts
    assert "895.000,00" in page
    assert "895.000,00" in text
    assert "Einheit: Euro" in page
    assert "Einheit: VZÄ" in page
    assert "VZÄ" in page
    assert "zu wenige Träger" in page


def test_what_has_no_source_says_so_in_the_place_of_tables(whole: tuple[Office, Dossier]) -> None:
    own = entry_of(whole[1], "PROCESSES", "2025-Q4")
    assert own.sheet is not None
    empty = [sheet.indicator.id for sheet in own.sheet.indicators if not sheet.collected]
    assert empty == ["REFERRALS", "B3_DECISIONS"]
    for rendered in (
        Structure(render_html(whole[1], language="de")).text,
        " ".join(render_text(replace(whole[1], entries=(own,)), language="de").split()),
    ):
        assert "Nicht erhoben: Dafür hat die Kommune keine Quelle eingerichtet." in rendered
        assert "Das zählt die gemeinsame Behörde" in rendered
    assert whole[1].not_collected == (Text("Weitervermittlungen", "Referrals to other institutions"),)


def test_a_joint_authority_shows_what_it_decides_and_nothing_else(whole: tuple[Office, Dossier]) -> None:
    joint = entry_of(whole[1], "PROCESSES", "2025-Q4", "NW05334")
    text = render_text(replace(whole[1], entries=(joint,)), language="de")

    assert "Prozesse, 4. Quartal 2025, Städteregion Aachen (einschl. Stadt Aachen) (NW05334)" in text
    assert "Positive Entscheidungen (Baustein 3)" in text
    assert "Strukturthemen" not in text.split("Prozesse, 4. Quartal 2025")[1]


def test_only_a_total_is_set_like_one(whole: tuple[Office, Dossier]) -> None:
    joint = entry_of(whole[1], "PROCESSES", "2025-Q4", "NW05334")
    assert joint.sheet is not None
    (table,) = next(s for s in joint.sheet.indicators if s.collected).tables

    assert all(line.depth > 0 for line in table.lines)


def test_a_break_of_the_series_is_said_where_it_is_signed(whole: tuple[Office, Dossier]) -> None:
    page = render_html(whole[1], language="de")

    assert entry_of(whole[1], "CASES", "2025-Q4").series_break == "Neue <Software>"
    assert entry_of(whole[1], "CASES", "2026-Q1").series_break is None
    assert "Neue &lt;Software&gt;" in page
    assert "Bruch in der Zeitreihe" in page


def test_doubts_name_the_place_and_no_value(whole: tuple[Office, Dossier]) -> None:
    page = Structure(render_html(whole[1], language="de")).text

    assert whole[1].doubts
    assert "Auffällig, bitte bestätigen" in page
    assert "Fördermittel, Jahr 2025 Bewilligte Landesmittel je Bewilligte Stellen (VZÄ)" in page


@pytest.mark.parametrize("language", ["de", "en"])
def test_many_deliveries_have_an_overview_and_contents(
    whole: tuple[Office, Dossier], language: Literal["de", "en"]
) -> None:
    page = render_html(whole[1], language=language)
    structure = Structure(page)
    targets = {value for name, value in structure.attributes if name == "id"}

    assert structure.open == []
    links = [value for name, value in structure.attributes if name == "href" and value]
    assert {link[1:] for link in links} <= targets
    assert len([link for link in links if link.startswith("#delivery-")]) == len(whole[1].entries)
    assert "Prozesse (NW05334)" in page if language == "de" else "Processes (NW05334)" in page
