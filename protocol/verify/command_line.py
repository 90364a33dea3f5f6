"""The command line of `kim-verify`: its commands and what each is told, in the language asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from protocol.texts import LANGUAGES, Language, Text
from protocol.verify.parser import BilingualParser

PROGRAM: Final = "kim-verify"

#: What a command does with what was parsed; None if it is done before every command.
Run = Callable[[Any], Any] | None


def command_line(language: Language, runs: Mapping[str, Run]) -> BilingualParser:
    """Return the parser of the command line.

    Args:
        language: of everything it says.
        runs: what each command does, by its name; it is found as `run` in what was parsed.
    """

    def say(german: str, english: str) -> str:
        return Text(german, english).in_(language)

    top = BilingualParser(
        language=language,
        prog=PROGRAM,
        summary=Text(
            "Prüft Quittungen, Protokoll und Veröffentlichungen ohne Netz und ohne dem Hub zu vertrauen.\n"
            "Ergebnis: 0 geprüft, 3 nicht bestätigt, 2 Fehler im Aufruf.",
            "Verifies receipts, log and releases without a network and without trusting the hub.\n"
            "Exit codes: 0 verified, 3 not verified, 2 error of use.",
        ),
    )
    top.add_argument("--lang", choices=LANGUAGES, help=say("Sprache der Ausgabe.", "Language of the output."))
    commands = top.add_subparsers(
        metavar=say("BEFEHL", "COMMAND"), required=True, title=say("Befehle", "commands")
    )

    def command(name: str, summary: Text, example: str) -> BilingualParser:
        made: BilingualParser = commands.add_parser(
            name,
            language=language,
            summary=summary,
            example=f"{PROGRAM} {name} {example}",
            help=summary.in_(language),
        )
        made.set_defaults(run=runs[name])
        _add_trust(made, say)
        return made

    command(
        "trust",
        Text(
            "Prüfen, was die Schlüsselbeauftragten unterschrieben haben, von der Wurzel im Brief an.",
            "Verify what the key officers have signed, from the root in the letter on.",
        ),
        '--trust stick --root-fingerprint "5f0c …"',
    )
    receipt = command(
        "receipt",
        Text(
            "Quittungen prüfen: Steht das Ereignis im Protokoll, und ist das bezeugt?",
            "Verify receipts: is the event in the log, and is that witnessed?",
        ),
        "quittung.tlog-proof --trust trust",
    )
    receipt.add_argument("receipt", nargs="+", metavar="FILE", help=say("Quittungen.", "Receipts."))
    receipt.add_argument(
        "--statement", metavar="FILE", help=say("Die Lieferung (.dsse.json).", "The delivery (.dsse.json).")
    )
    receipt.add_argument("--payload", metavar="FILE", help=say("Ihre Tabelle (.bin).", "Its table (.bin)."))
    log = command(
        "log",
        Text(
            "Eine Kopie des Protokolls von Anfang bis Ende prüfen.",
            "Verify a copy of the log from end to end.",
        ),
        "--mirror log --trust trust --checkpoint knoten-a.checkpoint",
    )
    log.add_argument(
        "--mirror",
        required=True,
        metavar="DIR",
        help=say("Ordner mit checkpoint und tile/.", "Folder with checkpoint and tile/."),
    )
    log.add_argument(
        "--checkpoint",
        action="append",
        metavar="FILE",
        help=say(
            "Stand, den jemand aufgehoben hat (mehrfach möglich).", "State that somebody kept (repeatable)."
        ),
    )
    release = command(
        "release",
        Text("Prüfen, worauf eine Veröffentlichung beruht.", "Verify what a release rests on."),
        "kim-nrw-release-1 --trust trust",
    )
    explaining = command(
        "explain",
        Text(
            "Von einer Zahl zu den unterschriebenen Lieferungen dahinter.",
            "From a figure to the signed deliveries behind it.",
        ),
        "kim-nrw-release-1 CASES_OPEN 2026-Q2 NW05 --trust trust",
    )
    for made in (release, explaining):
        made.add_argument(
            "release",
            metavar="RELEASE",
            help=say(
                "evidence.json oder der Ordner der Veröffentlichung mit ihr darin.",
                "evidence.json, or the release's folder with it inside.",
            ),
        )
    explaining.add_argument("indicator", metavar="INDICATOR", help=say("Indikator.", "Indicator."))
    explaining.add_argument("period", metavar="PERIOD", help=say("Zeitraum, 2026-Q2 oder 2026.", "Period."))
    explaining.add_argument(
        "area", metavar="AREA", help=say("Gebiet, NW05 das Land.", "Area, NW05 the state.")
    )
    explaining.add_argument(
        "code",
        nargs="*",
        type=_code,
        metavar="DIM=CODE",
        help=say("Gliederung, z. B. SEX=F.", "Breakdown, for example SEX=F."),
    )
    explaining.add_argument(
        "--figures", metavar="CSV", help=say("CSV-Datei der Veröffentlichung.", "The release's CSV file.")
    )
    return top


def _add_trust(parser: BilingualParser, say: Callable[[str, str], str]) -> None:
    trust = parser.add_argument_group(say("Wem geglaubt wird", "what is believed"))
    trust.add_argument(
        "--trust",
        metavar="PATH",
        help=say(
            "hub.json, oder ein Ordner mit hub.json und directory.json, oder ein Vertrauensverzeichnis.",
            "hub.json, or a folder with hub.json and directory.json, or a trust repository.",
        ),
    )
    trust.add_argument(
        "--root-fingerprint",
        metavar="TEXT",
        help=say(
            "Fingerabdruck der Wurzel: --trust ist ein Vertrauensverzeichnis (kim-hub trust export, oder "
            "trust eines Knotens), dessen Unterschriften geprüft werden.",
            "Fingerprint of the root: --trust is a trust repository (kim-hub trust export, or trust of a "
            "node), whose signatures are verified.",
        ),
    )
    trust.add_argument(
        "--at",
        type=_moment,
        metavar="DATE",
        help=say(
            "Fristen für diesen Tag beurteilen, 2026-10-09; sonst für jetzt.",
            "Judge lifetimes for this day, 2026-10-09; now if omitted.",
        ),
    )
    trust.add_argument(
        "--directory", metavar="FILE", help=say("Verzeichnis der Knoten.", "Directory of nodes.")
    )
    trust.add_argument(
        "--log-key",
        metavar="VKEY",
        help=say("Prüfschlüssel des Protokolls, statt --trust.", "Key of the log, in place of --trust."),
    )
    trust.add_argument(
        "--witness",
        action="append",
        default=[],
        metavar="VKEY",
        help=say("Prüfschlüssel eines Zeugen (mehrfach möglich).", "Key of a witness (repeatable)."),
    )
    trust.add_argument(
        "--quorum",
        type=_count,
        metavar="N",
        help=say(
            "Wie viele Knoten als Zeugen genügen, statt der Zahl in hub.json; nennt sie Zeugen von außen, "
            "bleibt einer davon nötig. Mit --log-key sonst alle.",
            "How many nodes are enough as witnesses, in place of the number in hub.json; if that names any "
            "from outside, one of them is needed all the same. With --log-key all if omitted.",
        ),
    )
    output = parser.add_argument_group(say("Ausgabe", "output"))
    output.add_argument(
        "--json", action="store_true", help=say("Als JSON, für Programme.", "As JSON, for programs.")
    )
    output.add_argument("--lang", choices=LANGUAGES, help=say("Sprache.", "Language."))


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 100:
        raise ValueError
    return number


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)


def _code(text: str) -> str:
    name, separator, code = text.partition("=")
    if not (name and separator and code):
        raise ValueError
    return text
