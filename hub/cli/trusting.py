"""`kim-hub trust`: officers decide on nodes and keys, each on a machine of his own.

`key`, `show` and `sign` run on an officer's machine, without a hub and without a network; the others on the
hub's. What lies between them is a file.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from hub.cli.output import (
    HOME,
    JSON,
    LANGUAGE,
    answer,
    confirmed,
    languages,
    reports_problems,
    settings_of_hub,
)
from hub.cli.passphrases import passphrase
from hub.cli.usage import HubCommand, HubGroup
from hub.clock import SystemClock, clock_on
from hub.domain.jobs import NoQueue
from hub.services.trust.change_file import ChangeFile, read_change_file
from hub.services.trust.exporting import export
from hub.services.trust.officers import (
    Officer,
    is_encrypted,
    load_signer,
    make_officer_key,
    name_card_key,
    public_path_of,
    read_officer,
    smartcard_signer,
)
from hub.services.trust.preparing import Wishes, first_proposal, next_proposal
from hub.services.trust.publishing import publish
from hub.services.trust.renewal import renew
from hub.services.trust.repository import Repository
from hub.services.trust.signing import Review, memory_path, read_memory, review, sign
from hub.services.trust.staging import withdraw
from hub.services.trust.standing import Standing, standing
from hub.services.trust.verifying import fingerprint
from hub.services.trust.wording import describe, describe_change, describe_officers, describe_state
from hub.settings import HubSettings
from hub.store import schema
from hub.store.engine import make_engine
from hub.store.unit_of_work import Database
from protocol.command_line import usage_error
from protocol.errors import kim_error
from protocol.texts import Text
from protocol.trust import parse_hub_keys, parse_policy
from protocol.trust.fingerprints import same_fingerprint

_FILE: Final = click.Path(path_type=Path, dir_okay=False)
_EXISTING: Final = click.Path(path_type=Path, exists=True, dir_okay=False)
_PASSPHRASE_FILE: Final = click.option(
    "--passphrase-file", type=_EXISTING, help="Kennwort in der ersten Zeile. / Passphrase in the first line."
)
_OUT: Final = click.option(
    "--out", type=_FILE, required=True, help="Die Änderungsdatei. / The file to be signed."
)
_PASSPHRASE: Final = Text("Kennwort des Schlüssels", "Passphrase of the key")
_PIN: Final = Text("PIN der Karte", "PIN of the card")
_SIGN_IT: Final = Text("Das alles unterschreiben?", "Sign all of this?")
_COMPARE: Final = Text(
    "Dieser Rechner sieht die Beauftragten zum ersten Mal. Nennen die anderen Beauftragten denselben "
    "Fingerabdruck der Wurzel?",
    "This machine sees these officers for the first time. Do the other officers state the same fingerprint "
    "of the root?",
)
_NO_WISH: Final = Text(
    "Es wartet keine Änderung. Mit --renew oder --renew-root wird nur die Gültigkeit verlängert.",
    "No change is waiting. Use --renew or --renew-root to make what is there valid for longer.",
)


@dataclass(frozen=True, slots=True)
class _Desk:
    """All of a hub that its repository needs."""

    settings: HubSettings
    database: Database
    repository: Repository


def _desk(home: Path) -> _Desk:
    settings = settings_of_hub(home)
    engine = make_engine(settings.sqlalchemy_url)
    schema.require_known(engine)
    return _Desk(settings, Database(engine, NoQueue()), Repository(settings.home))


def _now() -> dt.datetime:
    # Lifetimes are judged by every reader's own clock: a hub that plays another day does not shift them.
    return SystemClock().now()


@click.group("trust", cls=HubGroup)
@LANGUAGE
def trust_group() -> None:
    """Schlüsselbeauftragte: Verzeichnis der Knoten und Schlüssel. / Key officers: who has which key.

    Beispiel / Example: kim-hub trust key meier.pem --name "A. Meier, MKJFGFI"
    """


@trust_group.command("key", cls=HubCommand)
@click.argument("file", type=_FILE)
@click.option("--name", required=True, help="Person und Behörde. / Person and authority.")
@click.option(
    "--public-key",
    type=_EXISTING,
    help="Der Schlüssel liegt auf einer Karte: dessen PEM. / The key is on a card: its PEM.",
)
@_PASSPHRASE_FILE
@JSON
@LANGUAGE
@reports_problems
def key_command(
    file: Path, *, name: str, public_key: Path | None, passphrase_file: Path | None, as_json: bool
) -> None:
    """Den Schlüssel eines Beauftragten anlegen. / Make an officer's key.

    Auf dem Rechner des Beauftragten, nicht am Hub. Die Datei mit .pub geht an den Betreiber des Hubs. / On
    the officer's own machine, not on the hub's. The file with .pub goes to the hub's operator.

    Beispiel / Example: kim-hub trust key meier.pem --name "A. Meier, MKJFGFI"
    """
    public_path = public_path_of(file)
    if public_key is not None:
        officer = name_card_key(public_path, name, public_pem=public_key.read_bytes())
    else:
        question = Text("Neues Kennwort (mindestens 12 Zeichen)", "New passphrase (at least 12 characters)")
        secret = passphrase(question, file=passphrase_file, again=True)
        officer = make_officer_key(file, name, passphrase=secret)
    answer(
        {
            "name": name,
            "keyid": officer.keyid,
            "fingerprint": officer.fingerprint,
            "public": str(public_path),
        },
        Text(
            f"Schlüssel für {name} angelegt. {public_path} an den Betreiber des Hubs geben und ihm den "
            "Fingerabdruck vorlesen.",
            f"Key for {name} made. Give {public_path} to the hub's operator and read out the fingerprint.",
        ),
        as_json=as_json,
        lines=[officer.fingerprint],
    )


@trust_group.command("init", cls=HubCommand)
@HOME
@click.option(
    "--officer",
    "officers",
    type=_EXISTING,
    multiple=True,
    required=True,
    help="Öffentlicher Schlüssel, wer das Verzeichnis unterschreibt. / Public key, who signs the directory.",
)
@click.option(
    "--root-officer",
    "root_officers",
    type=_EXISTING,
    multiple=True,
    help="Wer über die Beauftragten entscheidet; sonst dieselben. / Who decides on the officers.",
)
@click.option(
    "--threshold",
    type=click.IntRange(2, 10),
    default=2,
    show_default=True,
    help="Nötige Unterschriften. / Needed.",
)
@click.option(
    "--sealed/--unsealed", default=None, help="Versiegelung verlangen oder nicht. / Demand sealing or not."
)
@click.option("--hub-keys", type=_EXISTING, help="Schlüssel des Hubs als JSON. / Keys of the hub as JSON.")
@click.option(
    "--quorum", type=click.IntRange(0, 100), help="Nötige Zeugen einer Quittung. / Witnesses of a receipt."
)
@_OUT
@JSON
@LANGUAGE
@reports_problems
def init_command(
    home: Path,
    *,
    officers: Sequence[Path],
    root_officers: Sequence[Path],
    threshold: int,
    out: Path,
    as_json: bool,
    **wishes: Any,  # noqa: ANN401 -- click's
) -> None:
    """Den Hub unter Schlüsselbeauftragte stellen. / Put the hub under key officers.

    Danach trägt kim-hub register nichts mehr ein. Die Datei von genug Beauftragten unterschreiben lassen
    (kim-hub trust sign), dann veröffentlichen (kim-hub trust publish). / From then on kim-hub register enters
    nothing. Have the file signed by enough officers, then publish it.

    Beispiel / Example: kim-hub trust init --officer meier.pem.pub --officer kaya.pem.pub
    --officer wolf.pem.pub --out erste.kim-trust
    """
    desk = _desk(home)
    signers = _officers(officers)
    change = first_proposal(
        desk.settings,
        desk.database,
        desk.repository,
        root_officers=_officers(root_officers) or signers,
        targets_officers=signers,
        threshold=threshold,
        wishes=_wishes(wishes),
        now=_now(),
    )
    _hand_out(change, out, as_json=as_json)


@trust_group.command("propose", cls=HubCommand)
@HOME
@click.option("--renew", is_flag=True, help="Auch ohne Änderung: Gültigkeit verlängern. / Renew.")
@click.option("--renew-root", is_flag=True, help="Die Wurzel verlängern. / Renew the root.")
@click.option(
    "--add-officer", type=_EXISTING, multiple=True, help="Neu, für das Verzeichnis. / New, for the directory."
)
@click.option(
    "--add-root-officer", type=_EXISTING, multiple=True, help="Neu, für die Wurzel. / New, for the root."
)
@click.option("--remove-officer", multiple=True, metavar="FINGERPRINT", help="Wer ausscheidet. / Who leaves.")
@click.option(
    "--new-online-key", is_flag=True, help="Neuer eigener Schlüssel des Hubs. / New key of the hub."
)
@click.option("--policy", type=_EXISTING, help="Richtlinie als JSON. / Policy as JSON.")
@click.option(
    "--sealed/--unsealed", default=None, help="Versiegelung verlangen oder nicht. / Demand sealing or not."
)
@click.option("--hub-keys", type=_EXISTING, help="Schlüssel des Hubs als JSON. / Keys of the hub as JSON.")
@click.option(
    "--quorum", type=click.IntRange(0, 100), help="Nötige Zeugen einer Quittung. / Witnesses of a receipt."
)
@_OUT
@JSON
@LANGUAGE
@reports_problems
def propose_command(home: Path, *, out: Path, as_json: bool, **wishes: Any) -> None:  # noqa: ANN401 -- click's
    """Alle wartenden Änderungen zum Unterschreiben zusammenstellen. / Put all waiting changes into one file.

    Beispiel / Example: kim-hub trust propose --out aenderung.kim-trust
    """
    desk = _desk(home)
    change = next_proposal(desk.settings, desk.database, desk.repository, wishes=_wishes(wishes), now=_now())
    if change is None:
        raise usage_error(_NO_WISH)
    _hand_out(change, out, as_json=as_json)


def _wishes(options: Mapping[str, Any]) -> Wishes:
    """Return what the options ask for; one that a command does not have is not asked for."""

    def read(name: str, reader: Callable[[bytes], Any]) -> Any:  # noqa: ANN401 -- whatever the reader returns
        path: Path | None = options.get(name)
        return None if path is None else reader(path.read_bytes())

    return Wishes(
        renew=options.get("renew", False),
        renew_root=options.get("renew_root", False),
        add_targets=_officers(options.get("add_officer", ())),
        add_root=_officers(options.get("add_root_officer", ())),
        remove=tuple(options.get("remove_officer", ())),
        new_online_key=options.get("new_online_key", False),
        policy=read("policy", parse_policy),
        sealed=options.get("sealed"),
        hub_keys=read("hub_keys", parse_hub_keys),
        quorum=options.get("quorum"),
    )


def _officers(paths: Sequence[Path]) -> tuple[Officer, ...]:
    return tuple(read_officer(path.read_bytes()) for path in paths)


def _hand_out(change: ChangeFile, out: Path, *, as_json: bool) -> None:
    judged = review(change, None, now=_now())
    out.write_bytes(change.to_bytes())
    lines = [*describe(judged), *describe_state(judged)]
    answer(
        {"file": str(out), "changes": [_both(line) for line in lines], **_facts(judged)},
        Text(
            f"{out} den Beauftragten zum Unterschreiben geben (kim-hub trust sign).",
            f"Give {out} to the officers to be signed (kim-hub trust sign).",
        ),
        as_json=as_json,
        lines=_printed(lines),
    )


@trust_group.command("show", cls=HubCommand)
@click.argument("file", type=_EXISTING)
@JSON
@LANGUAGE
@reports_problems
def show_command(file: Path, *, as_json: bool) -> None:
    """Sagen, was eine Änderungsdatei ändert und wer unterschrieben hat. / Say what a file changes.

    Beispiel / Example: kim-hub trust show aenderung.kim-trust
    """
    judged = review(read_change_file(file.read_bytes()), None, now=_now())
    lines = [*describe(judged), *describe_state(judged), *describe_officers(judged.root_now.signed)]
    answer(
        {"changes": [_both(line) for line in lines], **_facts(judged)},
        Text("Das steht in der Datei:", "This is what the file says:"),
        as_json=as_json,
        lines=_printed(lines),
    )


@trust_group.command("sign", cls=HubCommand)
@click.argument("file", type=_EXISTING)
@click.option(
    "--key",
    "key_file",
    type=_EXISTING,
    required=True,
    help="Schlüsseldatei; bei einer Karte die .pub. / Key file; with a card the .pub.",
)
@click.option("--smartcard", metavar="URI", help="Karte, z. B. hsm:2?label=… / Card.")
@_PASSPHRASE_FILE
@click.option(
    "--root-fingerprint", help="Fingerabdruck der Wurzel, von anderen genannt. / Fingerprint of the root."
)
@click.option("--yes", is_flag=True, help="Nicht fragen. / Do not ask.")
@JSON
@LANGUAGE
@reports_problems
def sign_command(
    file: Path,
    *,
    key_file: Path,
    smartcard: str | None,
    passphrase_file: Path | None,
    root_fingerprint: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Lesen, was sich ändert, und unterschreiben. / Read what changes, and sign.

    Braucht weder Hub noch Netz. Die Datei danach weitergeben. / Needs neither hub nor network. Pass the file
    on afterwards.

    Beispiel / Example: kim-hub trust sign aenderung.kim-trust --key meier.pem
    """
    memory = memory_path(key_file)
    judged = review(read_change_file(file.read_bytes()), read_memory(memory), now=_now())
    lines = [*describe(judged), *describe_state(judged)]
    _compare_root(judged, root_fingerprint, lines, asks=not (yes or as_json))
    if not (yes or as_json) and not confirmed(_SIGN_IT, lines=_printed(lines)):
        answer({}, Text("Nichts unterschrieben.", "Nothing was signed."), as_json=False)
        raise click.exceptions.Exit(1)
    if smartcard is not None:
        officer = read_officer(key_file.read_bytes())
        signer = smartcard_signer(smartcard, officer, pin=passphrase(_PIN, file=passphrase_file))
    else:
        secret = passphrase(_PASSPHRASE, file=passphrase_file) if is_encrypted(key_file) else None
        signer = load_signer(key_file, passphrase=secret)
    signed = sign(judged, signer)
    # What was seen is remembered before the signature leaves: no older state is taken for the present one.
    _replace(memory, judged.memory.to_bytes())
    _replace(file, signed.to_bytes())
    judged = review(signed, None, now=_now())
    answer(
        {"file": str(file), "changes": [_both(line) for line in lines], **_facts(judged)},
        Text("Unterschrieben; es sind genug.", "Signed; that is enough.")
        if judged.complete
        else Text("Unterschrieben. Die Datei weitergeben.", "Signed. Pass the file on."),
        as_json=as_json,
        lines=_printed(describe_state(judged)),
    )


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: it may be the only copy with the other officers' signatures."""
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)


def _compare_root(judged: Review, said: str | None, lines: Sequence[Text], *, asks: bool) -> None:
    anchor = judged.root_before or judged.root_now
    if said is not None and not same_fingerprint(said, fingerprint(anchor)):
        raise kim_error("trust_root_mismatch")
    if judged.known or said is not None:
        return
    # Somebody has to have compared it once; after that the machine knows whom it has seen.
    if not asks:
        raise usage_error(
            Text(
                "Beim ersten Mal --root-fingerprint nennen, oder ohne --yes und --json aufrufen.",
                "The first time, give --root-fingerprint, or call without --yes and --json.",
            )
        )
    officers = describe_officers(anchor.signed)
    if not confirmed(_COMPARE, lines=_printed([*lines, *officers])):
        raise kim_error("trust_root_mismatch")


@trust_group.command("publish", cls=HubCommand)
@HOME
@click.argument("files", nargs=-1, required=True, type=_EXISTING)
@JSON
@LANGUAGE
@reports_problems
def publish_command(home: Path, *, files: Sequence[Path], as_json: bool) -> None:
    """Veröffentlichen, was genug Beauftragte unterschrieben haben. / Publish what enough have signed.

    Mehrere getrennt unterschriebene Kopien derselben Datei werden zusammengeführt. / Several copies of the
    same file that were signed apart are put together.

    Beispiel / Example: kim-hub trust publish aenderung.kim-trust
    """
    desk = _desk(home)
    changes = [read_change_file(path.read_bytes()) for path in files]
    done = publish(desk.settings, desk.database, clock_on(desk.settings.date), changes, now=_now())
    answer(
        {"root": done.root_version, "version": done.targets_version, "changes": done.changes},
        Text(
            f"Fassung {done.targets_version} ist veröffentlicht ({done.changes} Änderungen am Verzeichnis).",
            f"Version {done.targets_version} is published ({done.changes} changes of the directory).",
        ),
        as_json=as_json,
    )


@trust_group.command("status", cls=HubCommand)
@HOME
@JSON
@LANGUAGE
@reports_problems
def status_command(home: Path, *, as_json: bool) -> None:
    """Zeigen, was gilt, was abläuft und was wartet. / Show what holds, what expires and what is waiting.

    Beispiel / Example: kim-hub trust status
    """
    desk = _desk(home)
    found = standing(desk.repository, desk.database)
    if found is None:
        raise kim_error(
            "no_trust_repository",
            Text("Noch ist nichts veröffentlicht.", "Nothing is published yet."),
            remedy=Text(
                "Die erste Datei unterschreiben lassen, dann kim-hub trust publish.",
                "Have the first file signed, then kim-hub trust publish.",
            ),
        )
    lines = _standing_lines(found)
    answer(
        {
            "root_fingerprint": found.fingerprint,
            "versions": dict(found.versions),
            "expires": {role: f"{moment:%Y-%m-%dT%H:%M:%SZ}" for role, moment in found.expires.items()},
            "renew": found.to_renew(_now()),
            "staged": [
                {"id": item.id, "by": item.actor, "changes": [_both(x) for x in describe_change(item.change)]}
                for item in found.staged
            ],
        },
        Text(
            f"Fingerabdruck der Wurzel, für den Anmeldebrief: {found.fingerprint}",
            f"Fingerprint of the root, for the enrolment letter: {found.fingerprint}",
        ),
        as_json=as_json,
        lines=_printed(lines),
    )


def _standing_lines(found: Standing) -> list[Text]:
    lines = describe_officers(found.root)
    for role, version in found.versions.items():
        day = f"{found.expires[role]:%Y-%m-%d %H:%M}"
        lines.append(
            Text(f"{role}: Fassung {version}, gilt bis {day}", f"{role}: version {version}, until {day}")
        )
    for role in found.to_renew(_now()):
        option = "--renew" if role == "targets" else "--renew-root"
        lines.append(
            Text(
                f"{role} läuft bald ab: kim-hub trust propose {option}",
                f"{role} expires soon: kim-hub trust propose {option}",
            )
        )
    if found.staged:
        lines.append(Text("Warten auf Unterschriften:", "Waiting for signatures:"))
    for item in found.staged:
        lines += [
            Text(f"  [{item.id}] {line.de}", f"  [{item.id}] {line.en}")
            for line in describe_change(item.change)
        ]
    return lines


@trust_group.command("withdraw", cls=HubCommand)
@HOME
@click.argument("number", type=int)
@click.option("--by", required=True, metavar="NAME", help="Wer entscheidet. / Who decides.")
@JSON
@LANGUAGE
@reports_problems
def withdraw_command(home: Path, *, number: int, by: str, as_json: bool) -> None:
    """Eine wartende Änderung zurückziehen. / Take back a change that is waiting.

    Die Nummer zeigt kim-hub trust status; unterschriebene Dateien sind danach neu zusammenzustellen. / The
    number is in kim-hub trust status; files that were signed have to be put together anew afterwards.

    Beispiel / Example: kim-hub trust withdraw 17 --by "A. Muster"
    """
    desk = _desk(home)
    with desk.database.write() as unit:
        withdraw(unit, number, at=clock_on(desk.settings.date).now(), actor=by)
    answer(
        {"withdrawn": number},
        Text(f"Änderung {number} ist zurückgezogen.", f"Change {number} is withdrawn."),
        as_json=as_json,
    )


@trust_group.command("renew", cls=HubCommand)
@HOME
@JSON
@LANGUAGE
@reports_problems
def renew_command(home: Path, *, as_json: bool) -> None:
    """Den Zeiger des Hubs erneuern; der laufende Hub tut es selbst. / Renew the hub's pointer.

    Beispiel / Example: kim-hub trust renew
    """
    desk = _desk(home)
    desk.repository.require()
    done = renew(desk.repository, desk.database, now=_now())
    answer(
        {"renewed": done},
        Text("Erneuert.", "Renewed.") if done else Text("Noch nicht nötig.", "Not needed yet."),
        as_json=as_json,
    )


@trust_group.command("export", cls=HubCommand)
@HOME
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@JSON
@LANGUAGE
@reports_problems
def export_command(home: Path, *, folder: Path, as_json: bool) -> None:
    """Alles für einen Knoten ohne Netz in einen Ordner legen. / Copy it all for a node without a network.

    Gilt eine Woche; am Knoten: kim-node trust --from ORDNER. / Good for a week; at the node: kim-node trust
    --from FOLDER.

    Beispiel / Example: kim-hub trust export /media/stick/kim-trust
    """
    desk = _desk(home)
    number = export(desk.repository, folder, now=_now())
    answer(
        {"folder": str(folder), "files": number},
        Text(f"{number} Dateien liegen in {folder}.", f"{number} files lie in {folder}."),
        as_json=as_json,
    )


def _facts(judged: Review) -> dict[str, Any]:
    return {
        "root_fingerprint": fingerprint(judged.root_now),
        "complete": judged.complete,
        "signed": {
            role: list(signatures.signed)
            for role, signatures in (("root", judged.root_signatures), ("targets", judged.targets_signatures))
            if signatures is not None
        },
    }


def _both(line: Text) -> dict[str, str]:
    return {"de": line.de, "en": line.en}


def _printed(lines: Sequence[Text]) -> list[str]:
    return [line.in_(language) for language in languages() for line in lines]
