"""What kim-verify reads in a release's file, for people and for programs."""

from __future__ import annotations

from functools import cache

import pytest

from protocol.errors import KimError
from protocol.observations import CellState
from protocol.regions import region_tree
from protocol.verify.anchors import Anchors
from protocol.verify.explaining import Explanation, Question, explain
from protocol.verify.trail import Trail
from tests.factories.logged_world import AREAS, PaperNetwork

HEAD = "INDICATOR,FREQ,TIME_PERIOD,REF_AREA,SEX,OBS_VALUE,LOWER,UPPER,OBS_STATUS,CONF_STATUS"
REGION = "NW051"


@cache
def release() -> tuple[bytes, Anchors]:
    network = PaperNetwork()
    for node in network.nodes:
        network.deliver(node)
    return network.publish().to_bytes(), network.anchors()


def explained(
    *rows: str, trail: Trail | None = None, head: str = HEAD, end: str = "\n", **codes: str
) -> Explanation:
    evidence, anchors = release()
    figures = end.join([head, *rows, ""]).encode()
    question = Question("CASES_OPEN", "2026-Q2", REGION, codes)
    return explain(trail or Trail(), evidence, anchors, question, figures=figures)


def refused(*rows: str, head: str = HEAD, **codes: str) -> str:
    with pytest.raises(KimError) as caught:
        explained(*rows, head=head, **codes)
    return caught.value.code


def row(
    measures: str,
    *,
    indicator: str = "CASES_OPEN",
    period: str = "2026-Q2",
    area: str = REGION,
    sex: str = "_T",
) -> str:
    return f"{indicator},Q,{period},{area},{sex},{measures}"


@pytest.mark.parametrize(
    ("measures", "german", "english"),
    [
        ("1234.0,,,A,F", "1234", "1234"),
        ("1200,,,A,F", "1200", "1200"),
        ("0.0,,,A,F", "0", "0"),
        ("12.50,,,A,F", "12.5", "12.5"),
        ("-3.0,,,A,F", "-3", "-3"),
        ("1e3,,,A,F", "1000", "1000"),
        (",46.0,52.0,Q,C", "zwischen 46 und 52", "between 46 and 52"),
        (",46.0,,Q,C", "mindestens 46", "at least 46"),
        (",,52.0,Q,C", "höchstens 52", "at most 52"),
        # The very words of the pages' legend and of codebook.csv.
        *(
            (f",,,{state.wire[0]},{state.wire[1]}", state.label.de, state.label.en)
            for state in CellState
            if not state.has_value
        ),
        (",,,Q,S", "vom Hub geheim gehalten", "withheld by the hub"),
        (",,,B,F", "kein Wert", "no value"),
    ],
)
def test_a_figure_for_people(measures: str, german: str, english: str) -> None:
    figure = explained(row(measures)).figure
    assert figure is not None
    assert (figure.text.de, figure.text.en) == (german, english)


def test_a_figure_for_programs() -> None:
    trail = Trail()
    rows = (row(",46.0,52.0,Q,C"), row("11.0,,,A,F", area=AREAS[1]))
    found = explained(*rows, trail=trail)
    whole = {
        "area": REGION,
        "value": None,
        "lower": "46.0",
        "upper": "52.0",
        "obs_status": "Q",
        "conf_status": "C",
    }
    part = {
        "area": AREAS[1],
        "value": "11.0",
        "lower": None,
        "upper": None,
        "obs_status": "A",
        "conf_status": "F",
    }
    assert (trail.facts["figure"], trail.facts["parts"]) == (whole, [part])
    assert found.figure is not None
    assert (found.figure.members, found.parts[AREAS[1]].members, list(found.parts)) == (
        whole,
        part,
        [AREAS[1]],
    )
    cited = trail.facts["cited"]
    assert isinstance(cited, list)
    assert [item["area"] for item in cited] == list(AREAS)
    evidence, anchors = release()
    trail = Trail()
    assert explain(trail, evidence, anchors, found.question).figure is None
    assert (trail.facts["figure"], trail.facts["parts"]) == (None, [])


def test_only_rows_of_the_question_are_read() -> None:
    """Rows of other indicators, periods, areas and codes stand in front, between and behind."""
    others = (
        row("1.0,,,A,F", indicator="CASES_NEW"),
        row("2.0,,,A,F", period="2026-Q1"),
        row("3.0,,,A,F", area="NW05911"),
        row("4.0,,,A,F", sex="F"),
    )
    found = explained(*others, row("7.0,,,A,F"), *others)
    assert (found.figure and found.figure.value, dict(found.parts)) == ("7.0", {})
    assert explained(row("7.0,,,A,F", sex="_Z")).figure is not None
    assert explained(row("7.0,,,A,F"), row("4.0,,,A,F", sex="F"), SEX="F").figure != found.figure
    assert refused(*others) == "not_found"


def test_lines_may_end_as_in_windows() -> None:
    found = explained(row("7.0,,,A,F"), end="\r\n")
    assert (found.figure and found.figure.confidential) == "F"


@pytest.mark.parametrize(
    ("head", "measures"),
    [
        ("", "7.0,,,A,F"),
        (HEAD.replace("INDICATOR", "X"), "7.0,,,A,F"),
        (HEAD.replace(",LOWER", ""), "7.0,,A,F"),
        (HEAD.replace(",CONF_STATUS", ""), "7.0,,,A"),
        (HEAD.replace("OBS_VALUE", "VALUE"), "7.0,,,A,F"),
        (HEAD, "7.0,,,A"),
        (HEAD, "seven,,,A,F"),
        (HEAD, "٧,,,A,F"),
        (HEAD, "7.0,,,a,F"),
        (HEAD, "7.0,,,A,\x1b[2J"),
        (HEAD, f"{'1' * 200_000},,,A,F"),
    ],
    ids=range(11),
)
def test_a_file_of_another_form_is_refused(head: str, measures: str) -> None:
    assert refused(row(measures), head=head) == "file_unreadable"


def test_further_columns_of_a_file_do_no_harm() -> None:
    assert explained(row("7.0,,,A,F,note"), head=f"{HEAD},NOTE").figure is not None


def test_the_deliveries_of_a_joint_authority_belong_to_its_areas() -> None:
    """What it decides is delivered for an aggregate, in place of its areas."""
    tree = region_tree()
    for region in ("NW05", *AREAS[:1], *list(tree.members)[:3]):
        own = tree.leaves_of(region)
        expected = [
            name for name, members in tree.members.items() if set(members) <= set(own) and name not in own
        ]
        leaves = Question("CASES_OPEN", "2026-Q2", region).leaves
        assert leaves == (*own, *expected)
        assert len(set(leaves)) == len(leaves)
    assert REGION in Question("CASES_OPEN", "2026-Q2", REGION).leaves
