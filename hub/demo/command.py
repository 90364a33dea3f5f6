"""The command ``kim-hub demo``: 54 municipalities from their exports to the browser, in one go, checked.

Invariants: the folder of the demo is fresh; all servers listen on 127.0.0.1; exit code 0 only if every
check held; with ``--json`` nothing but the result goes to standard output; without ``--exit`` the hub keeps
serving until it is interrupted, and then ends cleanly.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from hub.cli.output import JSON, LANGUAGE, languages, reports_problems
from hub.cli.usage import HubCommand
from hub.demo.comparison.all_checks import check_published
from hub.demo.course.costs import CostMeter
from hub.demo.course.home import default_home, fresh_home
from hub.demo.course.processes import ChildFailedError, EndedError, ProcessTable, ending_in_order
from hub.demo.course.progress import DemoProgress
from hub.demo.course.steps import Course
from hub.demo.course.verdicts import FILE_NAME, write_verdicts
from hub.demo.lists.due import breaks_of, deliveries_of
from hub.demo.lists.plans import choose_areas, plan_of
from hub.demo.result.summary import HubCost, Summary, summarise
from hub.demo.result.tables import print_summary
from hub.demo.truth.answer_key import AreaTruth, load_truths
from hub.serving import listening
from protocol.catalogue_file import load_catalogue
from protocol.grid import delivery_grid
from protocol.interruption import ABORTED
from protocol.regions import Region, reporting_areas
from protocol.texts import Language, Text

_PORT: Final = click.IntRange(0, 65535)
_AREAS: Final = click.IntRange(1, len(reporting_areas()))
_JOBS: Final = click.IntRange(1, 64)

_FOLDER: Final = Text("Ordner der Demo", "Folder of the demo")
_SETTING_UP: Final = Text(
    "Hub starten, Knoten einrichten und eintragen", "Starting the hub, setting up and registering the nodes"
)
_DELIVERING: Final = Text(
    "Je Gebiet: Export erzeugen, zählen, schützen, liefern; die größten zuerst",
    "For each area: generate the export, count, protect, deliver; the largest first",
)
_PUBLISHING: Final = Text("Quartale schließen und veröffentlichen", "Closing and publishing the quarters")
_COMPARING: Final = Text("Mit den wahren Zahlen vergleichen", "Comparing with the true figures")
_VERIFYING: Final = Text("Quittungen und Veröffentlichung prüfen", "Verifying receipts and the release")
_SERVING: Final = Text("Im Browser: {url}   (Ende mit Strg-C)", "In the browser: {url}   (end with Ctrl-C)")
_LOGINS: Final = Text(
    "Anmelden (Einmal-Links, Kennwort selbst wählen):", "Log in (one-time links, choose a password):"
)
_ENDING: Final = Text("Der Hub wird beendet.", "The hub is being stopped.")
_VERDICTS: Final = Text("Urteil je Lieferung", "Verdict of every delivery")


@click.command("demo", cls=HubCommand, context_settings={"show_default": True})
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
@click.option("--port", type=_PORT, default=8000, help="Port des Hubs; 0: ein freier. / Port; 0: a free one.")
@click.option("--areas", type=_AREAS, default=_AREAS.max, help="Zahl der Gebiete. / Number of areas.")
# One more than two cores: while an export is generated or a node waits for the hub, another one computes.
@click.option("--jobs", type=_JOBS, default=3, help="Knoten nebeneinander. / Nodes at a time.")
@JSON
@LANGUAGE
@reports_problems
def demo(*, exit_after: bool, home: Path, port: int, areas: int, jobs: int, as_json: bool) -> None:
    """54 Kommunen vom Export bis in den Browser, mit erfundenen Zahlen. / 54 municipalities, made-up figures.

    Startet den echten Hub und echte Knoten und vergleicht das Ergebnis mit den wahren Zahlen. / Starts the
    real hub and real nodes, and compares what comes out with the true figures.

    Beispiel / Example: kim-hub demo --exit --areas 6
    """
    language = languages()[0]
    console = Console(stderr=as_json)
    port = _free_port(port)
    processes = ProcessTable()
    with fresh_home(home) as folder, ending_in_order():
        course = Course(folder, port, processes)
        console.print(f"{_FOLDER.in_(language)}: {folder}", markup=False, highlight=False)
        try:
            summary = _run(course, choose_areas(areas), jobs, console=console, language=language)
            verdicts = folder / FILE_NAME
            write_verdicts(verdicts, (delivery for run in summary.runs for delivery in run.deliveries))
            if as_json:
                click.echo(json.dumps(summary.document(), ensure_ascii=False))
            print_summary(summary, console, language=language)
            console.print(f"{_VERDICTS.in_(language)}: {verdicts}", markup=False, highlight=False)
            if not exit_after:
                _keep_serving(course, areas=areas, console=console, language=language)
        except EndedError as ended:
            with contextlib.suppress(OSError):  # the terminal may be closed
                console.print(ABORTED.in_(language))
            raise SystemExit(ended.exit_code) from None
        finally:
            processes.stop_all()
    if not summary.ok:
        raise SystemExit(1)


def _run(
    course: Course, areas: Sequence[Region], jobs: int, *, console: Console, language: Language
) -> Summary:
    meter = CostMeter(lambda: course.hub_cpu_seconds)
    catalogue = load_catalogue()
    cells = sum(
        len(delivery_grid(catalogue, dataset, period.freq))
        for area in areas
        for _, dataset, period in deliveries_of(plan_of(area))
    )
    with meter.measuring("total"):
        with DemoProgress(console, areas=len(areas), cells=cells, language=language) as progress:
            progress.say(_SETTING_UP)
            with meter.measuring("set_up"):
                configs = course.set_up(areas, jobs, progress)
            progress.say(_DELIVERING)
            with meter.measuring("deliver"):
                runs = course.run_areas(configs, jobs, progress)
        if not any(run.report for run in runs):
            raise ChildFailedError(f"Kein Gebiet hat geliefert. / No area has delivered. {runs[0].failure}")
        with meter.measuring("publish"), _doing(console, _PUBLISHING.in_(language)):
            # While the hub compiles and publishes there is a processor left to read the true figures.
            with ThreadPoolExecutor(max_workers=1) as beside:
                read = beside.submit(_read_truths, course, areas)
                course.close_and_publish(areas)
            truths = read.result()
        with meter.measuring("compare"), _doing(console, _COMPARING.in_(language)):
            breaks = frozenset().union(*(breaks_of(plan_of(area)) for area in areas))
            judgement = check_published(course.hub_home, course.port, truths.values(), breaks=breaks)
        with meter.measuring("verify"), _doing(console, _VERIFYING.in_(language)):
            course.verify_offline(configs, judgement)
    return summarise(
        runs,
        truths,
        judgement,
        costs=meter.steps,
        hub=HubCost(course.hub_cpu_seconds, course.hub_peak_bytes),
        url=course.url,
    )


def _doing(console: Console, sentence: str) -> contextlib.AbstractContextManager[object]:
    """Say what takes a while now: beside a moving sign on a terminal, as a line everywhere else."""
    if console.is_terminal:
        return console.status(sentence)
    console.print(sentence, markup=False, highlight=False)
    return contextlib.nullcontext()


def _read_truths(course: Course, areas: Sequence[Region]) -> dict[str, AreaTruth]:
    return {truth.area: truth for area in areas for truth in load_truths(course.folder_of(area))}


def _free_port(port: int) -> int:
    """Return the port if nobody listens on it, or any free one for 0."""
    with listening("127.0.0.1", port) as probe:
        number: int = probe.getsockname()[1]
        return number


def _keep_serving(course: Course, *, areas: int, console: Console, language: Language) -> None:
    with contextlib.suppress(EndedError):
        console.print(f"\n{_LOGINS.in_(language)}")
        for role, link in course.invite_people(choose_areas(areas)[0]):
            console.print(f"  {role:13} {link}", markup=False, highlight=False, soft_wrap=True)
        console.print(f"\n{_SERVING.in_(language).format(url=f'[bold]{course.url}[/]')}")
        course.wait_for_hub()
    console.print(_ENDING.in_(language))
