"""The demo's witnesses: how many there can be, and that nothing counts as verified which was not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.demo.comparison.judgement import OFFLINE, Check, Judgement
from hub.demo.course import witnesses
from hub.demo.course.processes import Finished
from hub.demo.course.witnesses import check_offline, quorum_for


@pytest.mark.parametrize(("areas", "quorum"), [(1, 0), (2, 1), (3, 2), (4, 3), (54, 3)])
def test_a_receipt_never_needs_more_witnesses_than_there_are_others(areas: int, quorum: int) -> None:
    assert quorum_for(areas) == quorum


def outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, log: dict[str, Any] | None, exit_code: int = 0
) -> Judgement:
    """Run the checks on one node with a receipt; its commands answer as given."""
    monkeypatch.setattr(witnesses, "get_bytes", lambda port, path: b"{}")
    config = tmp_path / "NW05111" / "node" / "node.toml"
    receipts = config.parent / "witness" / "receipts"
    receipts.mkdir(parents=True)
    (receipts / "a.decided.tlog-proof").write_bytes(b"")

    def run(command: str, *arguments: str | Path, log: str) -> Finished:
        answers = {"kim-node": {"log": said}, "kim-verify": [{"problem": None}]}
        return Finished(exit_code, json.dumps(answers[command]), "", 0.0, 0)

    said, judgement = log, Judgement()
    check_offline([config], tmp_path / "auditor", port=1, run=run, judgement=judgement)
    return judgement


GOOD = {"signs": True, "alarms": [], "problem": None, "final": 2, "receipts": 2}


def test_a_good_node_and_a_good_verification_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = outcome(tmp_path, monkeypatch, log=GOOD)
    assert not found.failures
    assert set(found.checks) == OFFLINE


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        ({"signs": False}, Check.LOG_WITNESSED),
        ({"alarms": [{"kind": "shrunk"}]}, Check.LOG_WITNESSED),
        ({"problem": "log_contradicts"}, Check.LOG_WITNESSED),
        ({"final": 1}, Check.RECEIPT_FINAL),
        ({"final": 0, "receipts": 0}, Check.RECEIPT_FINAL),
    ],
)
def test_what_a_node_does_not_confirm_fails(
    change: dict[str, Any], failed: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outcome(tmp_path, monkeypatch, log={**GOOD, **change}).failures[failed] == 1


def test_without_evidence_every_check_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witnesses, "_await_evidence", lambda port, chosen="": None)
    judgement = Judgement()
    check_offline([tmp_path / "a" / "node.toml"], tmp_path / "x", port=1, run=None, judgement=judgement)
    assert set(judgement.failures) == OFFLINE


def test_a_node_that_does_not_watch_and_a_verification_that_fails_are_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = outcome(tmp_path, monkeypatch, log=None, exit_code=3)
    assert {Check.LOG_WITNESSED, Check.RECEIPT_VERIFIES, Check.RELEASE_VERIFIES} <= set(found.failures)
