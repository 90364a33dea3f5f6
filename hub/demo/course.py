"""The course of the demo: real hub, real nodes, one area after the other, then closing and publication.

Purpose: starts the hub as an operator would, brings each area from its export to its accepted delivery
through the commands of the product, closes the quarters and waits until the release is there.

Invariants: the hub listens on loopback only; every child is started by path and ended by number; an area
that fails is reported and does not stop the others.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from hub.demo.generate import EXPORT_FILE, generate_area
from hub.demo.plans import FIRST_QUARTER, LAST_QUARTER, LocalCodes, plan_of
from hub.demo.processes import Finished, ProcessTable, command_line, peak_bytes_of
from hub.demo.progress import DemoProgress, number
from hub.demo.published import get_json
from hub.demo.world import EXPORT_DAY
from protocol.periods import Period
from protocol.regions import AACHEN_CITY, AACHEN_REST, Region, reporting_area, reporting_areas
from protocol.texts import Text

T = TypeVar("T")

_START_SECONDS: Final = 60.0
_PUBLICATION_SECONDS: Final = 600
_PAUSE_SECONDS: Final = 0.2
_MOST_SIGNS_OF_ERRORS: Final = 400


class ChildFailedError(click.ClickException):
    """A command of the product failed where the demo cannot go on; exit code 1 and what the command said."""


@dataclass(frozen=True, slots=True)
class AreaRun:
    """What came of one area.

    Attributes:
        region: the area.
        rows: data rows of its export.
        report: what `kim-node submit --json` said, or None if it failed.
        failure: why it failed, or empty.
        node_cpu_seconds: processor time of `kim-node submit`.
        node_peak_bytes: largest resident size of the node.
    """

    region: Region
    rows: int
    report: Mapping[str, Any] | None
    failure: str
    node_cpu_seconds: float
    node_peak_bytes: int


def choose_areas(number: int) -> tuple[Region, ...]:
    """Return the areas of a smaller demo: both parts of Aachen first, then some from all over the Land."""
    areas = reporting_areas()
    aachen = [area for area in areas if area.id in (AACHEN_CITY, AACHEN_REST)]
    others = [area for area in areas if area not in aachen]
    step = max(1, len(others) // max(1, number - len(aachen)))
    spread = [*others[::step], *(area for i, area in enumerate(others) if i % step)]
    return tuple(sorted([*aachen, *spread][:number], key=lambda area: area.id))


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
        self._processes = processes
        self._hub: subprocess.Popen[bytes] | None = None

    @property
    def hub_peak_bytes(self) -> int | None:
        """Largest resident size of the hub's process so far, or None where the system does not tell."""
        return peak_bytes_of(self._hub.pid) if self._hub is not None else None

    def start_hub(self) -> None:
        """Set the hub up and start it.

        Raises:
            ChildFailedError: if it does not start.
        """
        self._must("kim-hub", "init", "--home", self.hub_home, log="hub-init")
        with (self.hub_home / "hub.toml").open("a", encoding="utf-8") as settings:
            # The exports were made on this day; it also tells the pages that the figures are made up.
            settings.write(f'date = "{EXPORT_DAY.isoformat()}"\n')
        command = command_line("kim-hub", "serve", "--home", self.hub_home, "--port", str(self.port))
        self._hub = self._processes.start(command, log=self._log("hub"))
        self._wait_for("/readyz", seconds=_START_SECONDS)

    def wait_for_hub(self) -> int:
        """Wait until the hub ends by itself; return its exit code."""
        return self._hub.wait() if self._hub is not None else 0

    def set_up(self, areas: Sequence[Region], jobs: int, progress: DemoProgress) -> dict[str, Path]:
        """Start the hub, set up one node per area beside it, and register all keys out of band, in one list.

        Returns:
            Configuration file by area.

        Raises:
            ChildFailedError: if the hub does not start, a node cannot be set up or the list is refused.
        """
        with ThreadPoolExecutor(max_workers=1) as beside:
            hub = beside.submit(self.start_hub)
            nodes = self._in_parallel(areas, jobs, self._set_up_node)
            try:
                hub.result()
            except BaseException:
                self._processes.refuse_more()
                raise
        progress.say(Text(f"Der Hub antwortet unter {self.url}", f"The hub answers at {self.url}"))
        entries = [
            {"node": node["node"], "area": area.id, "public_key": node["public_key"], "name": area.name}
            for area, node in zip(areas, nodes, strict=True)
        ]
        listed = self.home / "nodes.json"
        listed.write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")
        self._must("kim-hub", "register", "--home", self.hub_home, "--list", listed, log="hub-register")
        progress.advance("registered", by=len(entries))
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

    def close_and_publish(self) -> None:
        """Close the eight quarters in one go and wait until the release that holds them is public.

        Raises:
            ChildFailedError: if closing fails or nothing is published in time.
        """
        periods = [str(period) for period in Period.span(FIRST_QUARTER, LAST_QUARTER)]
        wait = ("--wait", "--timeout", str(_PUBLICATION_SECONDS))
        self._must("kim-hub", "close", "--home", self.hub_home, *wait, *periods, log="hub-close")

    def _set_up_node(self, region: Region) -> dict[str, str]:
        plan = plan_of(region)
        folder = self.folder_of(region)
        done = self._must(
            "kim-node", "init", folder / "node", "--area", region.id, "--hub", self.url,
            "--source", folder / EXPORT_FILE, "--json",
            "--periods", f"{plan.first_period}..{plan.last_period}",
            log=f"{region.id}-init",
        )  # fmt: skip
        node: dict[str, str] = json.loads(done.output)
        with Path(node["config"]).open("a", encoding="utf-8") as config:
            config.write(mapping_section(plan.local_codes))
        return node

    def _run_area(self, region: Region, config: Path, progress: DemoProgress) -> AreaRun:
        rows = generate_area(region, self.folder_of(region))
        progress.advance("generated")
        submit = command_line("kim-node", "--config", config, "submit", "--json")
        done = self._processes.run(submit, log=self._log(f"{region.id}-submit"))
        report, failure = _report(done)
        deliveries = report["deliveries"] if report else []
        cells = sum(delivery["cells"] for delivery in deliveries)
        withheld = sum(delivery["withheld"] for delivery in deliveries)
        progress.advance("submitted")
        progress.advance("cells", by=cells)
        told = Text(
            f"{number(rows, 'de')} Zeilen, {number(cells, 'de')} Zellen, "
            f"{number(withheld, 'de')} zurückgehalten",
            f"{number(rows, 'en')} rows, {number(cells, 'en')} cells, {number(withheld, 'en')} withheld",
        )
        progress.area_done(region.name, Text(failure, failure) if failure else told)
        return AreaRun(region, rows, report, failure, done.cpu_seconds, done.peak_bytes)

    def folder_of(self, region: Region) -> Path:
        """Return the folder of an area's export, answer key and node."""
        return self.home / "areas" / region.id

    def _must(self, command: str, *arguments: str | Path, log: str) -> Finished:
        done = self._processes.run(command_line(command, *arguments), log=self._log(log))
        if done.exit_code != 0:
            raise _failed(f"{command} {arguments[0]}", done.errors)
        return done

    def _log(self, name: str) -> Path:
        return self.home / "logs" / name

    def _wait_for(self, path: str, *, seconds: float) -> None:
        """Ask until the hub answers."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._hub is None or self._hub.poll() is not None:
                errors = self._log("hub").with_suffix(".err").read_text(encoding="utf-8", errors="replace")
                raise _failed("kim-hub serve", errors)
            try:
                answer = get_json(self.port, path)
            except (OSError, ValueError):
                answer = None
            if answer is not None:
                return
            time.sleep(_PAUSE_SECONDS)
        raise _failed(f"GET {path}", "")


def mapping_section(local_codes: LocalCodes) -> str:
    """Write local codes as the tables of a node's configuration."""
    lines: list[str] = []
    for dimension, codes in local_codes.items():
        lines += ["", f"[mapping.{dimension}]"]
        # A TOML basic string has JSON's escapes.
        lines += [
            f"{json.dumps(text, ensure_ascii=False)} = {json.dumps(code)}" for text, code in codes.items()
        ]
    return "\n".join([*lines, ""]) if lines else ""


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
    return report, _failed("kim-node submit", done.errors).message


def _failed(what: str, errors: str) -> ChildFailedError:
    told = " ".join(errors.split())
    told = told[:_MOST_SIGNS_OF_ERRORS] or "ohne Meldung / without a message"
    return ChildFailedError(f"{what} ist gescheitert / failed: {told}")
