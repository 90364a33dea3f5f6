"""The state machine of a submission is a table that only goes forward."""

from itertools import product

import pytest

from hub.domain.states import (
    TRANSITIONS,
    IllegalTransitionError,
    SubmissionState,
    check_transition,
)

_ORDER = list(SubmissionState)


def test_every_state_has_a_row() -> None:
    assert set(TRANSITIONS) == set(SubmissionState)


@pytest.mark.parametrize(("before", "after"), list(product(SubmissionState, repeat=2)))
def test_only_what_the_table_says_is_allowed(before: SubmissionState, after: SubmissionState) -> None:
    if after in TRANSITIONS[before]:
        check_transition(before, after)
    else:
        with pytest.raises(IllegalTransitionError, match=f"from {before} to {after}"):
            check_transition(before, after)


def test_no_way_leads_back() -> None:  # SPEC P-66
    assert all(
        _ORDER.index(after) > _ORDER.index(before) for before in _ORDER for after in TRANSITIONS[before]
    )


def test_every_state_is_reached_and_every_way_ends() -> None:
    reached = {SubmissionState.ANNOUNCED}
    for _ in _ORDER:
        reached |= {after for before in reached for after in TRANSITIONS[before]}
    assert reached == set(SubmissionState)
    assert {state for state in _ORDER if not TRANSITIONS[state]} == {
        SubmissionState.REJECTED,
        SubmissionState.QUARANTINED,
    }
