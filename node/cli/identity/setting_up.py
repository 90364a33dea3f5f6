"""`kim-node init`: a folder with a commented configuration and a key pair.

The key is made first and the configuration last, whole or not at all: what was interrupted can be run again,
and what exists is never overwritten.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from node.cli.identity.enrolling import read_token_file
from node.cli.terminal.console import Console
from node.clock import SystemClock, local
from node.durable_files import PRIVATE_FOLDER_MODE, create_private_file, write_error
from node.enrolment import EnrolmentView, enrol, own_keys
from node.settings import Settings, parse_settings, render_template
from protocol.enrolment import SecretKeys
from protocol.errors import KimError, kim_error
from protocol.keys import new_instance_id, new_node_id
from protocol.periods import Period
from protocol.regions import areas_by_id
from protocol.texts import Language, Text

CONFIG_FILE: Final = "node.toml"
KEY_FILE: Final = "key.pem"
SOURCE_TABLE: Final = "sources.cases"
_QUARTERS_BACK: Final = 8
#: What of the configuration comes from which option.
_OPTIONS: Final = {
    "/node/id": "--node-id",
    "/node/area": "--area",
    "/hub/url": "--hub",
    "/hub/audience": "--audience",
    "/key/passphrase": "--passphrase-file",
    "/sources/cases/path": "--source",
    "/sources/cases/profile": "--profile",
    **{f"/sources/{holds}/path": f"--{holds}" for holds in ("posts", "funds", "issues", "decisions")},
    "/periods/first": "--periods",
    "/periods/last": "--periods",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNode:
    """What is known about a node that is to be set up.

    Attributes:
        area: reporting area.
        hub_url: address of the hub.
        source: export file with the cases; need not exist yet.
        profile: its layout; the default of the configuration if omitted.
        registers: file of each register by what it holds; None for one that there is not.
        node_id: identity; if omitted, that of the journal which lies there already, else a random one.
        audience: name of the hub; the default of the configuration if omitted.
        passphrase: file of the passphrase for the secret keys; beside the node's folder if omitted.
        periods: ``first..last``; the last eight quarters and those up to the end of next year if omitted.
        root: file with the root of the key officers, if the hub has some.
        root_fingerprint: what the enrolment letter says about it.
    """

    area: str
    hub_url: str
    source: Path
    profile: str | None = None
    registers: Mapping[str, Path | None] = field(default_factory=lambda: MappingProxyType({}))
    node_id: str | None = None
    audience: str | None = None
    periods: str | None = None
    root: Path | None = None
    root_fingerprint: str | None = None
    passphrase: Path | None = None

    def options(self, language: Language) -> dict[tuple[str, str], str | int]:
        """Return what the configuration will say, by section and name."""
        first, last = _span(self.periods)
        values: dict[tuple[str, str], str | int] = {
            ("node", "id"): self.node_id or new_node_id(),
            ("node", "area"): self.area,
            ("node", "instance"): new_instance_id(),
            ("node", "language"): language,
            ("hub", "url"): self.hub_url,
            (SOURCE_TABLE, "holds"): "cases",
            (SOURCE_TABLE, "path"): str(self.source.absolute()),
            ("key", "path"): KEY_FILE,
            ("periods", "first"): first,
            ("periods", "last"): last,
        }
        if self.audience is not None:
            values["hub", "audience"] = self.audience
        if self.passphrase is not None:
            values["key", "passphrase"] = str(self.passphrase.absolute())
        if self.profile is not None:
            values[SOURCE_TABLE, "profile"] = self.profile
        for holds, file in self.registers.items():
            if file is not None:
                values[f"sources.{holds}", "holds"] = holds
                values[f"sources.{holds}", "path"] = str(file.absolute())
        return values


def set_up(console: Console, folder: Path, new: NewNode, *, token_file: Path | None = None) -> None:
    """Make a node.

    Args:
        console: where the result goes.
        folder: made if missing.
        new: what is known about it.
        token_file: where the token of an invitation is, to enrol at once.

    Raises:
        KimError: ``already_exists``, ``cannot_write``, ``config_invalid``, ``storage_full``; with a token,
            what refuses the enrolment, when everything else is done.
    """
    token = None if token_file is None else read_token_file(token_file)
    path = folder.absolute() / CONFIG_FILE
    values = new.options(console.language)
    content, settings = _rendered(values, path, language=console.language)
    if path.exists():
        raise _exists()
    owner = _owner(settings)
    if owner is not None:
        if owner != (new.node_id or owner[0], settings.area):
            raise _other_owner(*owner)
        content, settings = _rendered({**values, ("node", "id"): owner[0]}, path, language=console.language)
    try:
        path.parent.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
        _pin(settings, new)
        # A key without a configuration is what an interrupted set-up leaves: it is the node's key already.
        keys = own_keys(settings)
        create_private_file(path, content)
    except FileExistsError as error:
        raise _exists() from error
    except OSError as error:
        raise write_error(error, path.parent) from error
    view, refusal = (None, None) if token is None else _enrolled(settings, keys, token=token)
    _report(console, settings, keys=keys, found=owner is not None, view=view)
    for spec in settings.sources:
        if spec.path is not None and not spec.path.exists():
            console.warn(_missing(spec.name, spec.path))
    if refusal is not None:
        raise refusal


def _enrolled(
    settings: Settings, keys: SecretKeys, *, token: str
) -> tuple[EnrolmentView | None, KimError | None]:
    from node.hub_client import HubClient  # noqa: PLC0415  (an HTTP library, for a set-up that needs none)

    clock = SystemClock()
    try:
        with HubClient(settings.hub, node=settings.node, clock=clock, key=keys.sign) as client:
            return enrol(settings, client, token=token, clock=clock), None
    except KimError as error:
        return None, error


def _pin(settings: Settings, new: NewNode) -> None:
    """Pin the root before there is a key: who compares wrongly has no node yet."""
    if new.root is None and new.root_fingerprint is None:
        return
    if new.root is None or new.root_fingerprint is None:
        raise kim_error(
            "bad_request",
            Text(
                "--root und --root-fingerprint gehören zusammen.",
                "--root and --root-fingerprint go together.",
            ),
            pointer="--root",
        )
    from node.trust import TrustStore  # noqa: PLC0415  (nothing of it is loaded for a test bench)

    settings.home.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
    store = TrustStore(settings.home, audience=settings.hub.audience)
    store.pin(new.root.read_bytes(), fingerprint=new.root_fingerprint)


def _missing(name: str, path: Path) -> Text:
    return Text(
        f"Die Datei {path} gibt es noch nicht. Sie dort ablegen oder in node.toml unter [sources.{name}] "
        "path den richtigen Ort eintragen.",
        f"The file {path} does not exist yet. Put it there, or set [sources.{name}] path in node.toml to "
        "the right place.",
    )


def _rendered(
    values: Mapping[tuple[str, str], str | int], path: Path, *, language: Language
) -> tuple[bytes, Settings]:
    content = render_template(values, language=language).encode()
    return content, parse_settings(content, path=path, options=_OPTIONS)


def _owner(settings: Settings) -> tuple[str, str] | None:
    """Read whose journal lies in the folder, if any: its configuration was lost."""
    if not settings.journal.is_dir():
        return None
    from node.journal import Journal  # noqa: PLC0415  (a new node has none: nothing is loaded for it)

    with Journal(settings.journal, clock=SystemClock(), ledger_key=settings.ledger_key) as journal:
        return journal.owner


def _other_owner(node: str, area: str) -> KimError:
    return kim_error(
        "already_exists",
        Text(
            f"In diesem Ordner liegt das Journal des Knotens {node} ({area}).",
            f"The journal of the node {node} ({area}) lies in this folder.",
        ),
        remedy=Text(
            f"Soll es dieser Knoten sein: --area {area} angeben und --node-id weglassen; sonst einen anderen "
            "Ordner wählen.",
            f"If this is the node: give --area {area} and leave out --node-id; otherwise choose another "
            "folder.",
        ),
    )


def _span(periods: str | None) -> tuple[str, str]:
    if periods is not None:
        first, separator, last = periods.partition("..")
        return (first, last) if separator else (first, first)
    today = local(SystemClock().now()).date()
    first_quarter = Period.containing(today)
    for _ in range(_QUARTERS_BACK):
        first_quarter = first_quarter.previous()
    return str(first_quarter), str(Period(today.year + 1, 4))


def _exists() -> Exception:
    return kim_error(
        "already_exists",
        Text(
            "In diesem Ordner ist schon ein Knoten eingerichtet.",
            "A node is set up in this folder already.",
        ),
    )


def _report(
    console: Console, settings: Settings, *, keys: SecretKeys, found: bool, view: EnrolmentView | None
) -> None:
    node, area, path, public = settings.node, settings.area, settings.path, keys.sign.public
    console.result(
        {
            "node": node,
            "area": area,
            "public_key": public.hex,
            "keyid": public.keyid,
            "fingerprint": public.fingerprint(),
            "witness_key": keys.witness.public.hex,
            "state": None if view is None else view.state,
            "passphrase": str(settings.key.passphrase),
            "config": str(path),
        }
    )
    name = areas_by_id()[area].name
    console.say(
        Text(
            f"Der Knoten {node} für {name} ({area}) ist eingerichtet.",
            f"The node {node} for {name} ({area}) is set up.",
        )
    )
    if found:
        console.say(
            Text(
                "Die Kennung stammt aus dem Journal, das hier schon lag; es gilt weiter.",
                "The node id is that of the journal which lay here already; it stays in use.",
            )
        )
    console.say()
    console.say(Text(f"  Kennung                  {node}", f"  Node id                  {node}"))
    console.say(Text(f"  Berichtsraum             {area}", f"  Reporting area           {area}"))
    console.say(Text(f"  Konfiguration            {path}", f"  Configuration            {path}"))
    console.say(Text(f"  Öffentlicher Schlüssel   {public.hex}", f"  Public key               {public.hex}"))
    console.say(
        Text(
            f"  Fingerabdruck            {public.fingerprint()}",
            f"  Fingerprint              {public.fingerprint()}",
        )
    )
    console.say()
    first = _ENROLLED if view is not None else _to_be_entered(settings, public=public.hex, name=name)
    console.say(_next_steps(f"kim-node --config {shlex.quote(str(path))}", settings, first=first))


_ENROLLED: Final = Text(
    "  1. Das Ministerium ruft unter der hinterlegten Nummer an und lässt sich den Fingerabdruck vorlesen;\n"
    "     erst dann wird der Knoten eingetragen.",
    "  1. The ministry calls on the registered number and has the fingerprint read out; only then the node\n"
    "     is entered.",
)


def _to_be_entered(settings: Settings, *, public: str, name: str) -> Text:
    """Say how the hub gets to know a node that has not asked for it yet."""
    enrol = f"     kim-node --config {shlex.quote(str(settings.path))} enrol"
    register = (
        f"     kim-hub register --area {settings.area} --name {shlex.quote(name)} --node {settings.node} "
        f"--public-key {public}"
    )
    return Text(
        "  1. Mit dem Token aus dem Brief des Ministeriums anmelden. Es ruft unter der hinterlegten Nummer\n"
        "     an und lässt sich den Fingerabdruck vorlesen; erst dann wird der Knoten eingetragen.\n"
        f"{enrol}\n"
        "     Auf einem Prüfstand ohne Brief und Beauftragte trägt ihn der Hub mit diesem Befehl ein:\n"
        f"{register}",
        "  1. Enrol with the token of the ministry's letter. It calls on the registered number and has the\n"
        "     fingerprint read out; only then the node is entered.\n"
        f"{enrol}\n"
        "     On a test bench, without letter and officers, the hub enters it with this command:\n"
        f"{register}",
    )


def _next_steps(command: str, settings: Settings, *, first: Text) -> Text:
    passphrase = settings.key.passphrase
    return Text(
        "So geht es weiter:\n"
        f"{first.de}\n"
        "  2. Export prüfen, offene Angaben zuordnen:\n"
        f"     {command} check\n"
        "  3. Ansehen, was das Haus verlassen würde:\n"
        f"     {command} preview\n"
        "  4. Liefern:\n"
        f"     {command} submit\n"
        "Die geheimen Schlüssel bleiben auf diesem Rechner und sind verschlüsselt. Den Ordner in die\n"
        f"Datensicherung aufnehmen, das Kennwort {passphrase} getrennt davon verwahren.",
        "What to do next:\n"
        f"{first.en}\n"
        "  2. Check the export, map what is open:\n"
        f"     {command} check\n"
        "  3. See what would leave the house:\n"
        f"     {command} preview\n"
        "  4. Deliver:\n"
        f"     {command} submit\n"
        "The secret keys stay on this machine and are encrypted. Include the folder in the backup, and keep\n"
        f"the passphrase {passphrase} apart from it.",
    )
