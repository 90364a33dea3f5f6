"""Signs beside figures: what they mean is said in words, for an area's own series and within a total."""

from hub.services.statistics.marks import NO_MARKS, FigureMarks
from hub.web.notes import SIGNS
from hub.web.sections.flags import flags_of
from hub.web.wording import Wording

DE, EN = Wording("de"), Wording("en")


def test_no_marks_no_signs() -> None:
    assert flags_of(NO_MARKS, DE) == ()


def test_a_break_gives_its_reason_and_in_a_total_the_number_of_areas() -> None:
    own = flags_of(FigureMarks(breaks=("Neue Software",)), DE)
    assert [(flag.symbol, flag.label) for flag in own] == [("B", "Zeitreihenbruch: Neue Software")]
    one = flags_of(FigureMarks(breaks=("Neue Software",), broken_areas=1), DE)
    assert one[0].label == "Zeitreihenbruch in 1 Gebiet: Neue Software"
    two = flags_of(FigureMarks(breaks=("A", "A"), broken_areas=2), EN)
    assert two[0].label == "Break in the series of 2 areas: A"


def test_revisions_and_grants_are_told_apart() -> None:
    flags = flags_of(FigureMarks(revision=3, granted=True), EN)
    assert [flag.symbol for flag in flags] == ["r", "H"]
    assert flags[0].label == "revised (version 3)"
    assert "granting authority" in flags[1].label


def test_every_sign_is_in_the_legend_at_the_foot_of_every_page() -> None:
    marks = FigureMarks(breaks=("x",), revision=2, granted=True)
    assert {flag.symbol for flag in flags_of(marks, DE)} <= {sign.sign.de for sign in SIGNS}
