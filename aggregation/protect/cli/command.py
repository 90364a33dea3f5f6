"""The commands of `kim-protect` and their options; what they do stands in one module each."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from aggregation.protect.cli.console import Console
from aggregation.protect.settings import preferred_language
from protocol.command_line import BilingualCommand, BilingualGroup
from protocol.errors import KimError, kim_error
from protocol.texts import Language, Text

_OWN_CODE: Final = Path(__file__).resolve().parents[3]
_FILE: Final = click.Path(path_type=Path, dir_okay=False)

_LANGUAGE: Final = click.option(
    "--lang",
    type=click.Choice(["de", "en"]),
    help="Sprache der Ausgaben; sonst KIM_LANG. / Language of the output; else KIM_LANG.",
)
_JSON: Final = click.option(
    "--json", "as_json", is_flag=True, help="Ein JSON-Objekt ausgeben. / Print one JSON object."
)
_STRUCTURE: Final = click.option(
    "--structure",
    type=_FILE,
    required=True,
    metavar="STRUCTURE.yaml",
    help="Dimensionen, Tabellen, Regeln. / Dimensions, tables, rules.",
)
_LEVEL: Final = click.option(
    "--level",
    type=click.Choice(["S1", "S2", "S3"]),
    help="Schutzniveau für Anzahlen; sonst das der Beschreibung, sonst S1. / "
    "Level for counts; else the description's, else S1.",
)
_REPORT: Final = click.option(
    "--report",
    type=_FILE,
    metavar="REPORT.html",
    help="Bericht für den Datenschutz. / Report for data protection (HTML).",
)


class _Command(BilingualCommand):
    def preferred_language(self) -> Language:
        return preferred_language()


class _Group(_Command, BilingualGroup):
    command_class = _Command


def _shared(command: Callable[..., None]) -> Callable[..., None]:
    return _LANGUAGE(_JSON(command))


def _reports(run: Callable[..., int]) -> Callable[..., None]:
    """Turn whatever ends a command into a message and its exit code; no traceback, it could quote a row."""

    @functools.wraps(run)
    def command(lang: str | None, *, as_json: bool, **arguments: Any) -> None:  # noqa: ANN401
        root = click.get_current_context().find_root().params
        asked = lang or root.get("lang")
        language: Language = "en" if (asked or preferred_language()) == "en" else "de"
        console = Console(language, as_json=as_json, chosen=asked is not None)
        try:
            code = run(console, **arguments)
        except KimError as error:
            console.refusal(error)
            code = error.exit_code
        except BrokenPipeError:
            # Whoever reads our output has seen enough; what is left of it goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 128 + 13  # as the shell reports SIGPIPE
        except Exception as error:  # noqa: BLE001 - the last net
            refused = _unexpected(error)
            console.refusal(refused)
            code = refused.exit_code
        sys.exit(code)

    return command


def _unexpected(error: Exception) -> KimError:
    """Say where an unforeseen error arose, and nothing of what it says."""
    place, trace = "", error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if file.is_relative_to(_OWN_CODE) and ".venv" not in file.parts:
            place = f"{file.relative_to(_OWN_CODE)}:{trace.tb_lineno}"
        trace = trace.tb_next
    name = type(error).__name__
    return kim_error(
        "protect_failed", Text(f"kim-protect: {name} bei {place}.", f"kim-protect: {name} at {place}.")
    )


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="kim-datenverbund", prog_name="kim-protect")
@_LANGUAGE
def main(lang: str | None) -> None:
    """Tabellen schützen und prüfen. / Protect and audit tables.

    Sperrt, was sich aus veröffentlichten Tabellen über Einzelne berechnen ließe, so wenig wie nötig,
    und beweist es. / Withholds what published tables would give away about single persons or firms,
    as little as possible, and proves it.

    Beispiel / Example: kim-protect suppress cells.csv --structure structure.yaml --out out.csv
    """


@main.command("suppress")
@click.argument("cells", type=_FILE, metavar="CELLS.csv")
@_STRUCTURE
@click.option("--out", type=_FILE, required=True, metavar="OUT.csv", help="Ergebnis. / Result.")
@_REPORT
@click.option(
    "--reasons",
    type=_FILE,
    metavar="FILE.csv",
    help="Gründe je Zelle, nur für das Haus. / Reasons per cell; they stay in the house.",
)
@_LEVEL
@click.option(
    "--rounds",
    type=click.IntRange(min=0),
    metavar="N",
    help="So viele Runden verbessern (Vorgabe 30). / Rounds of improvement (default 30).",
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help="So lange verbessern; die Runden stehen im Bericht. / "
    "Improve for so long; the report names the rounds.",
)
@_shared
@_reports
def suppress(console: Console, **choices: Any) -> int:  # noqa: ANN401
    """Eine Tabelle schützen. / Protect a table.

    CELLS.csv hat eine Spalte je Dimension und eine mit den Werten; Summen werden berechnet. OUT.csv
    enthält jede Zelle, der Wert ist leer, wo er gesperrt ist. / CELLS.csv has a column per dimension and
    one of figures; totals are computed. OUT.csv holds every cell, empty where it is withheld.

    Ende mit 0: geschützt und geprüft; 3: unsicher; 4: ungeklärt (dann wird nichts geschrieben).
    / Exit code 0: protected and audited; 3: unsafe; 4: unknown (nothing is written then).

    Beispiel / Example: kim-protect suppress cells.csv --structure structure.yaml --out out.csv
    """
    from aggregation.protect.cli.suppressing import Choices, suppress_cells  # noqa: PLC0415

    return suppress_cells(console, Choices(**choices))


@main.command("audit")
@click.argument("published", type=_FILE, metavar="OUT.csv")
@_STRUCTURE
@click.option(
    "--cells",
    type=_FILE,
    metavar="TRUE.csv",
    help="Die wahren Werte: für Beteiligte und Wertetabellen. / True values: insiders, magnitudes.",
)
@_REPORT
@_LEVEL
@_shared
@_reports
def audit(console: Console, **choices: Any) -> int:  # noqa: ANN401
    """Prüfen, was sich aus einer Veröffentlichung berechnen lässt. / Audit what a publication gives away.

    Ende mit 0: sicher; 3: unsicher, mit den Zellen und dem Weg des Angreifers; 4: ungeklärt.
    / Exit code 0: safe; 3: unsafe, with the cells and the attacker's way to them; 4: unknown.

    Beispiel / Example: kim-protect audit out.csv --structure structure.yaml --json
    """
    from aggregation.protect.cli.examining import Choices, audit_published  # noqa: PLC0415

    return audit_published(console, Choices(**choices))


@main.command("convert")
@click.argument("source", type=_FILE, metavar="FILE")
@click.option("--out", type=_FILE, required=True, metavar="FILE", help="Ergebnis. / Result.")
@click.option(
    "--from",
    "source_format",
    type=click.Choice(["csv", "hrc", "levels", "json", "code", "jj"]),
    help="Format der Quelle, wenn ihr Name es nicht sagt. / Format of the source, if its name does not say.",
)
@click.option(
    "--to",
    "target_format",
    type=click.Choice(["csv", "hrc", "levels", "json", "code", "jj", "cells", "published"]),
    help="Format des Ziels, wenn sein Name es nicht sagt. / Format of the target, if its name does not say.",
)
@click.option(
    "--structure",
    type=_FILE,
    metavar="STRUCTURE.yaml",
    help="Welche Tabelle eine JJ-Datei ist. / Which table a JJ file is.",
)
@click.option(
    "--total",
    metavar="CODE",
    help="Gesamtcode, wo die Quelle ihn nicht nennt. / Code of the total, if the source does not name it.",
)
@_shared
@_reports
def convert(console: Console, **choices: Any) -> int:  # noqa: ANN401
    """Hierarchien und JJ-Dateien umwandeln. / Convert hierarchies and JJ files.

    Hierarchien: csv (parent,child), hrc (tau-ARGUS), levels (@;code), json und code (sdcHierarchies).
    Tabellen: CELLS.csv wird jj; jj wird cells (alle Werte) oder published (mit Sperrungen).
    / Hierarchies: csv (parent,child), hrc (tau-ARGUS), levels (@;code), json and code (sdcHierarchies).
    Tables: CELLS.csv becomes jj; jj becomes cells (all values) or published (with withheld ones).

    Beispiel / Example: kim-protect convert regions.hrc --out regions.csv --total DE
    """
    from aggregation.protect.cli.converting import Choices, convert_file  # noqa: PLC0415

    return convert_file(console, Choices(**choices))
