"""From the export to signed deliveries: what is protected, what blocks, and what is never signed twice."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aggregation.disclosure import Protection
from node.journal import DeliveryState, Journal
from node.pipeline import (
    Decision,
    Prospect,
    Stopwatch,
    drafts,
    require_strict_enough,
    seal,
)
from protocol import dsse
from protocol.canonical import assert_canonical
from protocol.columns import OBS_VALUE, arrow_schema
from protocol.errors import KimError
from protocol.grid import grid_of
from protocol.keys import PrivateKey
from protocol.periods import Period
from protocol.statement import parse_statement
from tests.factories.node_home import node_home, some_cases
from tests.factories.node_office import FIRST, Office
from tests.fakes.node_clock import SteppedClock

Q1, Q2 = Period(2026, 1), Period(2026, 2)
#: What a node with cases alone delivers.
DATAFLOWS = ("CASES", "PERSONS", "PROCESSES")
MANY = len(DATAFLOWS)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    home = node_home(tmp_path)
    with Journal(home.settings.journal, clock=SteppedClock()) as journal:
        yield Office(home, journal)


def decisions(prospects: list[Prospect]) -> list[str]:
    return [prospect.decision.value for prospect in prospects]


def test_a_draft_shows_true_values_and_nothing_of_withheld_ones(office: Office) -> None:
    draft = office.draft()
    table = assert_canonical(draft.payload, arrow_schema(office.workshop.catalogue.dataset("CASES")))

    published = table[OBS_VALUE].to_pylist()
    assert 0 < draft.withheld.sum() < len(published)
    assert all(
        value is None if hidden else value == true
        for value, hidden, true in zip(published, draft.withheld, draft.table.values, strict=True)
    )
    small = (draft.table.values > 0) & (draft.table.values < 5)
    one_off = np.array([key[0] == "CONTACTS_ONEOFF" for key in _keys(office)])
    assert draft.withheld[small & ~one_off].all()
    assert set(draft.reasons) == set(np.flatnonzero(draft.withheld))


def _keys(office: Office) -> tuple[tuple[str, ...], ...]:
    return grid_of(office.workshop.catalogue, "CASES").keys


def test_what_is_signed_says_who_what_and_by_which_rules(office: Office) -> None:
    draft = office.draft()
    delivery = seal(draft, office.key, workshop=office.workshop)
    envelope = dsse.parse_envelope(delivery.envelope)
    dsse.verify(envelope, office.key.public)
    statement = parse_statement(envelope.payload)

    assert delivery.statement_id == dsse.statement_id(envelope)
    assert (statement.area, statement.dataset_id, statement.period) == ("NW05382", "CASES", "2026-Q1")
    assert (statement.revision, statement.supersedes) == (1, None)
    assert statement.payload.size == len(draft.payload)
    assert statement.catalogue_sha256 == office.workshop.catalogue.sha256
    assert statement.min_contributors == 5
    assert statement.software.name == "kim-node"
    assert any(statement.nonce)


def test_signing_again_gives_another_statement_of_the_same_table(office: Office) -> None:
    draft = office.draft()
    one, other = (seal(draft, office.key, workshop=office.workshop) for _ in range(2))

    assert one.statement_id != other.statement_id
    assert one.payload_sha256 == other.payload_sha256


def test_the_same_source_gives_the_same_bytes(office: Office) -> None:
    assert office.draft().payload == office.draft().payload


def test_a_protection_that_fails_is_stopped_by_the_audit(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(*args: object, **kwargs: object) -> Protection:
        table = office.figures().tables[FIRST]
        return Protection(
            withheld=np.zeros(len(table), dtype=np.bool_),
            reasons=np.zeros(len(table), dtype="U9"),
            sensitive=0,
            programs=0,
        )

    monkeypatch.setattr(drafts, "protect_delivery", careless)
    figures = replace(office.figures(), tables={FIRST: office.figures().tables[FIRST]})
    (prospect,) = office.prospects(figures)

    assert prospect.decision is Decision.BLOCKED
    assert prospect.problem is not None
    assert prospect.problem.code == "disclosure_unsafe"
    assert prospect.problem.errors
    assert office.journal.deliveries() == ()


def test_every_due_period_is_signed_in_order_of_time(office: Office) -> None:
    prospects = office.prospects()

    assert [(p.period, p.dataset_id, p.decision) for p in prospects] == [
        (period, dataset, Decision.SIGN) for period in (Q1, Q2) for dataset in DATAFLOWS
    ]
    # Cases have persons, classes of duration add up to cases, quarters follow each other: one history.
    assert [p.draft.report.linked for p in prospects if p.draft] == [0, 1, 2, 3, 4, 5]


def test_nothing_unchanged_is_signed_again(office: Office) -> None:
    records = office.deliver_all(DeliveryState.ACCEPTED)

    prospects = office.prospects()

    assert decisions(prospects) == ["resend"] * (2 * MANY)
    assert [p.record for p in prospects] == records


def test_an_unchanged_period_is_known_without_protecting_it_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.deliver_all(DeliveryState.ACCEPTED)
    monkeypatch.setattr(drafts, "protect_delivery", lambda *args, **kwargs: pytest.fail("protected again"))

    assert decisions(office.prospects()) == ["resend"] * (2 * MANY)


def test_changed_figures_of_a_delivered_period_are_held(office: Office) -> None:
    office.deliver_all(DeliveryState.ACCEPTED)
    late = some_cases(90).splitlines()[2].replace("F2;", "F900;").replace("P2;", "P900;")
    office.home.write_cases(some_cases(90, extra=[late]))

    prospects = office.prospects()

    assert decisions(prospects) == ["resend"] * MANY + ["held"] * MANY
    held = prospects[MANY]
    assert held.problem is not None
    assert held.problem.code == "correction_held"
    assert held.changed_cells > 1
    assert str(held.changed_cells) in held.problem.detail.de
    assert held.draft is None


def test_a_new_period_is_protected_with_what_was_delivered_before(office: Office) -> None:
    for prospect in office.prospects(office.figures((Q1,))):
        office.journal.observe(office.spool(prospect), DeliveryState.ACCEPTED)

    prospects = office.prospects()

    assert decisions(prospects) == ["resend"] * MANY + ["sign"] * MANY
    assert [p.draft.report.linked for p in prospects if p.draft] == [3, 4, 5]


def test_a_refused_statement_is_sent_again_as_it_is(office: Office) -> None:
    records = office.deliver_all(DeliveryState.REFUSED, code="unknown_key")

    prospects = office.prospects()

    assert decisions(prospects) == ["resend"] * (2 * MANY)
    assert [p.record for p in prospects] == records


def test_a_refused_statement_of_another_key_is_signed_anew(office: Office) -> None:
    office.deliver_all(DeliveryState.REFUSED, code="unknown_key")
    office.key = PrivateKey.generate()

    assert decisions(office.prospects()) == ["sign"] * (2 * MANY)


def test_a_refused_statement_with_other_figures_is_signed_anew(office: Office) -> None:
    office.deliver_all(DeliveryState.REFUSED, code="period_not_open")
    office.home.write_cases(some_cases(100))

    assert decisions(office.prospects()) == ["sign"] * (2 * MANY)


@pytest.mark.parametrize(
    ("code", "redeliver", "expected"),
    [
        ("k_anonymity", False, "resend"),
        ("k_anonymity", True, "sign"),
        ("upload_expired", False, "sign"),
        ("upload_cancelled", False, "sign"),
        ("node_suspended", False, "sign"),
    ],
)
def test_a_rejected_statement_is_signed_anew_only_for_a_reason(
    office: Office, code: str, redeliver: bool, expected: str
) -> None:
    office.deliver_all(DeliveryState.REJECTED, code=code)

    prospects = office.prospects(redeliver=redeliver)

    assert decisions(prospects) == [expected] * (2 * MANY)
    if expected == "sign":
        assert all(p.draft is not None and p.draft.statement.revision == 1 for p in prospects)
        assert office.spool(prospects[0]).state is DeliveryState.SPOOLED


def test_what_was_rejected_is_known_to_the_hub_and_protected_against(office: Office) -> None:
    office.deliver_all(DeliveryState.REJECTED, code="value_rule")
    office.home.write_cases(some_cases(120))

    prospects = office.prospects(office.figures((Q1,)))

    # The difference of the two versions is part of what is audited: signed only if it gives nobody away.
    for prospect in prospects:
        if prospect.draft is not None:
            assert prospect.draft.report.linked >= 1
        else:
            assert prospect.problem is not None
            assert prospect.problem.code == "disclosure_unsafe"


def test_a_period_that_had_not_ended_is_left_out(office: Office) -> None:
    figures = office.figures((Q2, Period(2026, 4)))
    prospects = office.prospects(figures)

    assert decisions(prospects) == ["sign"] * MANY + ["not_ended"] * MANY
    assert prospects[MANY].problem is not None
    assert prospects[MANY].problem.code == "period_not_ended"


def test_what_is_not_mapped_blocks_everything(office: Office) -> None:
    odd = some_cases(1).replace("weiblich", "Amazone").replace("F0;", "F901;")
    office.home.write_cases(some_cases(90, extra=[odd]))

    with pytest.raises(KimError) as caught:
        office.figures()

    assert caught.value.code == "unknown_code"
    assert "Amazone" not in repr(caught.value.errors) + str(caught.value)


def test_a_ledger_of_another_grid_is_not_guessed_at(office: Office) -> None:
    prospects = office.prospects(office.figures((Q1,)))
    assert prospects[0].draft is not None
    delivery = seal(prospects[0].draft, office.key, workshop=office.workshop)
    office.journal.spool(replace(delivery, grid_sha256="0" * 64))

    with pytest.raises(KimError) as caught:
        office.prospects(office.figures((Q2,)))

    assert caught.value.code == "disclosure_unknown"


def test_a_threshold_below_the_catalogue_is_refused(office: Office) -> None:
    require_strict_enough(office.home.settings, office.workshop.catalogue)
    with pytest.raises(KimError) as caught:
        require_strict_enough(replace(office.home.settings, min_contributors=4), office.workshop.catalogue)

    assert caught.value.code == "config_invalid"
    assert caught.value.pointer == "/disclosure/min_contributors"


def test_a_stricter_threshold_withholds_more(office: Office) -> None:
    usual = office.draft()
    office.workshop = replace(office.workshop, settings=replace(office.home.settings, min_contributors=10))
    strict = office.draft()

    assert strict.withheld.sum() > usual.withheld.sum()
    assert strict.statement.min_contributors == 10


def test_the_stopwatch_adds_up() -> None:
    clock = SteppedClock()
    stopwatch = Stopwatch(clock)
    for _ in range(2):
        with stopwatch.measuring("read"):
            clock.wait(1.5)

    assert stopwatch.seconds("read", "send") == {"read": 3.0, "send": 0.0}
