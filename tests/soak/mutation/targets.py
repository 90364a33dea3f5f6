"""Which modules are changed, and which tests are asked.

The tests of a target are those that can reach its modules inside one process and quickly: tests that start a
program of their own would not see a change, and need not be listed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.factories.installed_hub import new_database
from tests.soak.mutation.changes import ROOT

_PROTOCOL: Final = "tests/unit/protocol"
_AUDIT: Final = "tests/integration/test_hub_audit.py"
_FAULTS: Final = "tests/integration/test_hub_faults.py"
_KILLED: Final = "tests/integration/test_hub_sandbox_killed.py"
_OFFICERS: Final = "tests/integration/test_verify_officers.py"
_PUBLISHED: Final = "tests/integration/test_verify_published.py"


@dataclass(frozen=True, slots=True)
class Target:
    """A part that is judged by itself.

    Attributes:
        modules: patterns of paths.
        tests: what pytest is given.
        without: part of the name of tests that would take longer than they could tell: sweeps over every bit.
        is_reviewed: somebody has looked at every survivor, so that a new one fails the run.
        prepare: makes what the tests of every mutant need, and what no mutant changes.
    """

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    without: str = "flipped"
    is_reviewed: bool = False
    prepare: Callable[[], object] | None = None

    def paths(self) -> list[Path]:
        """Return the modules, in order."""
        found = [path for pattern in self.modules for path in sorted(ROOT.glob(pattern))]
        assert all(any(ROOT.glob(pattern)) for pattern in self.modules), self.modules
        return found


#: In the order of importance.
TARGETS: Final = {
    "verify": Target(
        tuple(
            f"protocol/verify/{name}.py"
            for name in (
                *(
                    "anchors",
                    "cli",
                    "command_line",
                    "explaining",
                    "files",
                    "folders",
                    "granted",
                    "mirrors",
                    "parser",
                ),
                *("receipts", "releases", "settings", "trail", "wording"),
            )
        ),
        (
            f"{_PROTOCOL}/test_verify.py",
            f"{_PROTOCOL}/test_verify_anchors.py",
            f"{_PROTOCOL}/test_verify_command.py",
            f"{_PROTOCOL}/test_verify_figures.py",
            f"{_PROTOCOL}/test_verify_files.py",
            f"{_PROTOCOL}/test_verify_granted.py",
            f"{_OFFICERS}::test_the_command_verifies_a_stick_and_a_nodes_own_copy",
            f"{_OFFICERS}::test_a_release_is_verified_from_the_root_in_the_letter_to_every_signature",
            f"{_PUBLISHED}::test_what_the_log_names_is_what_officers_signed",
            f"{_PUBLISHED}::test_an_old_version_under_a_fresh_pointer",
            f"{_PUBLISHED}::test_where_no_log_is_read_it_is_said_that_others_may_see_something_else",
        ),
        is_reviewed=True,
    ),
    "officers": Target(
        ("protocol/verify/officers.py", "protocol/verify/published.py", "protocol/trust/metadata.py"),
        (f"{_PROTOCOL}/test_trust_metadata.py", _OFFICERS, _PUBLISHED),
        is_reviewed=True,
    ),
    "transparency": Target(
        ("protocol/transparency/*.py",),
        (
            f"{_PROTOCOL}/transparency",
            f"{_PROTOCOL}/test_verify.py",
            f"{_PROTOCOL}/test_edges.py",
            "tests/vectors/test_merkle.py",
        ),
        is_reviewed=True,
    ),
    "prescan": Target(
        ("protocol/prescan.py", "protocol/flatbuffer.py", "protocol/canonical.py"),
        (
            f"{_PROTOCOL}/test_prescan.py",
            f"{_PROTOCOL}/test_prescan_messages.py",
            f"{_PROTOCOL}/test_flatbuffer.py",
            f"{_PROTOCOL}/test_columns.py",
            f"{_PROTOCOL}/test_canonical.py",
            f"{_PROTOCOL}/test_edges.py",
            "tests/vectors/test_arrow_streams.py",
            "tests/property/test_protocol_wire.py",
        ),
        is_reviewed=True,
    ),
    "envelopes": Target(
        ("protocol/dsse.py", "protocol/strict_json.py", "protocol/forms.py", "protocol/keys.py"),
        (
            f"{_PROTOCOL}/test_dsse.py",
            f"{_PROTOCOL}/test_forms.py",
            f"{_PROTOCOL}/test_strict_json.py",
            f"{_PROTOCOL}/test_keys.py",
            f"{_PROTOCOL}/test_statement.py",
            f"{_PROTOCOL}/test_edges.py",
            "tests/vectors/test_wycheproof.py",
        ),
        is_reviewed=True,
    ),
    "sealing": Target(
        ("protocol/sealing.py",),
        (f"{_PROTOCOL}/test_sealing.py", "tests/vectors/test_wycheproof.py"),
        is_reviewed=True,
    ),
    "requests": Target(
        ("protocol/request_signatures.py",),
        (f"{_PROTOCOL}/test_request_signatures.py", "tests/vectors/test_rfc9421.py"),
        without="nothing",
        is_reviewed=True,
    ),
    "trust": Target(
        tuple(
            f"protocol/trust/{name}.py"
            for name in ("changes", "directory", "fingerprints", "hub_keys", "members", "officers", "policy")
        ),
        (
            f"{_PROTOCOL}/test_trust_documents.py",
            f"{_PROTOCOL}/test_trust_metadata.py",
            f"{_PROTOCOL}/test_trust_officers.py",
            f"{_PROTOCOL}/test_trust_changes.py",
            "tests/property/test_trust_changes.py",
            "tests/property/test_lives_of_keys.py",
        ),
        is_reviewed=True,
    ),
    "states": Target(
        ("hub/domain/states.py", "hub/domain/uploads.py", "protocol/submission_states.py"),
        (
            "tests/unit/hub/test_states.py",
            "tests/unit/hub/test_uploads.py",
            "tests/spec/test_hub_states.py",
            f"{_PROTOCOL}/test_submission_states.py",
        ),
        is_reviewed=True,
    ),
    "decisions": Target(
        (
            "hub/services/intake/announcing.py",
            "hub/services/intake/uploading.py",
            "hub/services/intake/verification.py",
        ),
        (
            "tests/integration/test_hub_announce.py",
            "tests/integration/test_hub_upload.py",
            "tests/integration/test_hub_verification.py",
            "tests/integration/test_hub_sealed.py",
            "tests/integration/test_request_guard.py",
            f"{_KILLED}::test_a_submission_whose_child_is_killed_every_time_does_not_wait_for_ever",
            f"{_KILLED}::test_limits_whose_child_is_killed_are_worked_out_later",
            f"{_AUDIT}::test_two_ones_in_a_row_are_refused_although_no_subtraction_gives_them",
            f"{_FAULTS}::test_what_was_derived_is_derived_again",
            f"{_FAULTS}::test_a_submission_that_cannot_be_decided_does_not_hold_up_publication_for_ever",
        ),
        prepare=new_database,
        is_reviewed=True,
    ),
    "signer": Target(
        ("hub/services/transparency/signer.py", "hub/store/tables/log.py"),
        (
            "tests/unit/hub/test_log_leaves.py",
            "tests/unit/hub/test_log_signer.py",
            "tests/integration/test_hub_log.py",
            "tests/integration/test_log_store.py",
        ),
        is_reviewed=True,
    ),
    "sandbox": Target(
        ("hub/sandbox/system_calls.py", "hub/sandbox/verdict.py"),
        ("tests/unit/hub/test_system_calls.py", "tests/unit/hub/test_verdict.py"),
        is_reviewed=True,
    ),
}
