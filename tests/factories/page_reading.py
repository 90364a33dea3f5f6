"""Reading pages in tests: their text as a person reads it, their tags, and which pages there are."""

import html
import re
from html.parser import HTMLParser

from flask.testing import FlaskClient

from hub.services.statistics.subjects import subjects_of
from protocol.catalogue_file import load_catalogue

SUBJECTS = tuple(subjects_of(load_catalogue()))
PAGES = (
    "/",
    "/lieferungen",
    "/lieferungen?period=2025",
    "/gebiet/NW05315",
    "/gebiet/NW05334",
    "/gebiet/NW05?period=2025",
    "/daten",
    "/nachweis/CASES_OPEN?period=2025&area=NW051",
    "/suche?q=wartezeit",
    "/barrierefreiheit",
    *(f"/indikator/{name}" for name in SUBJECTS),
)
OPEN = "/indikator/CASES_OPEN"


def text_of(client: FlaskClient, address: str = "/") -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return html.unescape(re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


class Tags(HTMLParser):
    """Collects tags with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags_of(client: FlaskClient, address: str = "/") -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(client.get(address).text)
    return parser.found
