"""From the bytes of ``node.toml`` to checked option values: what is not understood is refused, never ignored.

It deliberately judges each line by itself; what lines mean together is :mod:`node.settings.configuration`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from node.settings.options import OPTIONS, SECTIONS, SOURCES_SECTION, Option, Value
from node.settings.source_options import source_options
from node.settings.source_spec import SOURCE_NAME
from protocol.errors import ErrorItem, KimError, kim_error
from protocol.texts import Text

MAPPING_SECTION: Final = "mapping"
COLUMNS_TABLE: Final = "columns"
BREAKS_SECTION: Final = "breaks"
_MAX_CONFIG_BYTES: Final = 1 << 20
_PLACE: Final = re.compile(r"\(at line (\d+), column (\d+)\)")

_LOCAL_TO_CODE: Final = Text('"örtlich" = "Schlüssel"', '"local" = "code"')
_CORRECT_OPTION: Final = Text(
    "Die genannte Option berichtigen und den Befehl wiederholen; angelegt wurde nichts.",
    "Correct the option named and repeat the command; nothing was made.",
)


@dataclass(frozen=True, slots=True)
class Faults:
    """Everything that is wrong with one file, collected so that a person sees all of it at once.

    Attributes:
        path: the file.
        options: pointer -> option of the command line, where the values come from there; the file need not
            exist then and is not blamed.
        items: what is wrong.
    """

    path: Path
    options: Mapping[str, str] = field(default_factory=dict)
    items: list[ErrorItem] = field(default_factory=list)

    def place(self, pointer: str) -> str:
        """Say where a person finds the value behind a pointer: ``[hub] url``, or ``--hub``."""
        section, _, name = pointer.removeprefix("/").rpartition("/")
        return self.options.get(pointer, f"[{section.replace('/', '.')}] {name}")

    def blame(self, pointer: str, text: Text) -> None:
        """Note one fault of an option, with its place in front."""
        where = self.place(pointer)
        self.add(pointer, f"{where}: {text.de}", f"{where}: {text.en}")

    def add(self, pointer: str, german: str, english: str) -> None:
        """Note one fault."""
        self.items.append(ErrorItem(pointer, "config_invalid", Text(german, english)))

    def error(self) -> KimError:
        """Build the error that lists them all; its detail names the first."""
        first, more = self.items[0], len(self.items) - 1
        file = "" if self.options else f"{self.path.name}: "
        return kim_error(
            "config_invalid",
            Text(
                f"{file}{first.text.de}" + (f" (weitere Stellen: {more})" if more else ""),
                f"{file}{first.text.en}" + (f" (more places: {more})" if more else ""),
            ),
            pointer=first.pointer,
            errors=self.items,
            remedy=_CORRECT_OPTION if self.options else None,
        )


def read_file(path: Path) -> bytes:
    """Read a configuration file.

    Raises:
        KimError: ``config_invalid`` if it is missing or too large.
    """
    name = path.name
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise kim_error(
            "config_invalid",
            Text(
                f"Die Konfiguration {name} ist nicht da oder nicht lesbar. Ihren Ort nennt --config oder "
                "KIM_NODE_CONFIG; eine neue schreibt kim-node init.",
                f"The configuration {name} is missing or cannot be read. --config or KIM_NODE_CONFIG says "
                "where it is; kim-node init writes a new one.",
            ),
        ) from error
    if len(data) > _MAX_CONFIG_BYTES:
        raise kim_error("config_invalid", Text(f"{name} ist zu groß.", f"{name} is too large."))
    return data


def parse_toml(data: bytes, *, name: str) -> dict[str, Any]:
    """Parse the bytes of a configuration.

    Raises:
        KimError: ``config_invalid`` if they are no TOML.
    """
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise kim_error("config_invalid", Text(f"{name} ist kein UTF-8.", f"{name} is not UTF-8.")) from error
    except tomllib.TOMLDecodeError as error:
        # Only the place: the rest of the parser's message may repeat what stands there.
        where = Text("(am Ende der Datei)", "(at the end of the file)")
        if place := _PLACE.search(str(error)):
            line, column = place.groups()
            where = Text(f"(Zeile {line}, Spalte {column})", f"(line {line}, column {column})")
        raise kim_error(
            "config_invalid",
            Text(f"{name} ist kein gültiges TOML {where.de}.", f"{name} is not valid TOML {where.en}."),
        ) from error


def find_unknown(document: Mapping[str, Any], faults: Faults) -> None:
    """Note every section and option that is not in the table of options; sources are judged on their own."""
    for section, content in document.items():
        if section in {MAPPING_SECTION, BREAKS_SECTION, SOURCES_SECTION}:
            continue
        if section not in SECTIONS or not isinstance(content, dict):
            faults.add(f"/{section}", f"[{section}] gibt es nicht.", f"There is no [{section}].")
            continue
        known = {spec.name for spec in OPTIONS if spec.section == section}
        _refuse_unknown(section, content, known, faults)


def option_values(document: Mapping[str, Any], faults: Faults) -> dict[tuple[str, str], Value | None]:
    """Return the value of every option outside the sources, its default where the file says nothing."""
    values: dict[tuple[str, str], Value | None] = {}
    for spec in OPTIONS:
        section = document.get(spec.section, {})
        raw = section.get(spec.name) if isinstance(section, dict) else None
        values[spec.section, spec.name] = _value(spec, raw, faults)
    return values


def source_values(
    document: Mapping[str, Any], faults: Faults
) -> dict[str, tuple[dict[str, Value | None], Mapping[str, str]]]:
    """Return for each ``[sources.<name>]`` the value of every option, and its local column names."""
    raw = document.get(SOURCES_SECTION)
    pointer = f"/{SOURCES_SECTION}"
    if not isinstance(raw, dict) or not raw or not all(isinstance(table, dict) for table in raw.values()):
        faults.add(
            pointer,
            "Jede Quelle hat eine eigene Tabelle, zum Beispiel [sources.cases]; mindestens eine ist nötig.",
            "Each source has a table of its own, such as [sources.cases]; at least one is needed.",
        )
        return {}
    sources: dict[str, tuple[dict[str, Value | None], Mapping[str, str]]] = {}
    for name, table in raw.items():
        if not SOURCE_NAME.fullmatch(name):
            faults.add(
                f"{pointer}/{name}",
                f"[{SOURCES_SECTION}.{name}]: Der Name einer Quelle besteht aus a-z, 0-9 und Bindestrich.",
                f"[{SOURCES_SECTION}.{name}]: the name of a source consists of a-z, 0-9 and hyphens.",
            )
            continue
        options = source_options(name)
        section = options[0].section
        _refuse_unknown(section, table, {COLUMNS_TABLE, *(spec.name for spec in options)}, faults)
        values = {spec.name: _value(spec, table.get(spec.name), faults) for spec in options}
        columns = _text_table(table.get(COLUMNS_TABLE, {}), (*section.split("."), COLUMNS_TABLE), faults)
        sources[name] = values, columns
    return sources


def mapping_tables(document: Mapping[str, Any], faults: Faults) -> Mapping[str, Mapping[str, str]]:
    """Return ``[mapping.<COLUMN>]``: local value -> code, by column."""
    raw = document.get(MAPPING_SECTION, {})
    if not isinstance(raw, dict):
        faults.add(
            f"/{MAPPING_SECTION}",
            "[mapping] enthält Tabellen, zum Beispiel [mapping.SEX].",
            "[mapping] holds tables, such as [mapping.SEX].",
        )
        return MappingProxyType({})
    return MappingProxyType(
        {name: _text_table(table, (MAPPING_SECTION, name), faults) for name, table in raw.items()}
    )


def break_texts(document: Mapping[str, Any], faults: Faults) -> Mapping[str, str]:
    """Return ``[breaks]``: period as it is written -> what changed then."""
    return _text_table(
        document.get(BREAKS_SECTION, {}),
        (BREAKS_SECTION,),
        faults,
        form=Text('"2025-Q3" = "Was sich geändert hat"', '"2025-Q3" = "what changed"'),
    )


def _refuse_unknown(section: str, content: Mapping[str, Any], known: set[str], faults: Faults) -> None:
    for name in content:
        if name not in known:
            pointer = f"/{section.replace('.', '/')}/{name}"
            where = f"[{section}] {name}"
            faults.add(pointer, f"{where} gibt es nicht.", f"There is no {where}.")


def _value(spec: Option, raw: object, faults: Faults) -> Value | None:
    where = faults.place(spec.pointer)
    if raw is None:
        if spec.required:
            faults.add(spec.pointer, f"{where} fehlt.", f"{where} is missing.")
        return spec.default
    if spec.kind == "texts":
        return _texts(spec, raw, faults)
    if spec.kind == "integer":
        if isinstance(raw, int) and not isinstance(raw, bool) and raw >= spec.minimum:
            return raw
        least = spec.minimum
        faults.add(
            spec.pointer,
            f"{where} ist eine ganze Zahl ab {least}.",
            f"{where} is a whole number from {least}.",
        )
    elif not isinstance(raw, str) or not raw.strip() or not raw.isprintable():
        faults.add(spec.pointer, f"{where} ist ein nicht leerer Text.", f"{where} is a text, not empty.")
    elif spec.pattern and not re.fullmatch(spec.pattern, raw.strip(), re.ASCII):
        faults.add(
            spec.pointer,
            f"{where} hat nicht die Form {spec.pattern}.",
            f"{where} does not have the form {spec.pattern}.",
        )
    elif spec.kind == "choice" and raw not in spec.choices:
        allowed = ", ".join(spec.choices)
        faults.add(spec.pointer, f"{where}: erlaubt ist {allowed}.", f"{where}: allowed is {allowed}.")
    else:
        return raw.strip()
    return spec.default


def _texts(spec: Option, raw: object, faults: Faults) -> tuple[str, ...]:
    if isinstance(raw, list) and all(
        isinstance(text, str) and re.fullmatch(spec.pattern, text, re.ASCII) for text in raw
    ):
        return tuple(dict.fromkeys(raw))
    where = faults.place(spec.pointer)
    faults.add(
        spec.pointer,
        f"{where} ist eine Liste von Texten der Form {spec.pattern}.",
        f"{where} is a list of texts of the form {spec.pattern}.",
    )
    return ()


def _text_table(
    raw: object,
    path: tuple[str, ...],
    faults: Faults,
    *,
    form: Text = _LOCAL_TO_CODE,
) -> Mapping[str, str]:
    if not isinstance(raw, dict) or not all(isinstance(value, str) for value in raw.values()):
        where = f"[{'.'.join(path)}]"
        faults.add(
            f"/{'/'.join(path)}",
            f"{where} enthält Zeilen der Form {form.de}.",
            f"{where} holds lines of the form {form.en}.",
        )
        return MappingProxyType({})
    return MappingProxyType(dict(raw))
