"""The report as one HTML file: self-contained, without scripts, readable without colour, printable.

It loads nothing; a content security policy says so to the browser as well. Both languages are in it, German
first, unless one is asked for. Everything that comes from outside is escaped, and no value of any cell is in
it: what is written here comes from a :class:`Summary`, which holds none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from typing import Final

from aggregation.protect.model import Kind
from aggregation.protect.report import phrases
from aggregation.protect.structure import Structure
from aggregation.protect.summary import LevelCount, Protection, Summary
from aggregation.protect.wording import cell_label, derived
from aggregation.sdc.audit import Verdict
from aggregation.sdc.levels import Level
from protocol.texts import LANGUAGES, Language, Text

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a report comes from.

    Attributes:
        published: name of the publication.
        cells: name of the file of true values, or None.
        structure: name of the description.
        command: what gives the same result again.
        version: of the program.
        made: day and time, as people write it.
        digests: SHA-256 of files that hold no withheld value, by their names.
    """

    published: str
    cells: str | None
    structure: str
    command: str
    version: str
    made: str
    digests: tuple[tuple[str, str], ...]


def render_report(
    summary: Summary, provenance: Provenance, *, languages: Sequence[Language] = LANGUAGES
) -> str:
    """Write the report.

    Args:
        summary: what a run came to.
        provenance: where it comes from.
        languages: in which languages, the first of them first.

    Returns:
        The document.
    """
    style = resources.files("aggregation.protect.report").joinpath("data/report.css")
    parts = [_Part(summary, provenance, language) for language in languages]
    links = "".join(
        f'<li><a href="#{part.language}" lang="{part.language}" hreflang="{part.language}">'
        f"{part.say(phrases.OTHER_LANGUAGE)}</a></li>"
        for part in parts
    )
    switch = f"<nav><ul>{links}</ul></nav>\n" if len(parts) > 1 else ""
    return (
        f'<!doctype html>\n<html lang="{languages[0]}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{parts[0].title} – {escape(provenance.published)}</title>\n"
        f"<style>\n{style.read_text(encoding='utf-8')}</style>\n</head>\n<body>\n"
        f'<a class="skip" href="#{languages[0]}">{parts[0].say(phrases.SKIP)}</a>\n{switch}'
        f"<main>\n{''.join(part.article() for part in parts)}</main>\n</body>\n</html>\n"
    )


class _Part:
    """The report in one language."""

    def __init__(self, summary: Summary, provenance: Provenance, language: Language) -> None:
        self._summary, self._from, self.language = summary, provenance, language

    def say(self, text: Text, **words: object) -> str:
        """Return a text in this language, escaped."""
        return escape(text.in_(self.language).format(**words) if words else text.in_(self.language))

    @property
    def title(self) -> str:
        """The heading."""
        return self.say(phrases.TITLE if self._summary.protection else phrases.AUDIT_TITLE)

    def article(self) -> str:
        sections = (
            self._header(),
            self._verdict(),
            self._stays_here(),
            self._findings(),
            self._figures(),
            self._rules(),
            self._levels(),
            self._loss(),
            self._attackers(),
            self._again(),
            self._signature(),
        )
        body = "\n".join(section for section in sections if section)
        return f'<article id="{self.language}" lang="{self.language}">\n{body}\n</article>\n'

    # ------------------------------------------------------------------------------------------- sections

    def _header(self) -> str:
        structure, provenance = self._summary.structure, self._from
        facts = [(phrases.FILE, escape(provenance.published))]
        if provenance.cells is not None:
            facts.append((phrases.SOURCE, escape(provenance.cells)))
        facts += [
            (phrases.DESCRIPTION, escape(provenance.structure)),
            (phrases.KIND, self.say(phrases.KINDS[structure.kind])),
            (phrases.TABLES, self._tables(structure)),
            (phrases.MADE, escape(provenance.made)),
        ]
        return f"<header>\n<h1>{self.title}</h1>\n{self._facts(facts)}\n</header>"

    def _stays_here(self) -> str:
        return f'<p class="note">{self.say(phrases.STAYS_HERE)}</p>' if self._summary.protection else ""

    def _tables(self, structure: Structure) -> str:
        names = structure.dimensions
        return "<br>".join(
            escape(" × ".join(names[number] for number in table)) for table in structure.tables.tables
        )

    def _verdict(self) -> str:
        summary, report = self._summary, self._summary.report
        counts = summary.structure.kind is Kind.FREQUENCY
        word = self.say(phrases.VERDICTS[report.verdict])
        level = f' <span class="level">{report.level.value}</span>' if counts else ""
        if report.verdict is Verdict.SAFE:
            meaning = phrases.SAFE_COUNTS[report.level] if counts else phrases.SAFE_MAGNITUDES
        else:
            meaning = phrases.UNSAFE if report.verdict is Verdict.UNSAFE else phrases.UNKNOWN
        more = ""
        if report.out_of_reach:
            more = f"<p>{self.say(phrases.OUT_OF_REACH, number=self._number(report.out_of_reach))}</p>"
        return (
            f'<section class="verdict {report.verdict.value}">\n<h2>{word}{level}</h2>\n'
            f"<p>{self.say(meaning)}</p>{more}\n</section>"
        )

    def _findings(self) -> str:
        tables, report = self._summary.structure.tables, self._summary.report
        parts = []
        if report.findings:
            rows = []
            for finding in report.findings[:_SHOWN]:
                found = derived(tables, finding)
                steps = "".join(f"<li>{self.say(step)}</li>" for step in found.steps)
                way = self.say(found.how) + (f":<ol>{steps}</ol>" if steps else ".")
                rows.append((self._name(found.cell), way))
            parts.append(self._table(phrases.FINDINGS, (phrases.FINDING, phrases.WAY), rows))
            if len(report.findings) > _SHOWN:
                rest = self._number(len(report.findings) - _SHOWN)
                parts.append(f"<p>{self.say(phrases.MORE_FINDINGS, number=rest)}</p>")
        if report.undecided:
            labels = [self._name(cell_label(tables, cell)) for cell in report.undecided[:_SHOWN]]
            parts.append(f"<p>{self.say(phrases.UNDECIDED)}: {', '.join(labels)}</p>")
        if report.harmless:
            number = self._number(len(report.harmless))
            parts.append(f"<p>{self.say(phrases.HARMLESS, number=number)}</p>")
        if not parts:
            return ""
        body = "\n".join(parts)
        return f"<section>\n<h2>{self.say(phrases.FINDINGS)}</h2>\n{body}\n</section>"

    def _figures(self) -> str:
        summary, found = self._summary, self._summary.protection
        figures = [
            (phrases.CELLS, summary.cells),
            (phrases.PUBLISHED, summary.cells - summary.withheld),
            (phrases.WITHHELD, summary.withheld),
        ]
        if found is not None:
            figures += [
                (phrases.SENSITIVE, found.sensitive),
                (phrases.SECONDARY, found.secondary),
                (phrases.EMPTY, found.empty),
            ]
            if found.absent:
                figures.append((phrases.ABSENT, found.absent))
        items = "".join(
            f"<div><dt>{self.say(name)}</dt><dd>{self._number(number)}</dd></div>" for name, number in figures
        )
        return (
            f'<section>\n<h2>{self.say(phrases.FIGURES)}</h2>\n<dl class="figures">{items}</dl>\n</section>'
        )

    def _rules(self) -> str:
        structure = self._summary.structure
        rows = [
            tuple(self.say(text).replace(" %", "\u00a0%") for text in (name, setting, meaning))
            for name, setting, meaning in phrases.rules_in_words(structure.rules, structure.kind)
        ]
        heads = (phrases.RULE, phrases.SETTING, phrases.MEANING)
        table = self._table(phrases.RULES, heads, rows)
        return f"<section>\n<h2>{self.say(phrases.RULES)}</h2>\n{table}\n</section>"

    def _levels(self) -> str:
        summary = self._summary
        known = summary.protection is not None
        heads = [phrases.DIMENSION, phrases.LEVEL, phrases.CELLS, phrases.WITHHELD]
        heads += [phrases.SENSITIVE] if known else []
        rows = [self._level(count, known=known) for count in summary.levels]
        table = self._table(
            phrases.LEVELS, (*heads, phrases.SHARE), rows, numbers=range(2, 4 + known), groups=True
        )
        return (
            f"<section>\n<h2>{self.say(phrases.LEVELS)}</h2>\n<p>{self.say(phrases.LEVELS_NOTE)}</p>\n"
            f"{table}\n</section>"
        )

    def _level(self, count: LevelCount, *, known: bool) -> tuple[str, ...]:
        hierarchy = next(
            hierarchy
            for hierarchy in self._summary.structure.tables.hierarchies
            if hierarchy.dimension == count.dimension
        )
        at = [
            code
            for code, depth in zip(hierarchy.codes, hierarchy.depths, strict=True)
            if depth == count.depth
        ]
        codes = escape(at[0]) if len(at) == 1 else self.say(phrases.CODES, number=self._number(len(at)))
        percent = round(100 * count.withheld / count.cells) if count.cells else 0
        bar = f'<span class="bar" aria-hidden="true"><i style="width:{percent}%"></i></span>'
        sensitive = (self._number(count.sensitive or 0),) if known else ()
        return (
            escape(count.dimension),
            codes,
            self._number(count.cells),
            self._number(count.withheld),
            *sensitive,
            f"{bar}{phrases.share(count.withheld, count.cells, self.language)}",
        )

    def _loss(self) -> str:
        summary, found = self._summary, self._summary.protection
        if found is None:
            return ""
        cost = summary.structure.cost
        what = phrases.COSTS.get(cost)
        aim = self.say(phrases.COST_COLUMN, column=cost) if what is None else self.say(what)
        facts = [
            (phrases.LOST_SHARE, phrases.share(summary.withheld, summary.cells, self.language)),
            (phrases.COST, aim),
        ]
        if found.bound is not None:
            facts.append((phrases.BOUND, self.say(phrases.BOUND_CELLS, bound=self._number(found.bound))))
        facts += [(phrases.GAP, self._gap(found)), (phrases.ROUNDS, self._number(found.rounds))]
        return f"<section>\n<h2>{self.say(phrases.LOSS)}</h2>\n{self._facts(facts)}\n</section>"

    def _gap(self, found: Protection) -> str:
        if found.optimal:
            return self.say(phrases.OPTIMAL)
        if found.gap_percent is None:
            return self.say(phrases.NO_BOUND)
        gap = f"{found.gap_percent:.1f}"
        return self.say(phrases.GAP_PERCENT, gap=gap.replace(".", ",") if self.language == "de" else gap)

    def _attackers(self) -> str:
        structure, report = self._summary.structure, self._summary.report
        zeros = structure.rules.zero_publishable
        yes, no = self.say(phrases.YES), self.say(phrases.NO)
        knows = phrases.OUTSIDER_KNOWS if zeros else phrases.OUTSIDER_ZEROS
        if structure.kind is Kind.MAGNITUDE:
            knows = phrases.OUTSIDER_MAGNITUDES
        rows = [(self.say(phrases.OUTSIDER), self.say(knows), yes)]
        inside = f"{yes} ({self._number(report.attackers - 1)})"
        if structure.kind is Kind.MAGNITUDE:
            rows.append((self.say(phrases.CONTRIBUTOR), self.say(phrases.CONTRIBUTOR_KNOWS), inside))
        else:
            alone = report.level is Level.S2
            rows.append((self.say(phrases.LONE), self.say(phrases.LONE_KNOWS), inside if alone else no))
        # What nobody examines is said too: whoever signs has to know it.
        if structure.kind is Kind.MAGNITUDE:
            rows.append((self.say(phrases.POOLED), self.say(phrases.POOLED_KNOWS), no))
        rows.append((self.say(phrases.METHOD), self.say(phrases.METHOD_KNOWS), no))
        rows.append((self.say(phrases.EARLIER), self.say(phrases.EARLIER_KNOWS), no))
        heads = (phrases.ATTACKER, phrases.KNOWS, phrases.EXAMINED)
        truth = "" if report.with_truth else f"\n<p>{self.say(phrases.WITHOUT_TRUTH)}</p>"
        return (
            f"<section>\n<h2>{self.say(phrases.ATTACKERS)}</h2>\n"
            f"{self._table(phrases.ATTACKERS, heads, rows)}\n<p>{self.say(phrases.HOW_PROVEN)}</p>{truth}\n"
            "</section>"
        )

    def _again(self) -> str:
        provenance = self._from
        facts = [
            (phrases.COMMAND, f"<code>{escape(provenance.command)}</code>"),
            (phrases.PROGRAM, escape(f"kim-protect {provenance.version}")),
        ]
        items = self._facts(facts) + "".join(
            f'\n<p class="digest">{self.say(phrases.DIGEST, file=name)}: <code>{escape(digest)}</code></p>'
            for name, digest in provenance.digests
        )
        return (
            f"<section>\n<h2>{self.say(phrases.REPRODUCE)}</h2>\n<p>{self.say(phrases.REPRODUCE_NOTE)}</p>\n"
            f"{items}\n</section>"
        )

    def _signature(self) -> str:
        places = (phrases.SIGNED_BY, phrases.SIGNED_ON, phrases.SIGNATURE)
        return '<div class="signature">' + "".join(f"<div>{self.say(p)}</div>" for p in places) + "</div>"

    # --------------------------------------------------------------------------------------------- pieces

    def _name(self, label: Text) -> str:
        """Write the name of a cell that stands by itself: without the brackets it has in a sentence."""
        return self.say(label).replace("[", "", 1).replace("]", "", 1)

    def _number(self, number: int) -> str:
        return phrases.whole(number, self.language)

    def _facts(self, facts: Iterable[tuple[Text, str]]) -> str:
        items = "".join(f"<dt>{self.say(name)}</dt><dd>{value}</dd>" for name, value in facts)
        return f'<dl class="facts">{items}</dl>'

    def _table(
        self,
        caption: Text,
        heads: Sequence[Text],
        rows: Sequence[Sequence[str]],
        *,
        numbers: Iterable[int] = (),
        groups: bool = False,
    ) -> str:
        """Write a table; its first column holds the heads of the rows, which a group has in common."""
        right = set(numbers)
        kinds = ["number" if column in right else "" for column in range(len(heads))]
        head = "".join(
            f'<th scope="col" class="{kind}">{self.say(text)}</th>'
            for text, kind in zip(heads, kinds, strict=True)
        )
        body = "".join(
            f"<tr{' class=first' if not number or rows[number - 1][0] != row[0] else ''}>"
            f'<th scope="row">{self._shared(rows, number) if groups else row[0]}</th>'
            + "".join(
                f'<td class="{kind}">{value}</td>' for value, kind in zip(row[1:], kinds[1:], strict=True)
            )
            + "</tr>"
            for number, row in enumerate(rows)
        )
        return (
            f'<div class="scroll" tabindex="0" role="region" aria-label="{self.say(caption)}">'
            f'<table><caption class="hidden">{self.say(caption)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        )

    def _shared(self, rows: Sequence[Sequence[str]], number: int) -> str:
        """Write the head of a row, for the eye only where it is another one than above."""
        same = number > 0 and rows[number - 1][0] == rows[number][0]
        return f'<span class="hidden">{rows[number][0]}</span>' if same else rows[number][0]
