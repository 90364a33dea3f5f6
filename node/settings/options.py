"""Every option of ``node.toml``: one table drives reading, checking and the commented template.

Invariants: an option that is not listed here is refused; every option has a comment in both languages.
Free tables, whose keys nobody can list, are ``[mapping.<COLUMN>]``, ``[sources.<name>.columns]`` and
``[breaks]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from protocol.texts import Text

Kind = Literal["text", "path", "integer", "choice", "texts"]
Value = str | int | tuple[str, ...]

SOURCES_SECTION: Final = "sources"


@dataclass(frozen=True, slots=True)
class Option:
    """One line of the configuration.

    Attributes:
        section: table of the file, ``sources.cases`` for a table inside another.
        name: key in that table.
        kind: how the value is read; a path is taken relative to the folder of the file, ``texts`` is a list.
        comment: what the option does, written above it in the template.
        default: value when the line is missing; None for a required or a truly optional one.
        required: whether the file is refused without it.
        minimum: smallest integer allowed.
        choices: words allowed for ``choice``.
        pattern: form of a ``text``, or of each of ``texts``, as a regular expression.
        example: value shown in the template where there is no default.
    """

    section: str
    name: str
    kind: Kind
    comment: Text
    default: Value | None = None
    required: bool = False
    minimum: int = 1
    choices: tuple[str, ...] = ()
    pattern: str = ""
    example: Value = ""

    @property
    def pointer(self) -> str:
        """JSON pointer of the option, for messages."""
        return f"/{self.section.replace('.', '/')}/{self.name}"


SECTIONS: Final[dict[str, Text]] = {
    "node": Text(
        de="Wer liefert: dieser Knoten und sein Berichtsraum.",
        en="Who delivers: this node and its reporting area.",
    ),
    "hub": Text(de="Wohin geliefert wird: der Hub.", en="Where deliveries go: the hub."),
    SOURCES_SECTION: Text(
        de="Woraus gezählt wird. Jede Quelle hat ihre eigene Tabelle [sources.NAME]; der Name ist frei "
        "wählbar.",
        en="What is counted. Each source has a table [sources.NAME] of its own; the name can be chosen "
        "freely.",
    ),
    "key": Text(de="Womit unterschrieben wird.", en="What signs."),
    "periods": Text(de="Welche Quartale geliefert werden.", en="Which quarters are delivered."),
    "disclosure": Text(
        de="Geheimhaltung. Hier kann nur verschärft werden; abschalten lässt sie sich nicht.",
        en="Disclosure control. It can only be made stricter here; it cannot be switched off.",
    ),
}

OPTIONS: Final[tuple[Option, ...]] = (
    Option(
        "node",
        "id",
        "text",
        Text(
            de="Kennung des Knotens. Zufällig vergeben; der Hub kennt den Knoten unter diesem Namen. "
            "Nicht ändern.",
            en="Identity of the node. Random; the hub knows the node by this name. Do not change it.",
        ),
        required=True,
        pattern=r"node-[0-9a-z][0-9a-z-]{0,58}",
    ),
    Option(
        "node",
        "area",
        "text",
        Text(
            de="Berichtsraum: NW und amtlicher Schlüssel, zum Beispiel NW05111. Aachen: NW05334002 "
            "(Stadt) oder "
            "NW05334X002 (Städteregion ohne Stadt).",
            en="Reporting area: NW and the official key, for example NW05111. Aachen: NW05334002 (city) or "
            "NW05334X002 (city region without the city).",
        ),
        required=True,
    ),
    Option(
        "node",
        "instance",
        "text",
        Text(
            de="Kennung dieser Installation. Nach einem Umzug auf einen anderen Rechner bleibt sie gleich.",
            en="Identity of this installation. It stays the same after a move to another machine.",
        ),
        required=True,
        pattern=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    Option(
        "node",
        "home",
        "path",
        Text(
            de="Ordner für Journal, Lieferpakete, Quarantäne und Protokoll. Er enthält wahre Fallzahlen: "
            "nur für "
            "diesen Benutzer lesbar halten und mitsichern.",
            en="Folder of journal, parcels, quarantine and log. It holds true counts: keep it readable "
            "for this user "
            "only, and back it up.",
        ),
        default=".",
    ),
    Option(
        "node",
        "language",
        "choice",
        Text(
            de="Sprache aller Ausgaben: de oder en. KIM_LANG und --lang gehen vor.",
            en="Language of all output: de or en. KIM_LANG and --lang take precedence.",
        ),
        default="de",
        choices=("de", "en"),
    ),
    Option(
        "hub",
        "url",
        "text",
        Text(
            de="Adresse des Hubs. https:// ist Pflicht; http:// nur zu diesem Rechner selbst (127.0.0.1, "
            "localhost).",
            en="Address of the hub. https:// is required; http:// only to this very machine (127.0.0.1, "
            "localhost).",
        ),
        required=True,
    ),
    Option(
        "hub",
        "audience",
        "text",
        Text(
            de="Name des Hubs. Er steht in jeder unterschriebenen Lieferung; ein anderer Hub nimmt sie "
            "nicht an.",
            en="Name of the hub. It stands in every signed delivery; no other hub accepts it.",
        ),
        default="kim-nrw/local",
        pattern=r"(?=.{1,128}\Z)[a-z0-9][a-z0-9.-]*(/[a-z0-9][a-z0-9._-]*)*",
    ),
    Option(
        "hub",
        "ca_bundle",
        "path",
        Text(
            de="PEM-Datei mit Zertifikaten, wenn ein Proxy der Verwaltung die Verbindung aufbricht.",
            en="PEM file with certificates, if a proxy of the administration opens the connection.",
        ),
        example="proxy-ca.pem",
    ),
    Option(
        "hub",
        "connect_timeout_seconds",
        "integer",
        Text(de="Sekunden bis zum Verbindungsaufbau.", en="Seconds to connect."),
        default=10,
    ),
    Option(
        "hub",
        "read_timeout_seconds",
        "integer",
        Text(de="Sekunden bis zu einer Antwort.", en="Seconds to an answer."),
        default=60,
    ),
    Option(
        "hub",
        "attempts",
        "integer",
        Text(
            de="So oft wird eine Anfrage versucht, bevor der Befehl aufgibt. Die Lieferung bleibt im "
            "Ausgang liegen.",
            en="How often a request is tried before the command gives up. The delivery stays in the outbox.",
        ),
        default=6,
    ),
    Option(
        "hub",
        "decision_timeout_seconds",
        "integer",
        Text(
            de="So lange wartet submit auf die Entscheidung des Hubs.",
            en="How long submit waits for the decision of the hub.",
        ),
        default=300,
    ),
    Option(
        "hub",
        "log_key",
        "text",
        Text(
            de="Prüfschlüssel des Protokolls, nur für einen Hub ohne Verzeichnis der Schlüssel (Prüfstand). "
            "Sonst sagen ihn die Schlüsselbeauftragten.",
            en="Verifier key of the log, only for a hub without a directory of keys (test bench). Otherwise "
            "the key officers say it.",
        ),
        pattern=r"[^\s+]{1,128}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{1,100}={0,2}",
        example="kim-nrw/local+0a1b2c3d+AbCdEf",
    ),
    Option(
        "key",
        "path",
        "path",
        Text(
            de="Geheimer Schlüssel des Knotens. Nur für diesen Benutzer lesbar; nie weitergeben, nie "
            "versenden.",
            en="Secret key of the node. Readable for this user only; never hand it on, never send it.",
        ),
        default="key.pem",
    ),
    Option(
        "key",
        "passphrase",
        "path",
        Text(
            de="Datei mit dem Kennwort, das die geheimen Schlüssel verschlüsselt; außerhalb des Ordners "
            "dieses Knotens und nicht in derselben Datensicherung. Ein systemd-Credential "
            "kim-node.passphrase geht vor.",
            en="File with the passphrase that encrypts the secret keys; outside the folder of this node and "
            "not in the same backup. A systemd credential kim-node.passphrase takes precedence.",
        ),
        example="/etc/kim-node/passphrase",
    ),
    Option(
        "periods",
        "first",
        "text",
        Text(de="Erstes Quartal, zum Beispiel 2024-Q4.", en="First quarter, for example 2024-Q4."),
        required=True,
    ),
    Option(
        "periods",
        "last",
        "text",
        Text(
            de="Letztes Quartal. Ein Quartal, das beim Export noch nicht zu Ende war, wird nicht geliefert.",
            en="Last quarter. A quarter that had not ended when the file was exported is not delivered.",
        ),
        required=True,
    ),
    Option(
        "disclosure",
        "min_contributors",
        "integer",
        Text(
            de="Fälle, Personen oder Träger, die mindestens hinter jeder gezeigten Zahl stehen, die "
            "geschützt "
            "wird. Ohne Angabe gelten die Mindestzahlen des Katalogs (3, 5 oder 10, je nach Regel); eine "
            "Angabe kann sie nur erhöhen.",
            en="Cases, persons or carriers that at least stand behind every figure shown that is protected. "
            "If "
            "missing, the minima of the catalogue hold (3, 5 or 10, by rule); a value here can only raise "
            "them.",
        ),
        example=10,
    ),
)
