"""The configuration of a node as typed, checked settings.

Invariants: every fault of the file is reported at once, each with its place; paths are absolute afterwards;
plain HTTP is possible to this very machine only.

It deliberately opens neither the sources nor the key: a configuration can be right while a file is missing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from node.settings.environment import Environment
from node.settings.key_files import KeyFile, passphrase_file
from node.settings.options import Value
from node.settings.reading import (
    Faults,
    break_texts,
    find_unknown,
    mapping_tables,
    option_values,
    parse_toml,
    read_file,
    source_values,
)
from node.settings.source_assembly import located_at, source_specs
from node.settings.source_spec import SourceSpec
from protocol.errors import KimError
from protocol.periods import Period
from protocol.texts import Language, Text

_LOOPBACK_NAMES: Final = frozenset({"localhost", "localhost."})
_AN_AREA: Final = Text("zum Beispiel NW05111", "for example NW05111")
_MAX_BREAK_LENGTH: Final = 500
_INSIDE: Final = Text(
    "Das Kennwort liegt im Ordner des Knotens; wer den Ordner kopiert, hätte beides.",
    "The passphrase lies in the node's folder; whoever copies the folder would have both.",
)


@dataclass(frozen=True, slots=True)
class HubSettings:
    """Where deliveries go and how patiently.

    Attributes:
        url: scheme, host and port (and a path prefix, if any), without a trailing slash.
        audience: name of the hub, signed into every delivery.
        ca_bundle: certificates to trust instead of the system's, or None.
        connect_timeout_seconds: patience for a connection.
        read_timeout_seconds: patience for an answer.
        attempts: how often one request is tried.
        decision_timeout_seconds: how long a command waits for the hub's decision.
        log_key: verifier key of the log, for a hub whose keys no officers say; else None.
    """

    url: str
    audience: str
    ca_bundle: Path | None
    connect_timeout_seconds: int
    read_timeout_seconds: int
    attempts: int
    decision_timeout_seconds: int
    log_key: str | None = None

    @property
    def loopback(self) -> bool:
        """Whether the hub runs on this very machine."""
        return _is_loopback(self.url)


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of one node, checked.

    Attributes:
        path: the file it was read from.
        node: identity of the node.
        area: its reporting area.
        instance: identity of this installation.
        home: folder of journal, parcels, quarantine and log.
        language: language of output.
        hub: where deliveries go.
        sources: what is counted, in the order of the file; at least one.
        key: the secret key that signs, and where its passphrase is.
        periods: quarters to deliver, in order of time.
        min_contributors: threshold that raises those of the catalogue, or None.
        mapping: column of the source or dimension -> local value -> code.
        breaks: period -> what changed then, so that its figures do not continue those before.
    """

    path: Path
    node: str
    area: str
    instance: str
    home: Path
    language: Language
    hub: HubSettings
    sources: tuple[SourceSpec, ...]
    key: KeyFile
    periods: tuple[Period, ...]
    min_contributors: int | None
    mapping: Mapping[str, Mapping[str, str]]
    breaks: Mapping[Period, str]

    @property
    def journal(self) -> Path:
        """The folder of the spool database and its blobs."""
        return self.home / "journal"

    @property
    def ledger_key(self) -> Path:
        """The file of the key that true figures are kept with: beside the key that signs."""
        return self.key.path.with_name("ledger.key")

    @property
    def witness_key(self) -> KeyFile:
        """The secret key that vouches for the hub's log: beside the key that signs."""
        return self.key.beside("witness.pem")

    @property
    def enrol_request(self) -> Path:
        """The signed request to be entered, as long as nobody has decided about it."""
        return self.home / "enrol-request.dsse.json"

    @property
    def rotation(self) -> Path:
        """The signed change of keys, as long as it is under way."""
        return self.home / "key-rotation.dsse.json"

    @property
    def witness(self) -> Path:
        """The folder of what this node has seen of the hub's log, and of its receipts."""
        return self.home / "witness"

    @property
    def quarantine(self) -> Path:
        """The file of quarantined rows; it stays in the house."""
        return self.home / "quarantine.csv"

    @property
    def noted_rows(self) -> Path:
        """The file that lists, by their lines, rows left out and rows to be looked at."""
        return self.home / "findings.csv"

    @property
    def report(self) -> Path:
        """The file of the local report: findings, and local texts that have no code yet."""
        return self.home / "report.txt"

    @property
    def dossiers(self) -> Path:
        """The folder of the dossiers of what was signed."""
        return self.home / "dossiers"

    def paper(self, period: Period, dataset_id: str, *, area: str, revision: int) -> Path:
        """The dossier of one delivery, kept since it was signed."""
        parts = [f"{period}-{dataset_id}"]
        parts += [area] if area != self.area else []
        parts += [f"r{revision}"] if revision > 1 else []
        return self.dossiers / f"{'-'.join(parts)}.html"

    @property
    def log(self) -> Path:
        """The log file of the node."""
        return self.home / "kim-node.log"


def load_settings(path: Path) -> Settings:
    """Read and check a configuration file.

    Args:
        path: the ``node.toml``.

    Returns:
        Settings with absolute paths.

    Raises:
        KimError: ``config_invalid`` with every fault of the file.
    """
    absolute = path.expanduser().absolute()
    return parse_settings(read_file(absolute), path=absolute)


def parse_settings(data: bytes, *, path: Path, options: Mapping[str, str] | None = None) -> Settings:
    """Check the bytes of a configuration that stands, or will stand, at ``path``.

    Args:
        data: TOML, UTF-8.
        path: absolute path of the file.
        options: pointer -> option of the command line, if the values come from there: faults name those.

    Returns:
        Settings with absolute paths.

    Raises:
        KimError: ``config_invalid`` with every fault.
    """
    document = parse_toml(data, name=path.name)
    faults = Faults(path, options or {})
    find_unknown(document, faults)
    values = option_values(document, faults)
    sources = source_values(document, faults)
    mapping = mapping_tables(document, faults)
    breaks = break_texts(document, faults)
    if faults.items:
        raise faults.error()
    settings = _assemble(path, values, faults, sources=sources, mapping=mapping, breaks=breaks)
    if faults.items:
        raise faults.error()
    return settings


def _is_loopback(url: str) -> bool:
    """Whether the host of ``url`` is this very machine, decided without asking any name service."""
    host = urlsplit(url).hostname or ""
    if host.lower() in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_hub_url(url: str) -> Text | None:
    """Return what is wrong with the address of a hub, or None."""
    try:
        parts = urlsplit(url)
        port_is_readable = parts.port is None or parts.port > 0
    except ValueError:
        return Text("Die Adresse des Hubs ist nicht lesbar.", "The address of the hub cannot be read.")
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_readable:
        return Text(
            "Die Adresse des Hubs beginnt mit https:// und nennt einen Rechner.",
            "The address of the hub starts with https:// and names a host.",
        )
    if parts.username is not None or parts.query or parts.fragment:
        return Text(
            "Die Adresse des Hubs enthält keine Zugangsdaten und keine Parameter.",
            "The address of the hub holds no credentials and no parameters.",
        )
    if parts.scheme == "http" and not _is_loopback(url):
        return Text(
            "http:// ist nur zu diesem Rechner selbst erlaubt; der Hub braucht https://.",
            "http:// is allowed to this very machine only; the hub needs https://.",
        )
    return None


def _assemble(
    path: Path,
    values: Mapping[tuple[str, str], Value | None],
    faults: Faults,
    *,
    sources: Mapping[str, tuple[Mapping[str, Value | None], Mapping[str, str]]],
    mapping: Mapping[str, Mapping[str, str]],
    breaks: Mapping[str, str],
) -> Settings:
    def text(section: str, name: str) -> str:
        return str(values[section, name])

    def located(section: str, name: str) -> Path:
        return located_at(path, text(section, name))

    area = text("node", "area")
    _check_area(area, faults)
    own = values["disclosure", "min_contributors"]
    configured = located("key", "passphrase") if values["key", "passphrase"] is not None else None
    if configured is not None and configured.is_relative_to(located("node", "home")):
        faults.blame("/key/passphrase", _INSIDE)
    passphrase = passphrase_file(path, configured=configured, credentials=Environment.read().credentials)
    return Settings(
        path=path,
        node=text("node", "id"),
        area=area,
        instance=text("node", "instance"),
        home=located("node", "home"),
        language="en" if text("node", "language") == "en" else "de",
        hub=_hub(values, faults, ca_bundle=located("hub", "ca_bundle")),
        sources=source_specs(path, sources, faults, area=area),
        key=KeyFile(located("key", "path"), passphrase),
        periods=_periods(text("periods", "first"), text("periods", "last"), faults),
        min_contributors=own if isinstance(own, int) else None,
        mapping=mapping,
        breaks=_breaks(breaks, faults),
    )


def _breaks(texts: Mapping[str, str], faults: Faults) -> Mapping[Period, str]:
    breaks: dict[Period, str] = {}
    for written, text in texts.items():
        pointer = f"/breaks/{written}"
        try:
            period = Period.parse(written)
        except KimError:
            faults.blame(
                pointer,
                Text(
                    "Ein Zeitraum hat die Form 2025-Q3, ein Jahr die Form 2025.",
                    "A period has the form 2025-Q3, a year the form 2025.",
                ),
            )
            continue
        if not text.strip() or not text.isprintable() or len(text.strip()) > _MAX_BREAK_LENGTH:
            faults.blame(
                pointer,
                Text(
                    f"Was sich geändert hat, in höchstens {_MAX_BREAK_LENGTH} Zeichen und einer Zeile.",
                    f"What changed, in at most {_MAX_BREAK_LENGTH} characters and one line.",
                ),
            )
        breaks[period] = text.strip()
    return MappingProxyType(breaks)


def _hub(values: Mapping[tuple[str, str], Value | None], faults: Faults, *, ca_bundle: Path) -> HubSettings:
    def number(name: str) -> int:
        value = values["hub", name]
        return value if isinstance(value, int) else 0

    url = str(values["hub", "url"]).rstrip("/")
    problem = check_hub_url(url)
    if problem is not None:
        faults.blame("/hub/url", problem)
    return HubSettings(
        url=url,
        audience=str(values["hub", "audience"]),
        ca_bundle=ca_bundle if values["hub", "ca_bundle"] is not None else None,
        connect_timeout_seconds=number("connect_timeout_seconds"),
        read_timeout_seconds=number("read_timeout_seconds"),
        attempts=number("attempts"),
        decision_timeout_seconds=number("decision_timeout_seconds"),
        log_key=str(values["hub", "log_key"]) if values["hub", "log_key"] is not None else None,
    )


def _check_area(area: str, faults: Faults) -> None:
    # Imported here: no area is read to print a help text.
    from protocol.regions import areas_by_id  # noqa: PLC0415

    areas = areas_by_id()
    if area not in areas:
        where = faults.place("/node/area")
        near = [area_id for area_id in (area.upper(), f"NW{area}") if area_id in areas]
        hint = Text(f"gemeint {near[0]}?", f"did you mean {near[0]}?") if near else _AN_AREA
        faults.add(
            "/node/area",
            f"{where} ist keiner der 54 Berichtsräume ({hint.de}).",
            f"{where} is none of the 54 reporting areas ({hint.en}).",
        )


def _periods(first: str, last: str, faults: Faults) -> tuple[Period, ...]:
    try:
        span = Period.span(Period.parse(first), Period.parse(last))
    except KimError:
        span = ()
    if not span or span[0].freq != "Q":
        where = faults.place("/periods/first")
        faults.add(
            "/periods/first",
            f"{where}: Erstes und letztes Quartal haben die Form 2026-Q1, das erste liegt nicht nach dem "
            "letzten.",
            f"{where}: first and last quarter have the form 2026-Q1, the first is not after the last.",
        )
        return ()
    return span
