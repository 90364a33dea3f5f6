"""`kim-hub trust init` and `propose`: all that waits for the officers goes into one file to be signed."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from hub.cli.output import HOME, JSON, LANGUAGE, answer, reports_problems
from hub.cli.trust.desk import officers_desk_at
from hub.cli.trust.options import EXISTING, FILE
from hub.cli.trust.printing import both, facts, printed
from hub.cli.trust.real_time import now
from hub.cli.usage import HubCommand
from hub.services.trust.change_file import ChangeFile
from hub.services.trust.officers import Officer, read_officer
from hub.services.trust.preparing import Wishes, first_proposal, next_proposal
from hub.services.trust.signing import review
from hub.services.trust.wording import describe, describe_state
from protocol.command_line import usage_error
from protocol.texts import Text
from protocol.trust import parse_hub_keys, parse_policy

_NO_WISH: Final = Text(
    "Es wartet keine Änderung. Mit --renew oder --renew-root wird nur die Gültigkeit verlängert.",
    "No change is waiting. Use --renew or --renew-root to make what is there valid for longer.",
)


def _documents_and_out(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of what is said in the officers' documents, and of the file that comes of it."""
    for option in (
        click.option("--out", type=FILE, required=True, help="Die Änderungsdatei. / The file to be signed."),
        click.option(
            "--quorum",
            type=click.IntRange(0, 100),
            help="Nötige Zeugen einer Quittung. / Witnesses of a receipt.",
        ),
        click.option(
            "--hub-keys", type=EXISTING, help="Schlüssel des Hubs als JSON. / Keys of the hub as JSON."
        ),
        click.option(
            "--sealed/--unsealed",
            default=None,
            help="Versiegelung verlangen oder nicht. / Demand sealing or not.",
        ),
        click.option(
            "--add-witness",
            multiple=True,
            metavar="VKEY",
            help="Zeuge, der kein Knoten ist. / Witness that is no node.",
        ),
    ):
        command = option(command)
    return command


@click.command("init", cls=HubCommand)
@HOME
@click.option(
    "--officer",
    "officers",
    type=EXISTING,
    multiple=True,
    required=True,
    help="Öffentlicher Schlüssel, wer das Verzeichnis unterschreibt. / Public key, who signs the directory.",
)
@click.option(
    "--root-officer",
    "root_officers",
    type=EXISTING,
    multiple=True,
    help="Wer über die Beauftragten entscheidet; sonst dieselben. / "
    "Who decides on the officers; else the same.",
)
@click.option(
    "--threshold",
    type=click.IntRange(2, 10),
    default=2,
    show_default=True,
    help="Nötige Unterschriften. / Signatures needed.",
)
@_documents_and_out
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
    desk = officers_desk_at(home)
    signers = _officers(officers)
    change = first_proposal(
        desk.settings,
        desk.database,
        desk.repository,
        root_officers=_officers(root_officers) or signers,
        targets_officers=signers,
        threshold=threshold,
        wishes=_wishes(wishes),
        now=now(),
    )
    _hand_out(change, out, as_json=as_json)


@click.command("propose", cls=HubCommand)
@HOME
@click.option(
    "--renew", is_flag=True, help="Auch ohne Änderung: Gültigkeit verlängern. / Renew even without a change."
)
@click.option("--renew-root", is_flag=True, help="Die Wurzel verlängern. / Renew the root.")
@click.option(
    "--add-officer", type=EXISTING, multiple=True, help="Neu, für das Verzeichnis. / New, for the directory."
)
@click.option(
    "--add-root-officer", type=EXISTING, multiple=True, help="Neu, für die Wurzel. / New, for the root."
)
@click.option("--remove-officer", multiple=True, metavar="FINGERPRINT", help="Wer ausscheidet. / Who leaves.")
@click.option(
    "--new-online-key", is_flag=True, help="Neuer eigener Schlüssel des Hubs. / New key of the hub."
)
@click.option("--policy", type=EXISTING, help="Richtlinie als JSON. / Policy as JSON.")
@click.option(
    "--remove-witness", multiple=True, metavar="VKEY", help="Kein Zeuge mehr. / No witness any more."
)
@_documents_and_out
@JSON
@LANGUAGE
@reports_problems
def propose_command(home: Path, *, out: Path, as_json: bool, **wishes: Any) -> None:  # noqa: ANN401 -- click's
    """Alle wartenden Änderungen zum Unterschreiben zusammenstellen. / Put all waiting changes into one file.

    Beispiel / Example: kim-hub trust propose --out aenderung.kim-trust
    """
    desk = officers_desk_at(home)
    change = next_proposal(desk.settings, desk.database, desk.repository, wishes=_wishes(wishes), now=now())
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
        add_witnesses=tuple(options.get("add_witness", ())),
        remove_witnesses=tuple(options.get("remove_witness", ())),
    )


def _officers(paths: Sequence[Path]) -> tuple[Officer, ...]:
    return tuple(read_officer(path.read_bytes()) for path in paths)


def _hand_out(change: ChangeFile, out: Path, *, as_json: bool) -> None:
    judged = review(change, None, now=now())
    out.write_bytes(change.to_bytes())
    lines = [*describe(judged), *describe_state(judged)]
    answer(
        {"file": str(out), "changes": [both(line) for line in lines], **facts(judged)},
        Text(
            f"{out} den Beauftragten zum Unterschreiben geben (kim-hub trust sign).",
            f"Give {out} to the officers to be signed (kim-hub trust sign).",
        ),
        as_json=as_json,
        lines=printed(lines),
    )
