"""The commands of `kim-verify`: read files, verify, say what came out.

Exit codes: 0 verified, 3 not verified (the reason is said), 2 an error of use (a file that is not there,
too), 130 broken off.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocol.errors import KimError, kim_error
from protocol.interruption import ABORTED, INTERRUPTED_EXIT
from protocol.texts import Language, Text
from protocol.verify import clock, files, settings
from protocol.verify.anchors import Anchors, anchors_of_documents, anchors_of_keys
from protocol.verify.command_line import Run, command_line
from protocol.verify.explaining import Explanation, Question, explain
from protocol.verify.folders import check_figures, check_folder
from protocol.verify.mirrors import check_mirror
from protocol.verify.officers import Signed, check_officers
from protocol.verify.parser import USAGE_EXIT, asked_for
from protocol.verify.receipts import check_receipt
from protocol.verify.releases import check_release
from protocol.verify.trail import Trail, Verdict, verdict_of
from protocol.verify.wording import anchor_lines, explanation_lines, verdict_lines

VERIFIED, NOT_VERIFIED = 0, 3

#: What keeps a verification from beginning: nothing was found out about anything.
_ERRORS_OF_USE: Final = frozenset({"file_missing", "unknown_area"})


#: A key on the command line cannot be read; nothing was fetched that could be fetched again.
_NO_KEY: Final = frozenset({"bad_log_document", "bad_public_key"})
_TYPE_IT_WHOLE: Final = Text(
    "--log-key und --witness ganz angeben: Name, „+“ und zwei weitere Teile (kim-hub log key zeigt ihn).",
    "Give --log-key and --witness whole: name, '+' and two more parts (kim-hub log key shows it).",
)


@dataclass(frozen=True, slots=True)
class _Run:
    """What a command needs: its arguments, what is believed, and what was verified of the officers."""

    arguments: argparse.Namespace
    anchors: Anchors
    signed: Signed | None

    def paths(self, name: str) -> list[Path]:
        return [Path(item) for item in getattr(self.arguments, name) or ()]

    def path(self, name: str) -> Path | None:
        value = getattr(self.arguments, name)
        return Path(value) if value else None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """One thing that was verified."""

    subject: str
    verdict: Verdict
    explanation: Explanation | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        arguments: the command line; that of the process if omitted.

    Returns:
        The exit code.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    language = asked_for(given, otherwise=settings.language())
    try:
        return _answer(given, language)
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{ABORTED.in_(language)}\n")
        return INTERRUPTED_EXIT


def _answer(given: Sequence[str], language: Language) -> int:
    parsed = command_line(language, _RUNS).parse_args(given)
    anchors: Anchors | None = None
    try:
        outcomes, signed = _officers(parsed)
        if parsed.run is not None and (signed is not None or not outcomes):
            anchors = _anchors(parsed, signed)
            outcomes += parsed.run(_Run(parsed, anchors, signed))
    except KimError as error:
        # Nothing was judged: what is believed, or the question, cannot be read.
        sys.stderr.write(f"{error.detail.in_(language)}\n  → {error.remedy.in_(language)}\n")
        return USAGE_EXIT
    if parsed.json:
        documents = [_document(item, anchors) for item in outcomes]
        sys.stdout.write(json.dumps(documents, ensure_ascii=False, indent=1) + "\n")
    else:
        believed = anchor_lines(anchors, language) if anchors is not None else ()
        lines = [*believed, *_lines(outcomes, language)]
        sys.stdout.write("\n".join(lines) + "\n")
    return _exit_code(outcomes)


def _exit_code(outcomes: Sequence[_Outcome]) -> int:
    problems = [item.verdict.problem for item in outcomes if item.verdict.problem is not None]
    if any(problem.code not in _ERRORS_OF_USE for problem in problems):
        return NOT_VERIFIED
    return USAGE_EXIT if problems else VERIFIED


def _lines(outcomes: Sequence[_Outcome], language: Language) -> Iterator[str]:
    for item in outcomes:
        yield ""
        yield item.subject
        if item.explanation is not None:
            yield from explanation_lines(item.explanation, language)
        yield from verdict_lines(item.verdict, language)


def _document(item: _Outcome, anchors: Anchors | None) -> dict[str, object]:
    problem = item.verdict.problem
    return {
        "subject": item.subject,
        "verified": item.verdict.verified,
        "problem": None
        if problem is None
        else {
            "code": problem.code,
            "detail": problem.detail.de,
            "detail_en": problem.detail.en,
            "pointer": problem.pointer,
        },
        "checks": [{"de": text.de, "en": text.en} for text in item.verdict.passed],
        "remarks": [{"de": text.de, "en": text.en} for text in item.verdict.remarks],
        "facts": dict(item.verdict.facts),
        "believed": {"log": str(anchors.log), "documents": dict(anchors.documents)}
        if anchors is not None
        else None,
    }


# ------------------------------------------------------------------------------------------ commands


def _receipts(run: _Run) -> list[_Outcome]:
    statement, payload = run.path("statement"), run.path("payload")
    signed = files.read(statement) if statement else None
    digest = files.sha256_of(payload) if payload else None

    def check(data: bytes) -> Callable[[Trail], None]:
        return lambda trail: check_receipt(trail, data, run.anchors, statement=signed, payload=digest)

    return [_Outcome(str(path), verdict_of(check(files.read(path)))) for path in run.paths("receipt")]


def _log(run: _Run) -> list[_Outcome]:
    folder = Path(run.arguments.mirror)
    read = files.mirror_reader(folder)
    kept = [(path.name, files.read(path)) for path in run.paths("checkpoint")]

    def check(trail: Trail) -> None:
        check_mirror(trail, read, run.anchors, kept=kept, signed=run.signed, until=run.arguments.at)

    return [_Outcome(str(folder), verdict_of(check))]


def _release(run: _Run) -> list[_Outcome]:
    place = Path(run.arguments.release)
    data = files.read(files.evidence_of(place))

    def check(trail: Trail) -> None:
        found = check_release(trail, data, run.anchors)
        if place.is_dir():
            check_folder(trail, place, found.record, listed=found.files)

    return [_Outcome(str(place), verdict_of(check))]


def _explain(run: _Run) -> list[_Outcome]:
    place = Path(run.arguments.release)
    question = Question(
        run.arguments.indicator,
        run.arguments.period,
        run.arguments.area,
        dict(item.split("=", 1) for item in run.arguments.code),
    )
    dataset = question.dataset
    chosen = run.path("figures") or (place / f"{dataset}.csv" if place.is_dir() else None)
    figures = files.read(chosen) if chosen is not None else None
    data = files.read(files.evidence_of(place))
    found: list[Explanation] = []

    def check(trail: Trail) -> None:
        explained = explain(trail, data, run.anchors, question, figures=figures)
        if chosen is not None:
            check_figures(trail, chosen, listed=explained.files)
        found.append(explained)

    verdict = verdict_of(check)
    codes = "".join(f" {name}={code}" for name, code in question.codes.items())
    subject = f"{question.indicator} {question.period} {question.region}{codes}"
    return [_Outcome(subject, verdict, found[0] if verdict.verified else None)]


#: By the name of the command; what the officers have signed is verified before each of them.
_RUNS: Final[Mapping[str, Run]] = {
    "trust": None,
    "receipt": _receipts,
    "log": _log,
    "release": _release,
    "explain": _explain,
}


# --------------------------------------------------------------------------------- what is believed


def _officers(parsed: argparse.Namespace) -> tuple[list[_Outcome], Signed | None]:
    """Verify the officers' signatures, where the fingerprint of a root is given."""
    if parsed.root_fingerprint is None:
        if parsed.run is None:  # verifies nothing else
            raise _no_fingerprint(
                Text(
                    "kim-verify trust prüft von der Wurzel an; deren Fingerabdruck fehlt.",
                    "kim-verify trust verifies from the root on; its fingerprint is missing.",
                )
            )
        if parsed.at is not None:
            raise _no_fingerprint(
                Text(
                    "--at gilt nur mit --root-fingerprint: für die Fristen eines Vertrauensverzeichnisses.",
                    "--at goes with --root-fingerprint only: for the lifetimes of a trust repository.",
                )
            )
        return [], None
    if parsed.trust is None or parsed.log_key is not None or parsed.directory is not None or parsed.witness:
        raise _trust_unclear()
    read = files.trust_reader(Path(parsed.trust))
    at = parsed.at or clock.now()
    found: list[Signed] = []

    def check(trail: Trail) -> None:
        found.append(check_officers(trail, read, fingerprint=parsed.root_fingerprint, at=at))
        if parsed.run is not _log:
            trail.remark(
                "Nicht verglichen: ob alle anderen dieselbe Fassung sehen. Das sagt eine Kopie des "
                "Protokolls (kim-verify log).",
                "Not compared: whether everybody else sees the same version. A copy of the log says that "
                "(kim-verify log).",
            )

    return [_Outcome(parsed.trust, verdict_of(check))], found[0] if found else None


def _anchors(parsed: argparse.Namespace, signed: Signed | None) -> Anchors:
    if signed is not None:
        return anchors_of_documents(signed.hub, signed.directory, quorum=parsed.quorum)
    directory = Path(parsed.directory) if parsed.directory else None
    if (parsed.trust is None) == (parsed.log_key is None) or (parsed.trust and parsed.witness):
        raise _trust_unclear()
    if parsed.log_key is not None:
        nodes = files.read(directory) if directory else None
        try:
            return anchors_of_keys(parsed.log_key, parsed.witness, quorum=parsed.quorum, directory=nodes)
        except KimError as error:
            if error.code not in _NO_KEY:
                raise
            raise kim_error(error.code, error.detail, remedy=_TYPE_IT_WHOLE) from error
    return anchors_of_documents(*files.trust_documents(Path(parsed.trust), directory), quorum=parsed.quorum)


def _no_fingerprint(detail: Text) -> KimError:
    return kim_error(
        "bad_request",
        detail,
        remedy=Text(
            'Den Fingerabdruck aus dem Anmeldebrief nennen: --root-fingerprint "5f0c …".',
            'Name the fingerprint in the enrolment letter: --root-fingerprint "5f0c …".',
        ),
    )


def _trust_unclear() -> KimError:
    return kim_error(
        "bad_request",
        Text(
            "Unklar, wem geglaubt werden soll: --trust, allein oder mit --root-fingerprint und --at, oder "
            "--log-key mit --witness.",
            "Unclear what is to be believed: --trust, on its own or with --root-fingerprint and --at, or "
            "--log-key with --witness.",
        ),
        remedy=Text(
            "Meist genügt --trust ORDNER. Alle Möglichkeiten: kim-verify BEFEHL --help.",
            "Mostly --trust FOLDER will do. All that is possible: kim-verify COMMAND --help.",
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
