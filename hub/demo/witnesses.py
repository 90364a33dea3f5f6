"""Nodes of the demo as witnesses, and what an auditor does with what they keep: offline, with `kim-verify`.

Purpose: some nodes look at the log once more after publication and sign what they have seen; then their
receipts are final, and a receipt and the whole release are verified with nothing but the officers' documents.

Invariants: only commands of the product judge; a verification that could not be made counts as failed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from hub.demo.judgement import OFFLINE, Check, Judgement
from hub.demo.processes import Finished
from hub.demo.published import get_bytes

#: As many as a receipt needs, and the one whose receipt it is.
MOST_WITNESSES: Final = 4
_PATIENCE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.5
_RELEASE: Final = 1

Run = Callable[..., Finished]


def quorum_for(areas: int) -> int:
    """Return how many witnesses receipts of a demo of so many areas can have: three, or all the others."""
    return max(0, min(MOST_WITNESSES, areas) - 1)


def check_offline(
    configs: Sequence[Path], folder: Path, *, port: int, run: Run, judgement: Judgement
) -> None:
    """Let nodes witness, then verify a receipt of each and the release.

    Args:
        configs: configuration files of the nodes that witness.
        folder: where the auditor works.
        port: of the hub.
        run: runs a command: name, arguments, ``log``.
        judgement: gets the checks.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    evidence = _await_evidence(port)
    judgement.check(Check.EVIDENCE_SERVED, holds=evidence is not None, where=f"{_PATIENCE_SECONDS:.0f} s")
    if evidence is not None:
        _check_all(configs, folder, port=port, run=run, judgement=judgement)
    judgement.require(sorted(OFFLINE))


def _check_all(configs: Sequence[Path], folder: Path, *, port: int, run: Run, judgement: Judgement) -> None:
    # The first round signs the state with the release in it, the second finds the others' signatures there.
    for number in (1, 2):
        for config in configs:
            node = config.parent.parent.name
            done = run("kim-node", "--config", config, "status", "--json", log=f"{node}-witness-{number}")
            if number == 2:
                _check_node(node, done, judgement)
    trust = configs[0].parent / "trust"
    for config in configs:
        for receipt in sorted((config.parent / "witness" / "receipts").glob("*.tlog-proof"))[:1]:
            done = run(
                "kim-verify",
                "receipt",
                receipt,
                "--trust",
                trust,
                "--json",
                log=f"verify-{receipt.name[:16]}",
            )
            judgement.check(Check.RECEIPT_VERIFIES, holds=done.exit_code == 0, where=receipt.name)
    whole = folder / "evidence.json"
    whole.write_bytes(_await_evidence(port) or b"")
    done = run("kim-verify", "release", whole, "--trust", trust, "--json", log="verify-release")
    judgement.check(Check.RELEASE_VERIFIES, holds=done.exit_code == 0, where=_reason(done))


def _check_node(node: str, done: Finished, judgement: Judgement) -> None:
    try:
        log = json.loads(done.output)["log"]
    except (ValueError, KeyError):
        log = None
    seen = log is not None and log["signs"] and not log["alarms"] and log["problem"] is None
    judgement.check(Check.LOG_WITNESSED, holds=seen, where=node)
    final = log is not None and log["final"] == log["receipts"] > 0
    judgement.check(Check.RECEIPT_FINAL, holds=final, where=node)


def _await_evidence(port: int) -> bytes | None:
    """Return the evidence of the release, once its entry in the log is signed."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            return get_bytes(port, f"/extracts/{_RELEASE}/evidence.json")
        except (OSError, ValueError):
            time.sleep(_PAUSE_SECONDS)
    return None


def _reason(done: Finished) -> str:
    try:
        (document,) = json.loads(done.output)
    except ValueError:
        return done.errors[:200]
    return "" if document["problem"] is None else str(document["problem"]["detail_en"])
