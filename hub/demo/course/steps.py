"""The course of the demo: real hub, real nodes, one area after the other, then closing and publication.

Purpose: starts the hub as an operator would, enrols the nodes as officers would, brings each area from its
export to its accepted delivery through the commands of the product, closes the quarters and waits until the
release is there.

Invariants: the hub listens on loopback only; every child is started by path and ended by number; an area
that fails is reported and does not stop the others.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from hub.clock import SystemClock
from hub.demo.comparison.judgement import Judgement
from hub.demo.comparison.served import get_json
from hub.demo.course import verdicts
from hub.demo.course.area_runs import AreaRun, Submission, joined
from hub.demo.course.officers import Letter, Officers
from hub.demo.course.processes import (
    Finished,
    ProcessTable,
    command_line,
    cpu_seconds_of,
    failed,
    peak_bytes_of,
)
from hub.demo.course.progress import DemoProgress, number
from hub.demo.course.witnesses import MOST_WITNESSES, check_offline, quorum_for
from hub.demo.generator.areas import generate_area
from hub.demo.generator.entries import Version
from hub.demo.lists.due import deliveries_of
from hub.demo.lists.local_lists import file_for_init
from hub.demo.lists.node_config import configured
from hub.demo.lists.plans import FIRST_QUARTER, LAST_QUARTER, AreaPlan, Special, plan_of
from hub.demo.world.casework import EXPORT_DAY
from protocol.periods import Period
from protocol.regions import Region, reporting_area
from protocol.texts import Text

T = TypeVar("T")

_START_SECONDS: Final = 60.0
_PUBLICATION_SECONDS: Final = 600
_PAUSE_SECONDS: Final = 0.2
_ONCE: Final = (Version.RIGHT,)
#: Which versions of its lists an area submits one after the other.
_VERSIONS: Final[Mapping[Special | None, Sequence[Version]]] = {
    Special.REVISING: (Version.EARLY, Version.RIGHT, Version.LATE_CORRECTION)
}


class Course:
    """One run of the demo up to the published release."""

    def __init__(self, home: Path, port: int, processes: ProcessTable) -> None:
        """Prepare a run.

        Args:
            home: the demo's folder, fresh.
            port: port of the hub on loopback.
            processes: where its children are kept.
        """
        self.home = home
        self.hub_home = home / "hub"
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        #: What nodes pin: every one gets the same file, and compares it with the fingerprint of its letter.
        self.root = self.hub_home / "trust" / "repository" / "metadata" / "1.root.json"
        self._processes = processes
        self._hub: subprocess.Popen[bytes] | None = None

    @property
    def hub_peak_bytes(self) -> int | None:
        """Largest resident size of the hub's process so far, or None where the system does not tell."""
        return peak_bytes_of(self._hub.pid) if self._hub is not None else None

    @property
    def hub_cpu_seconds(self) -> float | None:
        """Processor time of the hub's process so far, or None where the system does not tell."""
        return cpu_seconds_of(self._hub.pid) if self._hub is not None else None

    def start_hub(self) -> None:
        """Start the hub.

        Raises:
            ChildFailedError: if it does not start.
        """
        command = command_line("kim-hub", "serve", "--home", self.hub_home, "--port", str(self.port))
        self._hub = self._processes.start(command, log=self._log("hub"))
        self._wait_for("/readyz", seconds=_START_SECONDS)

    def wait_for_hub(self) -> int:
        """Wait until the hub ends by itself; return its exit code."""
        return self._hub.wait() if self._hub is not None else 0

    def set_up(self, areas: Sequence[Region], jobs: int, progress: DemoProgress) -> dict[str, Path]:
        """Put the hub under its officers, start it, invite the nodes and admit them in one signed version.

        Returns:
            Configuration file by area.

        Raises:
            ChildFailedError: if the hub does not start, a node cannot be set up or enrolled.
        """
        self._must("kim-hub", "init", "--home", self.hub_home, log="hub-init")
        with (self.hub_home / "hub.toml").open("a", encoding="utf-8") as settings:
            # The exports were made on this day; it also tells the pages that the figures are made up.
            settings.write(f'date = "{EXPORT_DAY}"\ndate_since = "{SystemClock().today()}"\n')
        officers = Officers(self.home / "officers", self.hub_home, self._must)
        with ThreadPoolExecutor(max_workers=1) as beside:
            hub = beside.submit(self.start_hub)
            fingerprint = officers.found(quorum=quorum_for(len(areas)))
            letters = officers.invite([_guest(area) for area in areas])
            try:
                hub.result()
            except BaseException:
                self._processes.refuse_more()
                raise
        progress.say(Text(f"Der Hub antwortet unter {self.url}", f"The hub answers at {self.url}"))
        letter_of = {area.id: letter for area, letter in zip(areas, letters, strict=True)}

        def set_up(area: Region) -> dict[str, str]:
            node = self._set_up_node(area, letter_of[area.id], fingerprint)
            progress.advance("set_up")
            return node

        nodes = self._in_parallel(areas, jobs, set_up)
        officers.admit({node["node"]: node["fingerprint"] for node in nodes}, fingerprint)
        progress.say(
            Text(
                f"{len(nodes)} Knoten eingetragen, von zwei Schlüsselbeauftragten unterschrieben",
                f"Nodes entered: {len(nodes)}, signed by two key officers",
            )
        )
        return {area.id: Path(node["config"]) for area, node in zip(areas, nodes, strict=True)}

    def run_areas(self, configs: Mapping[str, Path], jobs: int, progress: DemoProgress) -> list[AreaRun]:
        """Bring all areas from export to accepted delivery, ``jobs`` at a time, the largest first."""
        largest_first = sorted(map(reporting_area, configs), key=lambda area: -area.population)
        runs = self._in_parallel(
            largest_first, jobs, lambda area: self._run_area(area, configs[area.id], progress)
        )
        return sorted(runs, key=lambda run: run.region.id)

    def _in_parallel(self, areas: Sequence[Region], jobs: int, work: Callable[[Region], T]) -> list[T]:
        with ThreadPoolExecutor(max_workers=jobs) as pool:
            try:
                return list(pool.map(work, areas))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self._processes.refuse_more()
                raise

    def close_and_publish(self, areas: Sequence[Region]) -> None:
        """Close all quarters and the year in one go and wait until the release that holds them is public.

        Raises:
            ChildFailedError: if closing fails or nothing is published in time.
        """
        quarters = Period.span(FIRST_QUARTER, LAST_QUARTER)
        # A year is closed for what is delivered by the year; that has to be somebody's.
        delivered = {period for area in areas for _, _, period in deliveries_of(plan_of(area))}
        years = sorted(period for period in delivered if period.quarter is None)
        periods = [str(period) for period in (*quarters, *years)]
        # Some areas are late by design, as some always are.
        wait = ("--missing-ok", "--wait", "--timeout", str(_PUBLICATION_SECONDS))
        self._must("kim-hub", "close", "--home", self.hub_home, *wait, *periods, log="hub-close")

    def invite_people(self, area: Region) -> list[tuple[str, str]]:
        """Make accounts for those who may want to look at the demo; ends the test bench.

        Args:
            area: of the account of a municipality.

        Returns:
            Role and one-time link: ministry, municipality, researcher.
        """
        wanted = (
            ("ministry", "Anna Beispiel", ()),
            ("municipality", area.name, ("--area", area.id)),
            ("researcher", "Rosa Forschung", ()),
        )
        links = []
        for role, name, areas in wanted:
            done = self._must(
                "kim-hub", "people", "add", role, "--home", self.hub_home, "--role", role, "--name", name,
                *areas, "--json", log=f"people-{role}",
            )  # fmt: skip
            path = urlsplit(json.loads(done.output)["link"]).path
            links.append((role, f"{self.url}{path}"))
        return links

    def verify_offline(self, configs: Mapping[str, Path], judgement: Judgement) -> None:
        """Let some nodes witness the log, and verify offline what they and an auditor keep."""
        witnesses = [configs[area] for area in sorted(configs)[:MOST_WITNESSES]]

        def run(command: str, *arguments: str | Path, log: str) -> Finished:
            return self._processes.run(command_line(command, *arguments), log=self._log(log))

        check_offline(witnesses, self.home / "auditor", port=self.port, run=run, judgement=judgement)

    def _set_up_node(self, region: Region, letter: Letter, root_fingerprint: str) -> dict[str, str]:
        plan = plan_of(region)
        folder = self.folder_of(region)
        done = self._must(
            "kim-node", "init", folder / "node", "--area", region.id, "--hub", self.url,
            "--source", folder / file_for_init(plan), "--json",
            "--node-id", letter.node, "--token-file", letter.token, "--root", self.root,
            "--root-fingerprint", root_fingerprint,
            "--periods", f"{plan.first_period}..{plan.last_period}",
            log=f"{region.id}-init",
        )  # fmt: skip
        node: dict[str, str] = json.loads(done.output)
        config = Path(node["config"])
        config.write_text(configured(config.read_text(encoding="utf-8"), plan, folder), encoding="utf-8")
        return node

    def _run_area(self, region: Region, config: Path, progress: DemoProgress) -> AreaRun:
        plan = plan_of(region)
        submissions = [
            self._submit(plan, config, version, progress) for version in _VERSIONS.get(plan.special, _ONCE)
        ]
        run = joined(region, submissions)
        progress.advance("submitted")
        rows, cells = run.rows, sum(delivery["cells"] for delivery in run.deliveries)
        withheld = sum(delivery["withheld"] for delivery in run.deliveries)
        progress.advance("cells", by=cells)
        audits = verdicts.told(run.deliveries)
        told = Text(
            f"{number(rows, 'de')} Zeilen, {number(cells, 'de')} Zellen, "
            f"{number(withheld, 'de')} zurückgehalten; {audits.de}",
            f"{number(rows, 'en')} rows, {number(cells, 'en')} cells, {number(withheld, 'en')} withheld; "
            f"{audits.en}",
        )
        progress.area_done(region.name, Text(run.failure, run.failure) if run.failure else told)
        return run

    def _submit(self, plan: AreaPlan, config: Path, version: Version, progress: DemoProgress) -> Submission:
        rows = generate_area(plan.region, self.folder_of(plan.region), version=version)
        if version is Version.RIGHT:
            progress.advance("generated")
        # Named only where some are left out: a node knows by itself what is due.
        named = [f"--period={quarter}" for quarter in plan.quarters] if plan.special is Special.GAP else []
        submit = command_line("kim-node", "--config", config, "submit", "--json", *named)
        log = self._log(f"{plan.region.id}-submit-{version.name.lower()}")
        return Submission(version, rows, self._processes.run(submit, log=log))

    def folder_of(self, region: Region) -> Path:
        """Return the folder of an area's export, answer key and node."""
        return self.home / "areas" / region.id

    def _must(self, command: str, *arguments: str | Path, log: str) -> Finished:
        done = self._processes.run(command_line(command, *arguments), log=self._log(log))
        if done.exit_code != 0:
            raise failed(f"{command} {arguments[0]}", done.errors)
        return done

    def _log(self, name: str) -> Path:
        return self.home / "logs" / name

    def _wait_for(self, path: str, *, seconds: float) -> None:
        """Ask until the hub answers."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._hub is None or self._hub.poll() is not None:
                errors = self._log("hub").with_suffix(".err").read_text(encoding="utf-8", errors="replace")
                raise failed("kim-hub serve", errors)
            try:
                answer = get_json(self.port, path)
            except (OSError, ValueError):
                answer = None
            if answer is not None:
                return
            time.sleep(_PAUSE_SECONDS)
        raise failed(f"GET {path}", "")


def _guest(area: Region) -> dict[str, Any]:
    """Return who is invited for an area, and for what else it delivers."""
    areas = sorted({which for which, _, _ in deliveries_of(plan_of(area))}, key=len)
    return {"areas": areas, "name": area.name}
