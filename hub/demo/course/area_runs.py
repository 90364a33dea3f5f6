"""What comes of one area: its submissions, put together and judged."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.demo.course.processes import (
    Finished,
    failed,
)
from hub.demo.generator.entries import Version
from protocol.regions import Region


@dataclass(frozen=True, slots=True)
class AreaRun:
    """What came of one area.

    Attributes:
        region: the area.
        rows: data rows of its lists.
        report: what `kim-node submit --json` said, or None if it failed; of an area that revises, what it
            said about the right lists.
        failure: why it failed, or empty.
        node_cpu_seconds: processor time of `kim-node submit`.
        node_peak_bytes: largest resident size of the node.
        revised: deliveries that were accepted in place of earlier ones.
        held: corrections that the node keeps back.
    """

    region: Region
    rows: int
    report: Mapping[str, Any] | None
    failure: str
    node_cpu_seconds: float
    node_peak_bytes: int
    revised: int = 0
    held: int = 0

    @property
    def deliveries(self) -> Sequence[Mapping[str, Any]]:
        """The deliveries that it reports."""
        return () if self.report is None else self.report["deliveries"]


@dataclass(frozen=True, slots=True)
class Submission:
    """One run of `kim-node submit`."""

    version: Version
    rows: int
    done: Finished


def joined(region: Region, submissions: Sequence[Submission]) -> AreaRun:
    """Put together what an area's submissions have said; the last of several must be held."""
    reports = {one.version: _report(one.done) for one in submissions}
    failures = [why for version, (_, why) in reports.items() if version is not Version.LATE_CORRECTION]
    report, _ = reports[Version.RIGHT]
    revised = held = 0
    if len(submissions) > 1:
        late, _ = reports[Version.LATE_CORRECTION]
        held = sum(delivery["state"] == "held" for delivery in (late or {}).get("deliveries", ()))
        revised = sum((delivery["revision"] or 0) > 1 for delivery in (report or {}).get("deliveries", ()))
        if not held:
            failures.append("Eine Korrektur wurde nicht festgehalten. / A correction was not held.")
        if not revised:
            failures.append("Keine Berichtigung wurde angenommen. / No revision was accepted.")
    return AreaRun(
        region,
        rows=next(one.rows for one in submissions if one.version is Version.RIGHT),
        report=report,
        failure=" ".join(failure for failure in failures if failure),
        node_cpu_seconds=sum(one.done.cpu_seconds for one in submissions),
        node_peak_bytes=max(one.done.peak_bytes for one in submissions),
        revised=revised,
        held=held,
    )


def _report(done: Finished) -> tuple[dict[str, Any] | None, str]:
    """Return what a node reported, and why it failed (empty if it did not)."""
    try:
        report = json.loads(done.output)
    except ValueError:
        report = None
    if not isinstance(report, dict) or "deliveries" not in report:
        report = None
    if done.exit_code == 0 and report is not None:
        return report, ""
    return report, failed("kim-node submit", done.errors).message
