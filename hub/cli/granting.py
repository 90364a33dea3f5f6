"""`kim-hub grants import`: take the grants of a year from the granting authority's list."""

from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from hub.cli.output import HOME, JSON, LANGUAGE, answer, reports_problems, settings_of_hub
from hub.cli.usage import HubGroup
from hub.services.grants.granting import import_grants
from hub.wiring import Hub
from protocol.nouns import CELL, ROW, Noun
from protocol.periods import Period
from protocol.texts import Text

_AREA: Final = Noun(Text("Gebiet", "area"), Text("Gebiete", "areas"))


@click.group("grants", cls=HubGroup)
@LANGUAGE
def grants_group() -> None:
    """Bewilligungen der Bewilligungsbehörde. / Grants by the granting authority.

    Beispiel / Example: kim-hub grants import bewilligungen.xlsx --year 2025
    """


@grants_group.command("import")
@HOME
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--year", required=True, help="Haushaltsjahr, z. B. 2025. / Budget year, e.g. 2025.")
@JSON
@LANGUAGE
@reports_problems
def import_command(home: Path, *, file: Path, year: str, as_json: bool) -> None:
    """Eine Liste der Bewilligungen übernehmen. / Take a list of grants.

    CSV oder XLSX mit den Spalten Träger-ID, Gebiet, Baustein, Kostenart, bewilligt. Gezählt wird sie nur für
    Gebiete, die ihre Fördermittel nicht selbst liefern; was ein Rückschluss auf Träger wäre, bleibt gesperrt.
    Bis das Jahr geschlossen ist, ersetzt eine neue Liste die alte. Liste und Salt zusammen aufheben: Sie
    belegen, was im Protokoll steht. / CSV or XLSX with these columns. It
    counts only for areas that do not deliver their funds themselves; what would give carriers away is
    withheld. Until the year is closed, a new list replaces the old one. Keep list and salt:
    together they prove what the log says.

    Beispiel / Example: kim-hub grants import bewilligungen.xlsx --year 2025
    """
    hub = Hub(settings_of_hub(home))
    imported = import_grants(hub.context, file.read_bytes(), Period.parse(year))
    areas, rows = _AREA.counted(len(imported.areas)), ROW.counted(imported.rows)
    cells = CELL.counted(imported.withheld)
    answer(
        asdict(imported),
        Text(
            f"Bewilligungen {year} übernommen: {rows.de}, {areas.de}; {cells.de} gesperrt.",
            f"Grants of {year} taken: {rows.en}, {areas.en}; {cells.en} withheld.",
        ),
        as_json=as_json,
        lines=[f"SHA-256 {imported.listed}", f"Salt    {imported.salt}"],
    )
