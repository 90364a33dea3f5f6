"""`kim-hub status` and `kim-hub confirm`: where deliveries stand, and what does not fit but is right."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from hub.cli.output import HOME, JSON, LANGUAGE, answer, one_line, reports_problems, settings_of_hub
from hub.cli.trust.printing import printed
from hub.cli.usage import HubCommand
from hub.domain.people import OPERATOR, known_login
from hub.services.operation.delivery_status import DeliveryStatus, PlaceStatus, delivery_status
from hub.services.review.confirming import confirm
from hub.services.review.finding_words import NamedCell, finding_text, named_cells
from hub.services.trust.standing import witnesses_of
from hub.store.records import OpenFinding
from hub.wiring import Hub
from protocol.catalogue import AUDIT_RULE, Catalogue
from protocol.periods import Period
from protocol.texts import Text

HELD_BACK: Final = Text("zurückgestellt", "held back")
#: Cells of a finding that a terminal lists.
_NAMED: Final = 3


@click.command("status", cls=HubCommand)
@HOME
@click.option("--period", "periods", multiple=True, help="Nur dieser Zeitraum. / Only this period.")
@JSON
@LANGUAGE
@reports_problems
def status_command(home: Path, *, periods: tuple[str, ...], as_json: bool) -> None:
    """Stand der Lieferungen zeigen. / Show where the deliveries stand.

    Was angenommen ist, was zurückgestellt, was fehlt, worauf der Hub noch eine Antwort schuldet, was zu
    bestätigen ist. / What is accepted, what is held back, what is missing, what the hub still owes an answer
    to, what is to be confirmed.

    Beispiel / Example: kim-hub status --period 2026-Q3
    """
    hub = Hub(settings_of_hub(home))
    status = delivery_status(hub.context, [Period.parse(period) for period in periods])
    with hub.context.database.read() as unit:
        witnesses = witnesses_of(unit, at=hub.context.clock.now())
    answer(
        {
            "deliveries": [asdict(place) for place in status.places],
            "confirm": [_finding(item, hub.context.catalogue) for item in status.confirm],
            "uncompared": status.uncompared,
            "release": status.release,
            "flagged": {str(number): count for number, count in status.flagged.items()},
            "witnesses": witnesses.members if witnesses is not None else None,
        },
        _summary(status),
        as_json=as_json,
        lines=[*_lines(status, hub.context.catalogue), *printed(witnesses.lines() if witnesses else ())],
    )


def _summary(status: DeliveryStatus) -> Text:
    release = (
        Text("Noch nichts veröffentlicht.", "Nothing is published yet.")
        if status.release is None
        else Text(f"Veröffentlichung {status.release}.", f"Release {status.release}.")
    )
    if not status.places:
        return Text(f"Keine Lieferung. {release.de}", f"No delivery. {release.en}")
    number, waiting = len(status.confirm), status.uncompared
    findings = Text(f"Zu bestätigen: {number}.", f"To be confirmed: {number}.")
    if waiting:
        findings = Text(
            f"{findings.de} Noch nicht verglichen: {waiting}.",
            f"{findings.en} Not compared yet: {waiting}.",
        )
    return Text(f"{release.de} {findings.de}", f"{release.en} {findings.en}")


def _lines(status: DeliveryStatus, catalogue: Catalogue) -> Iterator[str]:
    for place in status.places:
        said = _place(place)
        yield f"{place.period:8}{place.dataset:10} {one_line(said)}"
        if place.missing and len(place.missing) <= place.accepted:
            yield f"{'':19}… {', '.join(place.missing)}"
        if place.held:
            yield f"{'':19}{one_line(HELD_BACK)}: {', '.join(place.held)}"
    for number, count in status.flagged.items():
        said = Text(
            f"Veröffentlichung {number}: {count} Lieferung{'' if count == 1 else 'en'} darin "
            f"{'ist' if count == 1 else 'sind'} in Quarantäne.",
            f"Release {number}: {count} {'delivery in it is' if count == 1 else 'deliveries in it are'} in "
            "quarantine.",
        )
        yield one_line(said)
    for item in status.confirm:
        rule = finding_text(catalogue, item.rule)
        yield f"{item.area}  {item.dataset} {item.period}  {item.rule} ({item.cells}): {one_line(rule)}"
        yield from _cells(item, catalogue)
        if item.first is not None:
            first = item.first
            said = Text(f"{first.login} bestätigt: {first.reason}", f"{first.login} confirms: {first.reason}")
            yield f"{'':4}{one_line(said)}"
        by = " --by LOGIN" if item.rule == AUDIT_RULE else ""
        yield f"{'':4}kim-hub confirm {item.submission} {item.rule} --reason …{by}"


def _cells(item: OpenFinding, catalogue: Catalogue) -> Iterator[str]:
    """Name where it is, the first few cells; what is published of them stands on the page of findings."""
    named = _named(item, catalogue)
    for cell in named[:_NAMED]:
        yield f"{'':4}· {one_line(cell.text)}"
    if item.rule != AUDIT_RULE and item.cells > _NAMED:
        more = item.cells - len(named[:_NAMED])
        yield f"{'':4}{one_line(Text(f'und {more} weitere', f'and {more} more'))}"


def _finding(item: OpenFinding, catalogue: Catalogue) -> dict[str, object]:
    cells = [{"indicator": cell.indicator, "codes": cell.codes} for cell in _named(item, catalogue)]
    written = asdict(item)
    del written["rows"]
    return {**written, "where": cells}


def _named(item: OpenFinding, catalogue: Catalogue) -> tuple[NamedCell, ...]:
    return named_cells(catalogue, item.dataset, item.period, rule=item.rule, rows=item.rows)


def _place(place: PlaceStatus) -> Text:
    parts = [Text(f"{place.accepted} angenommen", f"{place.accepted} accepted")]
    for number, what in (
        (len(place.held), HELD_BACK),
        (len(place.missing), Text("fehlt" if len(place.missing) == 1 else "fehlen", "missing")),
        (place.undecided, Text("in Prüfung", "being checked")),
        (place.open, Text("in Übertragung", "being sent")),
        (place.rejected, Text("abgelehnt", "rejected")),
    ):
        parts += [Text(f"{number} {what.de}", f"{number} {what.en}")] if number else []
    if place.closed:
        parts.append(Text("geschlossen", "closed"))
    return Text(", ".join(part.de for part in parts), ", ".join(part.en for part in parts))


@click.command("confirm", cls=HubCommand)
@HOME
@click.argument("submission")
@click.argument("rule")
@click.option("--reason", required=True, help="Warum die Zahlen stimmen. / Why the figures are right.")
@click.option(
    "--by",
    default=OPERATOR,
    metavar="LOGIN",
    help="Konto, das bestätigt; nötig bei AUDIT, sobald es Konten gibt. / "
    "Account that confirms; needed for AUDIT once there are accounts.",
)
@JSON
@LANGUAGE
@reports_problems
def confirm_command(home: Path, *, submission: str, rule: str, reason: str, by: str, as_json: bool) -> None:
    """Auffällige Zahlen bestätigen. / Confirm figures that do not fit a rule.

    Kennung und Regel zeigt kim-hub status. Mit der Regel AUDIT zählt danach eine Lieferung, die der Hub
    zurückgestellt hat; das bestätigen zwei Personen. / Id and rule are shown by kim-hub status. With the
    rule AUDIT, a delivery that the hub held back counts afterwards; two people confirm that.

    Die Begründung steht danach im Protokoll. / The reason is kept in the audit trail.

    Beispiel / Example: kim-hub confirm 5f0c… V_FLOW --reason "Nachmeldung eines Trägers"
    """
    hub = Hub(settings_of_hub(home))
    done = confirm(hub.context, submission, rule, reason=reason, actor=known_login(by))
    known = done.submission
    place = f"{known.dataset} {known.period}, {known.area}"
    answer(
        {"submission": known.id, "rule": rule, "area": known.area, "reason": reason, "waits": done.waits},
        Text(
            f"Vermerkt: {rule} in {place}. Eine zweite Person muss ebenfalls bestätigen.",
            f"Noted: {rule} in {place}. A second person has to confirm as well.",
        )
        if done.waits
        else Text(f"Bestätigt: {rule} in {place}.", f"Confirmed: {rule} in {place}."),
        as_json=as_json,
    )
