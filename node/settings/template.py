"""Writing the commented ``node.toml``: every option with its comment, the optional ones commented out.

Invariant: the written file is read back without a fault by :func:`node.settings.load_settings`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from node.settings.options import OPTIONS, SECTIONS, SOURCES_SECTION, Option, Value
from node.settings.source_options import source_options
from protocol.texts import Language, Text

_WIDTH: Final = 100

_HEAD: Final = Text(
    de="Konfiguration dieses Knotens im KIM-Datenverbund (TOML).\n"
    "Zeilen mit # sind Erläuterungen; auskommentierte Einstellungen zeigen den Vorgabewert.\n"
    "Pfade gelten ab dem Ordner dieser Datei. Nach einer Änderung: kim-node check",
    en="Configuration of this node of the KIM data federation (TOML).\n"
    "Lines with # are explanations; settings commented out show the default.\n"
    "Paths are relative to the folder of this file. After a change: kim-node check",
)

_TAIL: Final = Text(
    de="Weitere Quellen, zum Beispiel das Stellenregister, haben eigene Tabellen mit denselben "
    "Einstellungen:\n"
    "[sources.posts]\n"
    'holds = "posts"\n'
    'path = "Stellen.xlsx"\n'
    "\n"
    "Örtliche Spaltennamen, falls eine Quelle andere verwendet als ihr Profil:\n"
    "[sources.cases.columns]\n"
    '"Fallbeginn" = "Beginn der Beratung"\n'
    "\n"
    "Örtliche Angaben, die kim-node check als nicht zugeordnet meldet. Links die Angabe, wie sie im\n"
    'Export steht, rechts der Schlüssel des Katalogs; "_U" heißt unbekannt. Geraten wird nie.\n'
    "Tabellen: SEX, CITIZEN, RESIDENCE, RECHTSKREIS, FIELD, INST, OUTCOME;\n"
    "COUNSELLING für die Beratungsart, STATUS für den Fallstatus; für die Register BAUSTEIN, COST,\n"
    "CARRIER (Träger-ID oder Name), ISSUE, DECISION (NOT_COUNTED: zählt nicht); in Registern ohne _U\n"
    "[mapping.SEX]\n"
    '"Frau" = "F"\n'
    "\n"
    "Zeiträume, deren Zahlen mit denen davor nicht vergleichbar sind, mit dem Grund. Er wird mitgeliefert\n"
    "und veröffentlicht.\n"
    "[breaks]\n"
    '"2025-Q3" = "Umstellung der Software"',
    en="Further sources, such as the register of posts, have tables of their own with the same options:\n"
    "[sources.posts]\n"
    'holds = "posts"\n'
    'path = "Stellen.xlsx"\n'
    "\n"
    "Local column names, if a source uses others than its profile:\n"
    "[sources.cases.columns]\n"
    '"Fallbeginn" = "Beginn der Beratung"\n'
    "\n"
    "Local values that kim-node check reports as unmapped. On the left the value as it stands in the\n"
    'export, on the right the code of the catalogue; "_U" means unknown. Nothing is ever guessed.\n'
    "Tables: SEX, CITIZEN, RESIDENCE, RECHTSKREIS, FIELD, INST, OUTCOME;\n"
    "COUNSELLING for Beratungsart, STATUS for Fallstatus; for the registers BAUSTEIN, COST, CARRIER,\n"
    "(carrier id or name), ISSUE, DECISION (NOT_COUNTED: does not count); no _U in registers\n"
    "[mapping.SEX]\n"
    '"Frau" = "F"\n'
    "\n"
    "Periods whose figures cannot be compared with those before, with the reason. It is delivered and\n"
    "published.\n"
    "[breaks]\n"
    '"2025-Q3" = "Umstellung der Software"',
)


def render_template(values: Mapping[tuple[str, str], Value], *, language: Language) -> str:
    """Write a configuration file.

    Args:
        values: option values by (section, name), sources as ``("sources.cases", "path")``; options without
            one appear commented out.
        language: language of the comments.

    Returns:
        TOML text, UTF-8, ending with a line feed.

    Raises:
        KeyError: if a required option has no value.
    """
    lines = [f"# {line}" for line in _HEAD.in_(language).split("\n")]
    for section, title in SECTIONS.items():
        lines += ["", "", f"# --- {title.in_(language)}"]
        for number, (table, options) in enumerate(_tables(section, values)):
            lines += ["", f"[{table}]"] if number else [f"[{table}]"]
            for spec in options:
                comment = [] if number else ["", *_comment(spec.comment.in_(language))]
                lines += [*comment, _line(spec, values)]
    lines += ["", ""]
    lines += [f"# {line}".rstrip() for line in _TAIL.in_(language).split("\n")]
    return "\n".join(lines) + "\n"


def _tables(section: str, values: Mapping[tuple[str, str], Value]) -> list[tuple[str, tuple[Option, ...]]]:
    """Return the tables of a section with their options: one, but for the sources."""
    if section != SOURCES_SECTION:
        return [(section, tuple(spec for spec in OPTIONS if spec.section == section))]
    tables = dict.fromkeys(table for table, _ in values if table.startswith(f"{SOURCES_SECTION}."))
    options = [(table, source_options(table.removeprefix(f"{SOURCES_SECTION}."))) for table in tables]
    # The first one explains all options; the others have the same and show what is set.
    return options[:1] + [
        (table, tuple(spec for spec in specs if (table, spec.name) in values)) for table, specs in options[1:]
    ]


def _line(spec: Option, values: Mapping[tuple[str, str], Value]) -> str:
    value = values.get((spec.section, spec.name))
    if value is not None:
        return f"{spec.name} = {_literal(value)}"
    if spec.required:
        raise KeyError(f"{spec.section}.{spec.name}")
    return f"# {spec.name} = {_literal(spec.default if spec.default is not None else spec.example)}"


def _literal(value: Value) -> str:
    # A TOML basic string has JSON's escapes, an array its form; control characters are refused before.
    return str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False)


def _comment(text: str) -> list[str]:
    lines: list[str] = []
    line = "#"
    for word in text.split():
        if len(line) + 1 + len(word) > _WIDTH:
            lines.append(line)
            line = "#"
        line = f"{line} {word}"
    return [*lines, line]
