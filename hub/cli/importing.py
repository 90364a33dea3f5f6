"""`kim-hub import`: take deliveries from a stick, and write beside them what became of them."""

import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from hub.cli.output import HOME, JSON, LANGUAGE, answer, one_line, reports_problems, settings_of_hub
from hub.cli.travelling import put_file
from hub.cli.usage import HubCommand
from hub.domain.ids import is_sha256
from hub.domain.states import UNDECIDED, SubmissionState
from hub.home_lock import HomeLock
from hub.services.intake.importing import import_delivery, refusal_of, result_of
from hub.services.transparency.receipts import receipt_of
from hub.store.records import Submission
from hub.web.texts.people import SUBMISSION_STATES
from hub.wiring import Hub
from protocol.bundle import STATEMENT_SUFFIX, Result, payload_file, result_file
from protocol.errors import KimError, kim_error
from protocol.nouns import DELIVERY
from protocol.problem_documents import parse_problem_document
from protocol.texts import Text
from protocol.transparency.receipts import SUFFIX

_POLL_SECONDS: Final = 0.2
_STAGES: Final = (("received", True), ("decided", False))


@dataclass(frozen=True, slots=True)
class _Brought:
    """One delivery on the stick: its statement, and what became of it."""

    statement: Path
    submission: Submission | None
    problem: KimError | None


@click.command("import", cls=HubCommand)
@HOME
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True), metavar="FOLDER|FILE..."
)
@click.option(
    "--wait/--no-wait",
    default=True,
    help="Auf die Entscheidung warten (Vorgabe). / Wait for the decision (default).",
)
@click.option("--timeout", type=float, default=600.0, show_default=True, help="Sekunden. / Seconds.")
@JSON
@LANGUAGE
@reports_problems
def import_command(home: Path, *, paths: tuple[Path, ...], wait: bool, timeout: float, as_json: bool) -> None:
    """Lieferungen aus Dateien annehmen, z. B. von einem Stick. / Take deliveries from files (a stick).

    Erwartet wird, was kim-node export schreibt. Geprüft wird dasselbe wie bei einer Lieferung über das Netz;
    das Ergebnis steht danach daneben und kommt mit kim-node import zurück zum Knoten. Beliebig oft
    wiederholbar. / Expects what kim-node export writes, and checks the same as of a delivery by network. The
    result is written beside it and returns to the node with kim-node import. May be repeated.

    Beispiel / Example: kim-hub import /media/stick
    """
    hub = Hub(settings_of_hub(home))
    statements = list(_statements(paths))
    if not statements:
        raise kim_error("bad_request", _NOTHING)
    brought = [_take(hub, statement, paths) for statement in statements]
    if wait:
        _wait_for_decisions(hub, [one.submission for one in brought if one.submission], timeout=timeout)
    results = [(one, _write_result(hub, one)) for one in brought]
    documents = [_member(one, result) for one, result in results]
    accepted = sum(document["state"] == SubmissionState.ACCEPTED for document in documents)
    brought_in = DELIVERY.counted(len(documents))
    answer(
        {"deliveries": documents},
        Text(
            f"{accepted} von {brought_in.de} angenommen. Die Ergebnisse stehen daneben.",
            f"{accepted} of {brought_in.en} accepted. The results stand beside the deliveries.",
        ),
        as_json=as_json,
        lines=[_line(one, document) for (one, _), document in zip(results, documents, strict=True)],
    )
    problems = [parse_problem_document(said) for _, result in results if (said := _problem(result))]
    if problems:
        raise click.exceptions.Exit(problems[0].exit_code)


_NOTHING: Final = Text(f"Keine Datei endet auf {STATEMENT_SUFFIX}.", f"No file ends in {STATEMENT_SUFFIX}.")


def _statements(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        found = sorted(path.glob(f"*{STATEMENT_SUFFIX}")) if path.is_dir() else [path]
        yield from (file for file in found if file.name.endswith(STATEMENT_SUFFIX))


def _take(hub: Hub, statement: Path, paths: Sequence[Path]) -> _Brought:
    def payloads(sha256: str) -> BinaryIO | None:
        # Made of a digest that a node has signed; nothing of the stick's own names is believed.
        name = payload_file(sha256)
        places = [statement.with_name(name), *(path for path in paths if path.name == name)]
        return next((opened for place in places if (opened := _opened(place)) is not None), None)

    try:
        stream = _opened(statement)
        if stream is None:
            raise kim_error("bad_envelope")
        with stream:
            envelope = stream.read(hub.settings.max_envelope_bytes + 1)
        return _Brought(statement, import_delivery(hub.context, envelope, payloads), None)
    except KimError as error:
        return _Brought(statement, None, error)


def _opened(path: Path) -> BinaryIO | None:
    """Open an ordinary file; a stick may hold links, pipes and devices."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        return None
    return os.fdopen(handle, "rb")


def _wait_for_decisions(hub: Hub, submissions: Sequence[Submission], *, timeout: float) -> None:
    """Wait until the serving hub has decided; if none serves, do its work here."""
    deadline = time.monotonic() + timeout
    with HomeLock(hub.settings.home) as lock:
        here = not hub.settings.broker_url and lock.acquire()
        if here:
            hub.start()
        try:
            while any(_state(hub, one) in UNDECIDED for one in submissions):
                if time.monotonic() > deadline:
                    return
                time.sleep(_POLL_SECONDS)
        finally:
            if here:
                hub.stop()


def _state(hub: Hub, submission: Submission) -> SubmissionState | None:
    with hub.context.database.read() as unit:
        found = unit.submissions.get(submission.id)
    return found.state if found else None


def _write_result(hub: Hub, brought: _Brought) -> Result:
    if brought.submission is None:
        result = refusal_of(hub.context, brought.problem or kim_error("internal"))
        name = brought.statement.name.removesuffix(STATEMENT_SUFFIX)
        if is_sha256(name):
            put_file(brought.statement.with_name(result_file(name)), result.to_bytes())
        return result
    submission = brought.submission
    result = result_of(hub.context, submission)
    folder = brought.statement.parent
    put_file(folder / result_file(submission.id), result.to_bytes())
    for stage, first in _STAGES:
        try:
            receipt = receipt_of(hub.context, submission.id, node_id=submission.node_id, first=first)
        except KimError:
            continue  # the log is signed now and then: another import brings it
        put_file(folder / f"{submission.id}.{stage}{SUFFIX}", receipt)
    return result


def _problem(result: Result) -> Any:  # noqa: ANN401 -- a problem document
    return result.problem or (result.submission or {}).get("problem")


def _line(brought: _Brought, document: Mapping[str, Any]) -> str:
    """Name a delivery as the node does; one that was refused before it was read has only its file's name."""
    taken, at_hub = brought.submission, document["state"]
    name = f"{document['id'][:16]}…" if taken is None else f"{taken.area}  {taken.dataset} {taken.period}"
    known = None if at_hub is None else SUBMISSION_STATES[SubmissionState(at_hub)]
    state = "–" if known is None else one_line(known)
    return f"{name}  {state}  {document['code'] or ''}".rstrip()


def _member(brought: _Brought, result: Result) -> dict[str, Any]:
    said = result.submission or {}
    problem = _problem(result)
    return {
        "id": said.get("id", brought.statement.name.removesuffix(STATEMENT_SUFFIX)),
        "file": str(brought.statement),
        "state": said.get("state"),
        "code": problem["code"] if problem else None,
    }
