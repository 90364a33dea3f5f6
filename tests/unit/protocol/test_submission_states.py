"""One list of states on both sides, and each state has its words wherever somebody reads it."""

from hub.web.texts.people import SUBMISSION_STATES
from node.cli.terminal.states import STATES
from node.dossier.document import _STANDINGS
from node.journal import UNDER_WAY, DeliveryState
from protocol.submission_states import DECIDED, OPEN_UPLOAD, UNDECIDED, SubmissionState

_OWN = {"spooled", "refused"}


def test_what_the_node_owes_what_the_hub_owes_and_what_is_decided() -> None:
    assert {SubmissionState.ANNOUNCED, SubmissionState.UPLOADING} == OPEN_UPLOAD
    assert {SubmissionState.RECEIVED, SubmissionState.VERIFYING} == UNDECIDED
    assert {"accepted", "rejected", "superseded", "quarantined"} == DECIDED


def test_a_delivery_has_every_state_of_a_submission_and_two_of_its_own() -> None:
    assert {*DeliveryState} == {*SubmissionState} | _OWN
    assert {type(state.value) for state in DeliveryState} == {str}  # as the journal stores it
    assert {"spooled", "announced", "uploading", "received", "verifying"} == UNDER_WAY


def test_every_state_has_its_words() -> None:
    assert {*STATES} >= {*DeliveryState}
    assert {*_STANDINGS} == {*DeliveryState}
    assert {*SUBMISSION_STATES} == {*SubmissionState}
