"""The report says what happened, in both languages, loads nothing and gives no value away."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from importlib import resources

import numpy as np
import pytest

from aggregation.protect import Counts, Dominance, Kind, Published, Rules, audit_tables, protect_tables
from aggregation.protect.report import Provenance, render_report
from aggregation.protect.report.phrases import rules_in_words, share, whole
from aggregation.protect.structure import Structure
from aggregation.protect.summary import Summary, summary_of_audit, summary_of_protection
from aggregation.sdc.audit import Verdict
from aggregation.sdc.levels import Level
from aggregation.sdc.tables import Hierarchy, LinkedTables

HOSTILE = "<b>&\"'{x}"
TABLES = LinkedTables(
    (
        Hierarchy.of_edges("region", [("Land", "Nord"), ("Land", "Süd"), ("Nord", "N1"), ("Nord", HOSTILE)]),
        Hierarchy.of_edges("sex", [("T", "f"), ("T", "m")]),
    ),
    ((0, 1),),
)
LEAVES = {("N1", "f"): 2, ("N1", "m"): 7301, (HOSTILE, "f"): 8117, (HOSTILE, "m"): 9203}
LEAVES |= {("Süd", "f"): 6229, ("Süd", "m"): 5347}
STRUCTURE = Structure(
    file="structure.yaml", files=(), tables=TABLES, kind=Kind.FREQUENCY, value=None,
    rules=Rules(min_contributors=5), cost="unit", level=Level.S1, keep=(), contributor=None,
)  # fmt: skip
PROVENANCE = Provenance(
    published=f"out{HOSTILE}.csv",
    cells="cells.csv",
    structure="structure.yaml",
    command="kim-protect suppress cells.csv --rounds 3",
    version="1.2.3",
    made="2026-11-26 14:05",
    digests=(("out.csv", "0" * 64),),
)


def figures() -> Counts:
    codes = [[h.position[c] for h, c in zip(TABLES.hierarchies, cell, strict=True)] for cell in LEAVES]
    return Counts(TABLES.sums(np.array(codes), np.array(list(LEAVES.values()))))


def protected(level: Level = Level.S1, rules: Rules = STRUCTURE.rules) -> Summary:
    structure = replace(STRUCTURE, level=level, rules=rules)
    counts = figures()
    outcome = protect_tables(TABLES, counts, rules=rules, costs=np.ones(len(TABLES)), level=level)
    published = Published(counts.values, outcome.withheld)
    report = audit_tables(TABLES, published, rules=rules, level=level, figures=counts)
    return summary_of_protection(structure, counts, outcome, report, absent=0)


def audited(*hidden: tuple[str, str]) -> Summary:
    counts = figures()
    withheld = np.zeros(len(TABLES), dtype=np.bool_)
    for cell in hidden:
        codes = [h.position[c] for h, c in zip(TABLES.hierarchies, cell, strict=True)]
        withheld[TABLES.number(TABLES.key(np.array([codes])))] = True
    published = Published(np.where(withheld, 0, counts.values), withheld)
    return summary_of_audit(STRUCTURE, withheld, audit_tables(TABLES, published, rules=STRUCTURE.rules))


class Page(HTMLParser):
    """Reads a page the strict way: every tag is closed in its order."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += f" {data}"


def test_both_languages_are_there_german_first_or_the_one_asked_for() -> None:
    page = Page(render_report(protected(), PROVENANCE))
    articles = [attributes for tag, attributes in page.tags if tag == "article"]
    assert [article["lang"] for article in articles] == ["de", "en"]
    assert "Schutz einer Veröffentlichung" in page.text
    assert "Protection of a publication" in page.text
    english = Page(render_report(protected(), PROVENANCE, languages=("en",)))
    assert "Schutz einer Veröffentlichung" not in english.text
    assert [a["lang"] for tag, a in english.tags if tag == "article"] == ["en"]


def test_it_loads_nothing_runs_nothing_and_escapes_everything() -> None:
    text = render_report(protected(), PROVENANCE)
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "b"} & {tag for tag, _ in page.tags}
    assert not re.search(r"(src|href)=\"(?!#)", text)
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    assert HOSTILE in page.text  # as text, not as markup


def test_it_says_what_was_protected_and_how_to_get_it_again() -> None:
    summary = protected()
    assert summary.protection is not None
    text = Page(render_report(summary, PROVENANCE, languages=("en",))).text
    for wanted in (
        "Safe", "S1", str(summary.cells), str(summary.withheld), str(summary.protection.secondary),
        "counts from 1 to 4", "kim-protect suppress cells.csv --rounds 3", "1.2.3", "0" * 64, "region × sex",
        "Signature", "stays in the house",
    ):  # fmt: skip
        assert wanted in text, wanted


def test_a_proven_bound_says_which_cells_it_counts() -> None:
    page = render_report(protected(), PROVENANCE, languages=("de",))
    assert "neben den selbst zu schützenden" in page or "Bewiesene Untergrenze" not in page


def test_levels_of_each_dimension_add_up() -> None:
    summary = protected()
    for dimension in ("region", "sex"):
        counts = [count for count in summary.levels if count.dimension == dimension]
        assert sum(count.cells for count in counts) == summary.cells
        assert sum(count.withheld for count in counts) == summary.withheld
        assert summary.protection is not None
        assert sum(count.sensitive or 0 for count in counts) == summary.protection.sensitive


def test_tables_have_heads_and_names() -> None:
    page = Page(render_report(protected(), PROVENANCE))
    heads = [attributes for tag, attributes in page.tags if tag == "th"]
    assert heads
    assert all(head.get("scope") in {"col", "row"} for head in heads)
    tables = sum(tag == "table" for tag, _ in page.tags)
    assert tables == sum(tag == "caption" for tag, _ in page.tags)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert levels.count(1) == 2
    assert set(levels) == {1, 2}
    assert next(a for tag, a in page.tags if tag == "html")["lang"] == "de"


def test_no_value_of_a_withheld_cell_is_in_it() -> None:
    summary, counts = protected(), figures()
    outcome = protect_tables(TABLES, counts, rules=STRUCTURE.rules, costs=np.ones(len(TABLES)))
    secret = {str(value) for value in counts.values[outcome.withheld].tolist() if value > 1000}
    assert secret
    text = render_report(summary, PROVENANCE)
    assert not [value for value in secret if value in text.replace("\u00a0", "").replace(",", "")]


@pytest.mark.parametrize(
    ("hidden", "verdict", "word"),
    [
        ((("N1", "f"),), Verdict.UNSAFE, "must not appear"),
        ((("N1", "f"), ("N1", "m"), (HOSTILE, "f"), (HOSTILE, "m")), Verdict.SAFE, "Nobody outside"),
    ],
)
def test_the_verdict_of_an_audit(hidden: tuple[tuple[str, str], ...], verdict: Verdict, word: str) -> None:
    summary = audited(*hidden)
    assert summary.report.verdict is verdict
    text = Page(render_report(summary, replace(PROVENANCE, cells=None), languages=("en",))).text
    assert word in text
    assert ("is the sum of" in text) == (verdict is Verdict.UNSAFE)
    assert "did without the true values" in text
    assert "stays in the house" not in text
    assert f"{summary.report.verdict.value}".capitalize() in text


def test_an_open_question_is_never_called_safe() -> None:
    summary = protected()
    unknown = replace(summary, report=replace(summary.report, verdict=Verdict.UNKNOWN, undecided=(3,)))
    text = Page(render_report(unknown, PROVENANCE, languages=("en",))).text
    assert "Unknown" in text
    assert "Nobody outside can" not in text


def test_attackers_are_named_with_what_was_examined() -> None:
    alone = Page(render_report(protected(Level.S2), PROVENANCE, languages=("en",))).text
    assert re.search(r"Who is alone in a cell.*?yes \(\d+\)", alone, re.DOTALL)
    outside = Page(render_report(protected(), PROVENANCE, languages=("en",))).text
    assert not re.search(r"yes \(\d+\)", outside)
    assert "earlier vintages" in outside
    # Nobody examines what the choice of cells itself gives away: the report must not claim that.
    assert "the method. To" not in outside
    assert re.search(r"Who reads the method backwards.*?\bno\b", outside, re.DOTALL)


def test_every_rule_is_named() -> None:
    rules = Rules(
        min_contributors=3, dominance=Dominance(2, Fraction(85)), min_protection_percent=Fraction("12.5")
    )
    names = [name.en for name, _, _ in rules_in_words(rules, Kind.MAGNITUDE)]
    assert names == ["Minimum number of contributors", "(n,k) dominance", "p% rule", "Protection interval"]
    assert "12,5 %" in " ".join(meaning.de for _, _, meaning in rules_in_words(rules, Kind.MAGNITUDE))


def test_numbers_are_written_as_each_language_writes_them() -> None:
    assert (whole(1234567, "de"), whole(1234567, "en")) == ("1\u00a0234\u00a0567", "1,234,567")
    assert (share(1, 3, "de"), share(1, 3, "en"), share(0, 0, "en")) == ("33,3\u00a0%", "33.3%", "0.0%")


def test_colours_have_the_contrast_that_wcag_asks_for() -> None:
    """WCAG 2.1, 1.4.3: at least 4.5 to 1 against white and against the band behind figures."""
    style = resources.files("aggregation.protect.report").joinpath("data/report.css").read_text("utf-8")
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", style))
    for name in ("ink", "soft", "accent", "good", "bad", "open"):
        for ground in ("#ffffff", colours["band"]):
            assert _contrast(colours[name], ground) >= 4.5, (name, ground)


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
