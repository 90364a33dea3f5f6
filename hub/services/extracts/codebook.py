"""The words that go with the figures: variables, codes, indicators, regions, how to read and cite them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Final

from hub.clock import day_of
from hub.services.extracts.figures import KEY, MEASURES
from hub.services.statistics.releases import Release
from protocol.catalogue import Dataset
from protocol.observations import WITHHELD_BY_HUB, WITHHELD_BY_HUB_LABEL, CellState
from protocol.regions import RegionTree, areas_by_id
from protocol.texts import Text

TITLE: Final = Text(
    "Kommunales Integrationsmanagement NRW: Kennzahlen aus 54 Kommunen",
    "Municipal integration management NRW: indicators from 54 municipalities",
)
LICENCE_NAME: Final = "Datenlizenz Deutschland – Namensnennung – Version 2.0"
LICENCE_ID: Final = "DL-DE-BY-2.0"
LICENCE_URL: Final = "https://www.govdata.de/dl-de/by-2-0"

_MADE_UP: Final = Text(
    "Achtung: erfundene Zahlen. Diese Veröffentlichung stammt aus der Demo.",
    "Beware: made-up figures. This release comes from the demo.",
)
_VARIABLES: Final = {
    "INDICATOR": Text("Kennzahl; siehe indicators.csv", "indicator; see indicators.csv"),
    "FREQ": Text("Periodizität: Q Quartal, A Jahr", "frequency: Q quarter, A year"),
    "TIME_PERIOD": Text("Berichtszeitraum, etwa 2026-Q3 oder 2025", "period, such as 2026-Q3 or 2025"),
    "REF_AREA": Text("Berichtsraum; siehe areas.csv", "reference area; see areas.csv"),
    "OBS_VALUE": Text(
        "Wert in der Einheit der Kennzahl; leer, wo keiner genannt wird",
        "value in the unit of the indicator; empty where none is given",
    ),
    "LOWER": Text("garantierte Untergrenze; leer: keine", "guaranteed lower limit; empty: none"),
    "UPPER": Text(
        "garantierte Obergrenze; leer: nach oben offen", "guaranteed upper limit; empty: open above"
    ),
    "OBS_STATUS": Text("Beobachtungsstatus (SDMX)", "observation status (SDMX)"),
    "CONF_STATUS": Text("Geheimhaltungsstatus (SDMX)", "confidentiality status (SDMX)"),
    "UNIT_MEASURE": Text("Einheit", "unit"),
    "AREAS_EXPECTED": Text("Gebiete, die hätten liefern sollen", "areas that should have delivered"),
    "AREAS_DELIVERED": Text("Gebiete, die geliefert haben", "areas that have delivered"),
    "AREAS_WITHHELD": Text("Gebiete, die diese Zelle geheim halten", "areas that withhold this cell"),
}


def variables_csv(datasets: Sequence[Dataset]) -> bytes:
    """Return all variables and the codes of each, with their labels."""
    rows: list[Sequence[str]] = [(name, "", text.de, text.en, "") for name, text in _described(KEY)]
    seen: set[str] = set()
    for dataset in datasets:
        for indicator in dataset.indicators:
            for use in indicator.dimensions:
                if use.id in seen:
                    continue
                seen.add(use.id)
                rows.append((use.id, "", use.codelist.name.de, use.codelist.name.en, ""))
                rows += [
                    (use.id, code.id, code.name.de, code.name.en, code.parent or "")
                    for code in use.codelist.published
                ]
                rows.append((use.id, "_Z", "nicht anwendbar (hat die Kennzahl nicht)", "not applicable", ""))
    rows += [(name, "", text.de, text.en, "") for name, text in _described(MEASURES)]
    for state in CellState:
        status, confidentiality = state.wire
        pair = f"{status}/{confidentiality}"
        rows.append(("OBS_STATUS/CONF_STATUS", pair, state.label.de, state.label.en, ""))
    by_hub = f"{CellState.SUPPRESSED.wire[0]}/{WITHHELD_BY_HUB}"
    label = WITHHELD_BY_HUB_LABEL
    rows.append(("OBS_STATUS/CONF_STATUS", by_hub, label.de, label.en, ""))
    return _csv(("variable", "code", "label_de", "label_en", "parent"), rows)


def indicators_csv(datasets: Sequence[Dataset]) -> bytes:
    """Return what each indicator counts and how it may be added up."""
    return _csv(
        (
            *("indicator", "dataflow", "name_de", "name_en", "definition_de", "definition_en", "unit"),
            *("stock_or_flow", "sum_over_areas", "sum_over_time", "tables", "min_contributors"),
        ),
        (
            (
                indicator.id,
                dataset.id,
                indicator.name.de,
                indicator.name.en,
                indicator.definition.de,
                indicator.definition.en,
                indicator.unit,
                indicator.stock_or_flow,
                indicator.region_additivity,
                indicator.time_additivity,
                " ".join("*".join(table) for table in indicator.tables),
                str(indicator.rule.min_contributors),
            )
            for dataset in datasets
            for indicator in dataset.indicators
        ),
    )


def areas_csv(tree: RegionTree) -> bytes:
    """Return the regions: the 54 areas and what is computed above them."""
    areas = areas_by_id()
    rows: list[Sequence[str]] = []
    for region in sorted(tree.names):
        area = areas.get(region)
        rows.append(
            (
                region,
                area.official_key if area else region.removeprefix("NW"),
                tree.name(region).de,
                tree.name(region).en,
                "area" if area else "aggregate",
                tree.parents.get(region, ""),
                str(area.population) if area else "",
                str(area.foreign_population) if area else "",
                area.population_date if area else "",
            )
        )
    return _csv(
        (
            *("ref_area", "official_key", "name_de", "name_en", "kind", "parent"),
            *("population", "foreign_population_estimate", "population_date"),
        ),
        rows,
    )


def readme(release: Release, names: Sequence[str], *, demo: bool) -> bytes:
    """Return the page that a researcher opens first, German before English."""
    day = day_of(release.created_at).isoformat()
    listed = "\n".join(f"- `{name}`" for name in names)
    template = resources.files("hub.services.extracts").joinpath("data/readme.md").read_text(encoding="utf-8")
    text = template.format(
        title=TITLE.de,
        title_en=TITLE.en,
        number=release.number,
        day=day,
        catalogue=release.catalogue_version,
        files=listed,
        demo=f"> **{_MADE_UP.de}**\n\n" if demo else "",
        demo_en=f"> **{_MADE_UP.en}**\n\n" if demo else "",
        licence=LICENCE_NAME,
        url=LICENCE_URL,
        citation=citation_line(release, "de"),
        citation_en=citation_line(release, "en"),
    )
    return text.encode()


def citation_line(release: Release, language: str) -> str:
    """Return how the release is cited in a text."""
    title = TITLE.en if language == "en" else TITLE.de
    word = "Release" if language == "en" else "Veröffentlichung"
    return (
        f"KIM-Datenverbund NRW ({day_of(release.created_at).year}): {title}. {word} {release.number}, "
        f"{day_of(release.created_at).isoformat()}, {LICENCE_ID}."
    )


def citation_cff(release: Release) -> bytes:
    """Return the citation for reference managers (Citation File Format 1.2.0)."""
    return (
        "cff-version: 1.2.0\n"
        "message: Bitte so zitieren. / Please cite as below.\n"
        "type: dataset\n"
        f'title: "{TITLE.de}"\n'
        "authors:\n"
        '  - name: "KIM-Datenverbund NRW"\n'
        f'version: "{release.number}"\n'
        f"date-released: {day_of(release.created_at).isoformat()}\n"
        f"license-url: {LICENCE_URL}\n"
    ).encode()


def _described(names: Iterable[str]) -> Iterable[tuple[str, Text]]:
    return ((name, _VARIABLES[name]) for name in names)


def _csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """RFC 4180, UTF-8, comma: what a statistics program reads without asking."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue().encode()
