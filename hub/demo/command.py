"""The command ``kim-hub demo``: 54 municipalities from their exports to the browser, in one go, checked.

Invariants: the folder of the demo is fresh; all servers listen on 127.0.0.1; exit code 0 only if every
check held; without ``--exit`` the hub keeps serving until it is interrupted, and then ends cleanly.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console

from hub.cli.output import reports_problems
from hub.demo.api_check import check_api
from hub.demo.comparison import Comparison, Judgement
from hub.demo.course import AreaRun, ChildFailedError, Course, choose_areas
from hub.demo.home import default_home, fresh_home
from hub.demo.plans import plan_of
from hub.demo.processes import ProcessTable
from hub.demo.progress import DemoProgress
from hub.demo.published import PublishedRelease, open_database
from hub.demo.summary import Summary, summarise
from hub.demo.tables import print_summary
from hub.demo.truth import AreaTruth, load_truth
from protocol.catalogue_file import load_catalogue
from protocol.errors import kim_error
from protocol.grid import grid_of
from protocol.periods import Period
from protocol.regions import Region, region_tree
from protocol.texts import Text

_DATASETS = ("CASES", "PERSONS")


@click.command("demo")
@click.option(
    "--exit", "exit_after", is_flag=True, help="Nach der Zusammenfassung enden. / End after the summary."
)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=default_home,
    show_default="~/.cache/kim-datenverbund/demo",
    help="Ordner der Demo; wird geleert. / Folder of the demo; is emptied.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port des Hubs; 0: ein freier. / Port.",
)
@click.option(
    "--areas",
    type=click.IntRange(1, 54),
    default=54,
    show_default=True,
    help="Zahl der Gebiete. / Number of areas.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Knoten nebeneinander. / Nodes at a time.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Ergebnis als JSON in diese Datei (-: Standardausgabe). / Result as JSON to this file.",
)
@reports_problems
def demo(*, exit_after: bool, home: Path, port: int, areas: int, jobs: int, json_file: Path | None) -> None:
    """54 Kommunen vom Export bis in den Browser, mit erfundenen Zahlen. / 54 municipalities, made-up figures.

    Startet den echten Hub und echte Knoten und vergleicht das Ergebnis mit den wahren Zahlen.

    Beispiel / Example: kim-hub demo --exit --areas 6
    """
    console = Console(stderr=str(json_file) == "-")
    port = _free_port(port)
    processes = ProcessTable()
    with fresh_home(home) as folder:
        course = Course(folder, port, processes)
        console.print(f"Ordner der Demo: {folder}", markup=False, highlight=False)
        try:
            summary = _run(course, choose_areas(areas), jobs, console)
            _write_json(summary, json_file)
            print_summary(summary, console)
            if not exit_after:
                _keep_serving(course, console)
        except KeyboardInterrupt:
            console.print("Abgebrochen.")
            raise SystemExit(130) from None
        finally:
            processes.stop_all()
    if not summary.ok:
        raise SystemExit(1)


def _run(course: Course, areas: Sequence[Region], jobs: int, console: Console) -> Summary:
    seconds: dict[str, float] = {}
    catalogue = load_catalogue()
    cells = sum(len(Period.span(plan_of(a).first_period, plan_of(a).last_period)) for a in areas) * sum(
        len(grid_of(catalogue, dataset)) for dataset in _DATASETS
    )
    with _timed("total", seconds):
        with DemoProgress(console, areas=len(areas), cells=cells) as progress:
            with _timed("set_up", seconds):
                configs = course.set_up(areas, jobs, progress)
            with _timed("deliver", seconds):
                runs = course.run_areas(configs, jobs, progress)
        if not any(run.report for run in runs):
            raise ChildFailedError(f"Kein Gebiet hat geliefert. {runs[0].failure}")
        with (
            _timed("publish", seconds),
            console.status("Quartale schließen und veröffentlichen"),
        ):
            course.close_and_publish()
        with (
            _timed("compare", seconds),
            console.status("Mit den wahren Zahlen vergleichen"),
        ):
            truths = {area.id: load_truth(course.home / "areas" / area.id) for area in areas}
            judgement = _compare(course, runs, truths)
    return summarise(
        runs,
        truths,
        judgement,
        seconds=seconds,
        hub_peak_bytes=course.hub_peak_bytes,
        url=course.url,
    )


def _compare(course: Course, runs: Sequence[AreaRun], truths: dict[str, AreaTruth]) -> Judgement:
    catalogue = load_catalogue()
    comparison = Comparison([truths[run.region.id] for run in runs], catalogue, region_tree())
    engine = open_database(course.hub_home)
    try:
        with engine.connect() as connection:
            release = PublishedRelease(connection)
            for cube in release.cubes():
                comparison.cube(cube.dataset, cube.period, release.cells(cube))
            check_api(course.port, release, catalogue, comparison.judgement)
    finally:
        engine.dispose()
    return comparison.judgement


@contextlib.contextmanager
def _timed(step: str, seconds: dict[str, float]) -> Iterator[None]:
    started = time.perf_counter()
    seconds[step] = 0.0
    try:
        yield
    finally:
        seconds[step] = time.perf_counter() - started


def _free_port(port: int) -> int:
    """Return the port if nobody listens on it, or any free one for 0."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise kim_error(
                "config_invalid",
                Text(
                    f"Port {port} ist belegt; mit --port einen anderen wählen (0: ein freier).",
                    f"Port {port} is in use; choose another one with --port (0: a free one).",
                ),
                pointer="--port",
            ) from None
        number: int = probe.getsockname()[1]
        return number


def _write_json(summary: Summary, json_file: Path | None) -> None:
    if json_file is None:
        return
    text = json.dumps(summary.document(), ensure_ascii=False, indent=2) + "\n"
    if str(json_file) == "-":
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        json_file.write_text(text, encoding="utf-8")


def _keep_serving(course: Course, console: Console) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        console.print(f"\nIm Browser: [bold]{course.url}[/]   (Ende mit Strg-C)")
        course.wait_for_hub()
    console.print("Der Hub wird beendet.")
