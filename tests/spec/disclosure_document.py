"""Prints the attacks by name into `docs/disclosure.md` and its English sister, between their marks.

`python -m tests.spec.disclosure_document` writes; the tests compare. Tables, what falls and the attacker's
sentences come from the data that the tests run, so the document cannot promise what the audit does not do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from aggregation.sdc.audit import Route, examine_views, intervals
from aggregation.sdc.audit.derivation import derive
from protocol.texts import Text
from tests.spec.attacks import ATTACKS, RING
from tests.spec.examples import Attack, both

DOCUMENTS: Final = tuple(
    Path(__file__).parents[2] / "docs" / name for name in ("disclosure.md", "disclosure.en.md")
)
_BLOCK = "<!-- {mark}: tests/spec/attacks.py -->\n{text}\n<!-- {mark}: end -->"
_ATTACK: Final = Text("Der Angriff", "The attack")
_CARELESS: Final = Text("Sorglos gesperrt:", "Withheld carelessly:")
_BETWEEN: Final = Text("zwischen {low} und {high}", "between {low} and {high}")
_SAFE: Final = Text("So hält es:", "This withstands:")


def rendered(attacks: Sequence[Attack], *, english: bool) -> str:
    """Return some attacks as Markdown."""
    return "\n\n".join(_attack(attack, english=english) for attack in attacks)


def written(document: Path) -> str:
    """Return a document with its attacks printed anew."""
    english, text = document.name.endswith(".en.md"), document.read_text(encoding="utf-8")
    for mark, attacks in (("attacks", ATTACKS), ("ring", (RING,))):
        block = _BLOCK.format(mark=mark, text=rendered(attacks, english=english))
        marked = re.compile(f"<!-- {mark}: tests.*?<!-- {mark}: end -->", re.DOTALL)
        text = marked.sub(lambda _, block=block: block, text)
    return text


def stale(document: Path) -> bool:
    """Whether a document shows other tables or sentences than the tests run."""
    return written(document) != document.read_text(encoding="utf-8")


def _attack(attack: Attack, *, english: bool) -> str:
    def said(text: Text) -> str:
        return text.en if english else text.de

    publication = attack.publication(attack.careless)
    who, view, exposed = next(
        (who, view, exposed)
        for who, view, outcome in zip(
            attack.who, attack.views, examine_views(publication, attack.views), strict=True
        )
        for exposed in outcome.exposed
        if exposed.route is not Route.PUBLISHED
    )
    known = view.of(publication)
    limits = intervals(known, np.array([exposed.cell]))
    low, high = int(limits.lower[0]), int(limits.upper[0])
    value = str(low) if low == high else said(_BETWEEN).format(low=low, high=high)
    way = derive(known, exposed, attack.label).text if attack.never_shown is None else None
    finding = f"*{said(way)}* → {value}" if way else f"{said(attack.label(exposed.cell))} → {value}"
    untouched = [n for n in range(len(attack.sheets)) if not _changed(attack, n)]
    return "\n\n".join(
        [
            f"### {said(both(attack.name))}",
            said(attack.story),
            said(_CARELESS),
            attack.printed(attack.careless, english=english),
            f"{said(_ATTACK)} ({said(both(who.name))}): {finding}",
            f"{said(_SAFE)} {said(attack.why_safe)}",
            attack.printed(attack.safe, english=english, without=untouched),
        ]
    )


def _changed(attack: Attack, number: int) -> bool:
    """Whether the safe pattern differs from the careless one in a table."""
    names = {name for line in attack.named(number) for name in line}
    return names & set(attack.safe) != names & set(attack.careless)


if __name__ == "__main__":
    for path in DOCUMENTS:
        path.write_text(written(path), encoding="utf-8")
