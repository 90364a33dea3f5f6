"""Nodes of the demo as witnesses, and what an auditor does with what they keep: offline, with `kim-verify`.

Purpose: some nodes look at the log once more after publication and sign what they have seen; then their
receipts are final, and a receipt and the whole release are verified with nothing but the officers' documents.

Invariants: only commands of the product judge; a verification that could not be made counts as failed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from hub.demo.comparison.judgement import OFFLINE, Check, Judgement
from hub.demo.comparison.served import get_bytes
from hub.demo.course.processes import Finished
from hub.demo.lists.plans import LAST_QUARTER

#: As many as a receipt needs, and the one whose receipt it is.
MOST_WITNESSES: Final = 4
_PATIENCE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.5
_RELEASE: Final = 1
#: Each waits for the hub now and then.
_AT_ONCE: Final = 3

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
    # Of one table, to see whether the state with the release in it is signed: the whole takes seconds.
    served = _await_evidence(port, f"?dataset=CASES&period={LAST_QUARTER}") is not None
    judgement.check(Check.EVIDENCE_SERVED, holds=served, where=f"{_PATIENCE_SECONDS:.0f} s")
    if served:
        _check_all(configs, folder, port=port, run=run, judgement=judgement)
    judgement.require(sorted(OFFLINE))


def _check_all(configs: Sequence[Path], folder: Path, *, port: int, run: Run, judgement: Judgement) -> None:
    def look(config: Path, number: int) -> Finished:
        log = f"{_node_of(config)}-witness-{number}"
        return run("kim-node", "--config", config, "status", "--json", log=log)

    def verify(receipt: Path) -> Finished:
        log = f"verify-{receipt.name[:16]}"
        return run("kim-verify", "receipt", receipt, "--trust", trust, "--json", log=log)

    trust = configs[0].parent / "trust"
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        # The first round signs the state with the release in it, the second finds all signatures there.
        list(pool.map(lambda config: look(config, 1), configs))
        for config, done in zip(configs, pool.map(lambda config: look(config, 2), configs), strict=True):
            _check_node(_node_of(config), done, judgement)
        kept = [
            receipt
            for config in configs
            for receipt in sorted((config.parent / "witness" / "receipts").glob("*.tlog-proof"))[:1]
        ]
        for receipt, done in zip(kept, pool.map(verify, kept), strict=True):
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


def _node_of(config: Path) -> str:
    return config.parent.parent.name


def _await_evidence(port: int, chosen: str = "") -> bytes | None:
    """Return the evidence of the release, whole or of chosen tables, once its entry in the log is signed."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            return get_bytes(port, f"/extracts/{_RELEASE}/evidence.json{chosen}")
        except (OSError, ValueError):
            time.sleep(_PAUSE_SECONDS)
    return None


def _reason(done: Finished) -> str:
    try:
        (document,) = json.loads(done.output)
    except ValueError:
        return done.errors[:200]
    return "" if document["problem"] is None else str(document["problem"]["detail_en"])
