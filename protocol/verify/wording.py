"""Verdicts and explanations as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from protocol.catalogue_file import load_catalogue
from protocol.regions import region_tree
from protocol.texts import Language, Text
from protocol.verify.anchors import Anchors
from protocol.verify.explaining import Explanation
from protocol.verify.trail import Verdict

_VERIFIED: Final = Text("GEPRÜFT", "VERIFIED")
_NOT_VERIFIED: Final = Text("NICHT BESTÄTIGT", "NOT VERIFIED")
_NOTE: Final = Text("Zu beachten", "Note")
_BELIEVED: Final = Text("Geglaubt wird dem Protokoll", "Believed is the log")
_WITHOUT: Final = Text("keine Lieferung im Nachweis", "no delivery in the evidence")


def anchor_lines(anchors: Anchors, language: Language) -> Iterator[str]:
    """Yield what is believed, with digests to be compared with what the officers publish."""
    yield f"{_BELIEVED.in_(language)}: {anchors.log}"
    for name, sha256 in anchors.documents:
        yield f"  {name} SHA-256 {sha256}"


def verdict_lines(verdict: Verdict, language: Language) -> Iterator[str]:
    """Yield the checks that passed, what to note, and the verdict."""
    for text in verdict.passed:
        yield f"  ✓ {text.in_(language)}"
    problem = verdict.problem
    if problem is not None:
        place = f" ({problem.pointer})" if problem.pointer else ""
        yield f"  ✗ {problem.detail.in_(language)}{place} [{problem.code}]"
        yield f"    → {problem.remedy.in_(language)}"
        yield _NOT_VERIFIED.in_(language)
        return
    for text in verdict.remarks:
        yield f"  {_NOTE.in_(language)}: {text.in_(language)}"
    yield _VERIFIED.in_(language)


def explanation_lines(explanation: Explanation, language: Language) -> Iterator[str]:
    """Yield the figure, and one line per delivery behind it."""
    question, tree = explanation.question, region_tree()
    name = load_catalogue().indicator(question.indicator).name.in_(language)
    region = tree.name(question.region).in_(language)
    if explanation.figure is not None:
        yield f"  {name}, {region}, {question.period}: {explanation.figure.text.in_(language)}"
    else:
        yield f"  {name}, {region}, {question.period}"
    for cited in explanation.statements:
        area = cited.statement.area
        own = explanation.parts.get(area)
        figure = f": {own.text.in_(language)}" if own is not None else ""
        said = Text(
            f"Lieferung {cited.identity[:16]}… Fassung {cited.statement.revision}, angenommen "
            f"{cited.accepted:%d.%m.%Y %H:%M} UTC, Protokoll {cited.index}, {cited.node.node}",
            f"delivery {cited.identity[:16]}… revision {cited.statement.revision}, accepted "
            f"{cited.accepted:%Y-%m-%d %H:%M} UTC, log {cited.index}, {cited.node.node}",
        )
        yield f"    {area} {tree.name(area).in_(language)} {cited.statement.period}{figure}"
        yield f"      {said.in_(language)}"
    if not explanation.statements:
        yield f"    {_WITHOUT.in_(language)}"
